//! Makes the four files of a new migration.
//!
//! Touches files only; knows no database.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time};

use super::MigrateError;
use super::files::{self, FileName};

/// The folders below the one that holds all migrations.
const FOLDERS: [&str; 2] = ["postgres", "sqlite"];

/// Makes `VERSION_NAME.{up,down}.sql` in both folders and returns their paths. The version is the present
/// moment, or one second after the newest migration where that is later.
///
/// # Errors
///
/// [`MigrateError::Files`]: the name or a folder is not fit, or a file cannot be written; what was
/// written before is removed again.
pub fn create(
    folder: &Path,
    name: &str,
    now: OffsetDateTime,
) -> Result<Vec<PathBuf>, MigrateError> {
    let name = snake_case(name);
    let mut newest = None;
    for dialect in FOLDERS {
        let pairs = files::read_folder(&folder.join(dialect)).map_err(MigrateError::files)?;
        newest = newest.max(pairs.last().map(|pair| pair.version));
    }
    let version = next_version(newest, now);
    let stem = format!("{version}_{name}");
    FileName::parse(&format!("{stem}.up.sql")).map_err(|rule| {
        MigrateError::Files(format!("{name:?} cannot be a migration's name: {rule}"))
    })?;

    let mut written = Vec::new();
    for dialect in FOLDERS {
        for (way, text) in [("up", up_template(&name)), ("down", down_template(&name))] {
            let path = folder.join(dialect).join(format!("{stem}.{way}.sql"));
            if let Err(error) = write_new(&path, &text) {
                for path in &written {
                    // What cannot be removed is named by the next command that reads the folder.
                    let _ = fs::remove_file(path);
                }
                return Err(MigrateError::Files(format!("{}: {error}", path.display())));
            }
            written.push(path);
        }
    }
    Ok(written)
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

/// Lower case, with one `_` where there was something else than letters and digits.
fn snake_case(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_")
}

fn up_template(name: &str) -> String {
    let what = name.replace('_', " ");
    format!(
        "-- compat: additive\n\
         -- {what}: one concern. Write \"breaking\" above if the release before this one cannot serve the\n\
         -- schema after it.\n"
    )
}

fn down_template(name: &str) -> String {
    let what = name.replace('_', " ");
    format!(
        "-- Undoes: {what}. If that cannot be, say why in a line of the form: irreversible, colon, why.\n"
    )
}

fn next_version(newest: Option<i64>, now: OffsetDateTime) -> i64 {
    let now = number(PrimitiveDateTime::new(now.date(), now.time()));
    match newest {
        Some(newest) if newest >= now => after(newest),
        _ => now,
    }
}

/// The version one second later; the versions of a checked folder are real moments.
fn after(version: i64) -> i64 {
    moment(version).map_or(version + 1, |at| number(at + Duration::SECOND))
}

fn moment(version: i64) -> Option<PrimitiveDateTime> {
    let part = |divisor: i64| u8::try_from(version / divisor % 100).ok();
    let year = i32::try_from(version / 10_000_000_000).ok()?;
    let month = Month::try_from(part(100_000_000)?).ok()?;
    let date = Date::from_calendar_date(year, month, part(1_000_000)?).ok()?;
    let time = Time::from_hms(part(10_000)?, part(100)?, part(1)?).ok()?;
    Some(PrimitiveDateTime::new(date, time))
}

fn number(at: PrimitiveDateTime) -> i64 {
    let fields = [u8::from(at.month()), at.day(), at.hour(), at.minute(), at.second()];
    fields.iter().fold(i64::from(at.year()), |sum, field| sum * 100 + i64::from(*field))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn versions_rise_even_where_the_clock_does_not() {
        let now = datetime!(2026-11-21 09:00:00 UTC);
        assert_eq!(next_version(None, now), 20_261_121_090_000);
        assert_eq!(next_version(Some(20_261_121_085_959), now), 20_261_121_090_000);
        assert_eq!(next_version(Some(20_261_121_090_000), now), 20_261_121_090_001);
        assert_eq!(next_version(Some(20_271_231_235_959), now), 20_280_101_000_000);
    }

    #[test]
    fn writes_four_files_that_pass_the_rules_once_filled() {
        let folder = tempfile::tempdir().expect("a folder");
        for dialect in FOLDERS {
            fs::create_dir(folder.path().join(dialect)).expect("a folder");
        }
        let now = datetime!(2026-11-21 09:00:00 UTC);
        let first = create(folder.path(), "Add labels to tasks", now).expect("four files");
        assert_eq!(first.len(), 4);
        assert!(
            first[0].ends_with("postgres/20261121090000_add_labels_to_tasks.up.sql"),
            "{first:?}"
        );
        let second = create(folder.path(), "drop-labels", now).expect("four more");
        assert!(second[3].ends_with("sqlite/20261121090001_drop_labels.down.sql"), "{second:?}");
        let pairs = files::read_folder(&folder.path().join("sqlite")).expect("pairs");
        assert_eq!(pairs.len(), 2);
        for name in ["labels", "", "é"] {
            assert!(create(folder.path(), name, now).is_err(), "{name:?}");
        }
    }
}
