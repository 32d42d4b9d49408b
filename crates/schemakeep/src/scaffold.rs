//! Makes the four files of each new migration.
//!
//! Touches files only; knows no database.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time};

use super::files::{self, Direction, FileName};
use super::{Dialect, MigrateError};

/// The folders below the one that holds all migrations.
const FOLDERS: [(&str, Dialect); 2] =
    [("postgres", Dialect::Postgres), ("sqlite", Dialect::Sqlite)];

/// A migration whose files are not there yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewMigration {
    pub version: i64,
    /// What it does, in snake case.
    pub name: String,
    /// Up and down for PostgreSQL, then for SQLite.
    pub files: Vec<NewFile>,
}

/// A file that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewFile {
    pub path: PathBuf,
    /// What will be in it.
    pub text: String,
}

/// Makes `VERSION_NAME.{up,down}.sql` in both folders, with templates to be filled, and returns their paths.
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
    let name = migration_name(name)?;
    let template = |_: usize, _: Dialect, direction| match direction {
        Direction::Up => up_template(&name),
        Direction::Down => down_template(&name),
    };
    write(&lay_out(folder, &[&name], template, now)?)
}

/// A name as file names have it: lower case, with one `_` where there was something else than letters and digits.
///
/// # Errors
///
/// [`MigrateError::Files`]: what is left is no verb and object.
pub fn migration_name(text: &str) -> Result<String, MigrateError> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_");
    match FileName::parse(&format!("20300101000000_{name}.up.sql")) {
        Ok(_) => Ok(name),
        Err(rule) => {
            Err(MigrateError::Files(format!("{name:?} cannot be a migration's name: {rule}")))
        }
    }
}

/// Says where the files of these migrations belong. The first version is the present moment, or one second after the
/// newest migration where that is later; the others follow a second apart. `text` is asked by the number of the
/// migration.
///
/// # Errors
///
/// [`MigrateError::Files`]: a folder breaks a rule.
pub fn lay_out(
    folder: &Path,
    names: &[&str],
    text: impl Fn(usize, Dialect, Direction) -> String,
    now: OffsetDateTime,
) -> Result<Vec<NewMigration>, MigrateError> {
    let mut newest = None;
    for (dialect, _) in FOLDERS {
        let pairs = files::read_folder(&folder.join(dialect)).map_err(MigrateError::files)?;
        newest = newest.max(pairs.last().map(|pair| pair.version));
    }
    let mut laid_out = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let version = next_version(newest, now);
        newest = Some(version);
        let mut files = Vec::new();
        for (below, dialect) in FOLDERS {
            for direction in [Direction::Up, Direction::Down] {
                let file = format!("{version}_{name}.{}.sql", direction.as_str());
                let path = folder.join(below).join(file);
                files.push(NewFile { path, text: text(at, dialect, direction) });
            }
        }
        laid_out.push(NewMigration { version, name: (*name).to_owned(), files });
    }
    Ok(laid_out)
}

/// Writes the files, none of which may be there, and returns their paths.
///
/// # Errors
///
/// [`MigrateError::Files`]: one cannot be written; what was written before is removed again.
pub fn write(migrations: &[NewMigration]) -> Result<Vec<PathBuf>, MigrateError> {
    let mut written = Vec::new();
    for file in migrations.iter().flat_map(|migration| &migration.files) {
        if let Err(error) = write_new(&file.path, &file.text) {
            remove(&written);
            return Err(MigrateError::Files(format!("{}: {error}", file.path.display())));
        }
        written.push(file.path.clone());
    }
    Ok(written)
}

/// Takes written files away again.
pub fn remove(written: &[PathBuf]) {
    for path in written {
        // What cannot be removed is named by the next command that reads the folder.
        let _ = fs::remove_file(path);
    }
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
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
        for (dialect, _) in FOLDERS {
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

    #[test]
    fn several_follow_a_second_apart_and_are_written_all_or_none() {
        let folder = tempfile::tempdir().expect("a folder");
        for (dialect, _) in FOLDERS {
            fs::create_dir(folder.path().join(dialect)).expect("a folder");
        }
        let now = datetime!(2026-11-21 23:59:59 UTC);
        let text = |at: usize, dialect: Dialect, direction: Direction| {
            format!("-- {at} {} {}\n", dialect.name(), direction.as_str())
        };
        let three = lay_out(folder.path(), &["add_a", "add_b", "add_c"], text, now).expect("three");
        let versions: Vec<_> = three.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, [20_261_121_235_959, 20_261_122_000_000, 20_261_122_000_001]);
        assert_eq!(three[1].files[3].text, "-- 1 SQLite down\n");
        let taken = &three[2].files[2].path;
        fs::write(taken, "somebody's").expect("a file");
        let error = write(&three).expect_err("one is there").to_string();
        assert!(error.contains("20261122000001_add_c.up.sql"), "{error}");
        let left: Vec<_> = FOLDERS
            .iter()
            .flat_map(|(below, _)| fs::read_dir(folder.path().join(below)).expect("a folder"))
            .map(|entry| entry.expect("an entry").path())
            .collect();
        assert_eq!(left, std::slice::from_ref(taken));
        fs::remove_file(taken).expect("ours");
        let written = write(&three).expect("twelve files");
        assert_eq!(written.len(), 12);
        remove(&written);
        assert!(written.iter().all(|path| !path.exists()));
    }
}
