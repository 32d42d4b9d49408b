//! What is written beside each backup: what it is of, what it holds, and how to know that it is whole.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::error::Fault;

/// Version of the manifest's form; a program refuses one that is higher.
pub const FORMAT: u32 = 1;
/// Larger than any manifest.
const SIZE_MAX: u64 = 16 * 1024 * 1024;

/// The manifest of one backup: `<backup>.json` beside the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Name of the backup's file, without a folder.
    pub file: String,
    /// `postgres` or `sqlite`.
    pub database: String,
    /// Where the database was, without secrets: an absolute path, or `host:port/database`.
    pub place: String,
    /// The schema that was copied (PostgreSQL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Extensions that its tables need, each with the schema that it is in (PostgreSQL).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, String>,
    /// When the copy was begun; it shows the database as at one moment after.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// The schema's version; none before the first migration.
    pub schema_version: Option<i64>,
    /// Every version in the record, lowest first.
    pub versions: Vec<i64>,
    /// Rows of each table in the copy, the record's included.
    pub rows: BTreeMap<String, u64>,
    /// Size of the file in bytes.
    pub size: u64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// Version of this program.
    pub program: String,
    /// Versions of the tools by name: `server`, and `pg_dump` or `sqlite`.
    pub tools: BTreeMap<String, String>,
    /// Why it was made: `manual`, `before_migration`, `before_restore` or `scheduled`.
    pub reason: String,
    /// Whether the copy was restored into a scratch database and its rows counted (PostgreSQL), or checked
    /// page by page (SQLite).
    #[serde(alias = "proven")]
    pub verified: bool,
}

/// What tells the form of a manifest, whatever else is in it.
#[derive(Deserialize)]
struct Form {
    format: u32,
}

impl Manifest {
    /// Whether it is of what a restore replaced.
    #[must_use]
    pub fn is_save(&self) -> bool {
        self.reason == super::Reason::BeforeRestore.as_str()
    }

    /// Where the manifest of a backup is.
    #[must_use]
    pub fn path_of(backup: &Path) -> PathBuf {
        let mut name = backup.as_os_str().to_owned();
        name.push(".json");
        PathBuf::from(name)
    }

    /// Reads the manifest of a backup, and nothing of the backup itself.
    ///
    /// # Errors
    ///
    /// What is wrong with it: not there, not of this form, or of another file.
    pub fn of(backup: &Path) -> Result<Self, Fault> {
        let path = Self::path_of(backup);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = match std::fs::metadata(&path) {
            Ok(found) if found.len() > SIZE_MAX => {
                return Err(Fault::Manifest(format!("{name} is too large to be one")));
            }
            Ok(_) => std::fs::read_to_string(&path),
            Err(error) => Err(error),
        };
        let text = text.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Fault::NoManifest(name),
            _ => Fault::Manifest(error.to_string()),
        })?;
        let manifest = Self::parse(&text)?;
        let file = backup.file_name().unwrap_or_default().to_string_lossy();
        if manifest.file == file { Ok(manifest) } else { Err(Fault::OtherFile(manifest.file)) }
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let unreadable = |error: serde_json::Error| Fault::Manifest(error.to_string());
        let Form { format } = serde_json::from_str(text).map_err(unreadable)?;
        if format > FORMAT {
            return Err(Fault::Manifest(format!(
                "its form is {format}, and this program knows up to {FORMAT}; use the newer program that made it"
            )));
        }
        let manifest: Self = serde_json::from_str(text).map_err(unreadable)?;
        match manifest.contradiction() {
            None => Ok(manifest),
            Some(what) => Err(Fault::Manifest(what.to_owned())),
        }
    }

    fn contradiction(&self) -> Option<&'static str> {
        let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let bare = Path::new(&self.file).file_name().is_some_and(|name| name == self.file.as_str());
        if self.format == 0 {
            Some("its form is 0, which there is not")
        } else if !bare {
            Some("file is not the name of a file")
        } else if !matches!(self.database.as_str(), "postgres" | "sqlite") {
            Some("database is neither postgres nor sqlite")
        } else if self.place.is_empty() {
            Some("place is empty")
        } else if self.sha256.len() != 64 || !self.sha256.chars().all(is_digit) {
            Some("sha256 is not 64 hexadecimal digits")
        } else if self.size == 0 {
            Some("size is 0")
        } else if !self.versions.is_sorted_by(|a, b| a < b)
            || self.schema_version.is_some_and(|head| !self.versions.contains(&head))
        {
            Some("versions are not ascending, or schema_version is not among them")
        } else {
            None
        }
    }

    /// Its text, as it is written.
    pub(super) fn text(&self) -> Result<String, Fault> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n").map_err(|error| Fault::Manifest(error.to_string()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use rstest::rstest;
    use time::macros::datetime;

    use super::*;

    /// A manifest that nothing is wrong with.
    pub(crate) fn sound(file: &str) -> Manifest {
        Manifest {
            format: FORMAT,
            file: file.to_owned(),
            database: "sqlite".to_owned(),
            place: "/var/lib/tasks.db".to_owned(),
            schema: None,
            extensions: BTreeMap::new(),
            created_at: datetime!(2026-11-21 11:02:03.000004 UTC),
            schema_version: Some(20_261_121_090_300),
            versions: vec![20_261_121_090_000, 20_261_121_090_300],
            rows: BTreeMap::from([("tasks".to_owned(), 3)]),
            size: 4096,
            sha256: "0f".repeat(32),
            program: "0.1.0".to_owned(),
            tools: BTreeMap::from([("sqlite".to_owned(), "3.50.2".to_owned())]),
            reason: "manual".to_owned(),
            verified: true,
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let manifest = sound("a.db");
        assert_eq!(Manifest::parse(&manifest.text().expect("a text")), Ok(manifest));
    }

    #[rstest]
    #[case("", "EOF")]
    #[case("{}", "missing field `format`")]
    #[case(r#"{"format": 1}"#, "missing field")]
    #[case(r#"{"format": 2, "anything": true}"#, "use the newer program")]
    fn refuses_what_is_none(#[case] text: &str, #[case] words: &str) {
        let fault = Manifest::parse(text).expect_err(text).to_string();
        assert!(fault.contains(words), "{fault}");
    }

    #[rstest]
    #[case("format", serde_json::json!(0))]
    #[case("file", serde_json::json!("../a.db"))]
    #[case("file", serde_json::json!(""))]
    #[case("database", serde_json::json!("mysql"))]
    #[case("place", serde_json::json!(""))]
    #[case("created_at", serde_json::json!("yesterday"))]
    #[case("sha256", serde_json::json!("0F".repeat(32)))]
    #[case("sha256", serde_json::json!("0f"))]
    #[case("size", serde_json::json!(0))]
    #[case("size", serde_json::json!(-1))]
    #[case("versions", serde_json::json!([2, 1]))]
    #[case("schema_version", serde_json::json!(7))]
    #[case("rows", serde_json::json!({"tasks": -1}))]
    fn refuses_what_contradicts_itself(#[case] field: &str, #[case] value: serde_json::Value) {
        let mut document = serde_json::to_value(sound("a.db")).expect("a document");
        document[field] = value;
        let fault = Manifest::parse(&document.to_string()).expect_err(field);
        assert!(matches!(fault, Fault::Manifest(_)), "{fault}");
    }
}
