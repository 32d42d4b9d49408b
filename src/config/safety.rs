//! What keeps a migration from doing harm: which tables it may not thin out, and where the backups are.

use std::fmt;
use std::path::{Path, PathBuf};

use super::problem::quoted;
use super::source::{Reader, Refused};
use super::{DatabaseTarget, DatabaseUrl, duration, value, variable as v};

/// Name of the folder for backups where none is set.
const FOLDER: &str = "backups";

/// Whether a backup is made before a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupMode {
    /// Where one can be made: always on SQLite; on PostgreSQL with `BACKUP_DIR` and a `pg_dump` that fits.
    Auto,
    /// No migration without one.
    Required,
    /// None.
    Off,
}

impl BackupMode {
    const ALL: [Self; 3] = [Self::Auto, Self::Required, Self::Off];

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Required => "required",
            Self::Off => "off",
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        value::one_of(Self::ALL, text)
    }
}

impl fmt::Display for BackupMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What keeps a migration from doing harm.
#[derive(Clone, Debug)]
pub struct SafetyConfig {
    /// Tables that no migration may drop, empty or leave with fewer rows; without a schema's name.
    pub protected_tables: Vec<String>,
    /// Whether a backup is made before a migration.
    pub migrate_backup: BackupMode,
    /// Where the backups are, when that was set.
    pub backup_dir: Option<PathBuf>,
    /// How many valid backups stay, 1 to 1000.
    pub backup_keep: usize,
    /// An empty database, or a server's, on which a migration may be tried first.
    pub rehearsal_database_url: Option<DatabaseUrl>,
}

impl SafetyConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Refused> {
        let protected_tables = reader.value(&v::PROTECTED_TABLES, tables);
        let migrate_backup = reader.value(&v::MIGRATE_BACKUP, BackupMode::parse);
        let backup_dir = reader.optional(&v::BACKUP_DIR, None, folder);
        let backup_keep = reader.value(&v::BACKUP_KEEP, |text| value::number(text, 1..=1000));
        let rehearsal_database_url = reader.optional(
            &v::REHEARSAL_DATABASE_URL,
            Some(&v::REHEARSAL_DATABASE_URL_FILE),
            DatabaseUrl::parse,
        );
        Ok(Self {
            protected_tables: protected_tables?,
            migrate_backup: migrate_backup?,
            backup_dir: backup_dir?,
            backup_keep: backup_keep?,
            rehearsal_database_url: rehearsal_database_url?,
        })
    }

    /// The folder for backups of a database: `BACKUP_DIR`, else `backups` beside an SQLite file, else
    /// `backups` in the working folder.
    #[must_use]
    pub fn backup_folder(&self, url: &DatabaseUrl) -> PathBuf {
        if let Some(folder) = &self.backup_dir {
            return folder.clone();
        }
        match url.target() {
            DatabaseTarget::Sqlite(file) => {
                file.path.parent().unwrap_or(Path::new("")).join(FOLDER)
            }
            DatabaseTarget::Postgres(_) => PathBuf::from(FOLDER),
        }
    }

    pub(super) fn tables_shown(&self) -> String {
        if self.protected_tables.is_empty() {
            "none".to_owned()
        } else {
            self.protected_tables.join(",")
        }
    }

    pub(super) fn folder_shown(&self, url: &DatabaseUrl) -> String {
        self.backup_folder(url).display().to_string()
    }

    pub(super) fn rehearsal_shown(&self) -> String {
        let shown = self.rehearsal_database_url.as_ref().map(ToString::to_string);
        shown.unwrap_or_else(|| "none".to_owned())
    }
}

/// Reads a comma list of tables; `none` is none.
fn tables(text: &str) -> Result<Vec<String>, String> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    let good = |name: &String| {
        (1..=63).contains(&name.len())
            && !name.chars().any(|c| c.is_control() || "\"'.;:/@".contains(c))
    };
    if names.iter().all(good) {
        return Ok(names);
    }
    Err(format!(
        "must be a comma list of table names without their schema, or none, got {}",
        quoted(text)
    ))
}

fn folder(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() || text.contains('\0') || text.contains("://") {
        return Err(format!("must be the path of a folder, got {}", quoted(text)));
    }
    Ok(PathBuf::from(text))
}

/// Reads how often something is done: a minute to 31 days.
///
/// # Errors
///
/// One clause that says what is allowed and what came.
pub fn interval(text: &str) -> Result<std::time::Duration, String> {
    let minute = std::time::Duration::from_mins(1);
    duration::between(minute, 31 * super::DAY)(text)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("tasks", Some(&["tasks"] as &[_]))]
    #[case("tasks, users", Some(&["tasks", "users"] as &[_]))]
    #[case("none", Some(&[] as &[_]))]
    #[case("tasks,", None)]
    #[case("public.tasks", None)]
    #[case("ta\"sks", None)]
    #[case("", None)]
    fn reads_protected_tables(#[case] text: &str, #[case] expected: Option<&[&str]>) {
        let expected = expected.map(|names| names.iter().map(ToString::to_string).collect());
        assert_eq!(tables(text).ok(), expected);
    }

    #[rstest]
    #[case("auto", true)]
    #[case("required", true)]
    #[case("off", true)]
    #[case("on", false)]
    fn reads_backup_modes(#[case] text: &str, #[case] valid: bool) {
        assert_eq!(BackupMode::parse(text).is_ok(), valid);
    }

    #[test]
    fn backups_lie_beside_a_file_unless_a_folder_is_set() {
        let safety = |backup_dir: Option<&str>| SafetyConfig {
            protected_tables: Vec::new(),
            migrate_backup: BackupMode::Auto,
            backup_dir: backup_dir.map(PathBuf::from),
            backup_keep: 5,
            rehearsal_database_url: None,
        };
        let url = |text| DatabaseUrl::parse(text).expect("a URL");
        let file = url("sqlite:///var/lib/tasks.db");
        assert_eq!(safety(None).backup_folder(&file), PathBuf::from("/var/lib/backups"));
        assert_eq!(safety(None).backup_folder(&url("sqlite:tasks.db")), PathBuf::from("backups"));
        assert_eq!(safety(Some("/b")).backup_folder(&file), PathBuf::from("/b"));
        assert_eq!(safety(None).backup_folder(&url("postgres://h/d")), PathBuf::from("backups"));
    }
}
