//! Lint of files that are named one by one, wherever they are: those before each in its own folder say what is
//! there already.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::registry::DOWN_DOES_NOT_UNDO;
use super::{Finding, lint};
use crate::{Dialect, MigrationSet};
use schemakeep_files::files::{FileName, Pair, check_text};

/// Later than every real one: a file whose name says no version comes after all others.
const UNVERSIONED: i64 = i64::MAX;

/// Lints the migrations that these files belong to, the other file of each included. The dialect is that of the
/// folder's name (`postgres`, `sqlite`) unless it is given.
///
/// # Errors
///
/// Names the file and what is wrong with it: it cannot be read, is no `.up.sql` or `.down.sql`, its dialect is not
/// known, or a directive is wrong.
pub fn lint_files(
    paths: &[PathBuf],
    dialect: Option<Dialect>,
) -> Result<Vec<(PathBuf, Finding)>, String> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for path in paths {
        let one = One::of(path, dialect)?;
        if seen.insert((one.folder.clone(), one.stem.clone())) {
            findings.extend(one.lint()?);
        }
    }
    Ok(findings)
}

/// One migration on disk.
struct One {
    folder: PathBuf,
    /// The name without `.up.sql`.
    stem: String,
    dialect: Dialect,
}

impl One {
    fn of(path: &Path, dialect: Option<Dialect>) -> Result<Self, String> {
        let shown = path.display();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = name.strip_suffix(".up.sql").or_else(|| name.strip_suffix(".down.sql"));
        let Some(stem) = stem.filter(|stem| !stem.is_empty()) else {
            return Err(format!("{shown}: its name must end in .up.sql or .down.sql"));
        };
        // Also read when the other file is meant: what is named must be there.
        text(path)?;
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let said =
            fs::canonicalize(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        let said = said.ok().and_then(|folder| Some(folder.file_name()?.to_str()?.to_owned()));
        let of_folder = match said.as_deref() {
            Some("postgres") => Some(Dialect::Postgres),
            Some("sqlite") => Some(Dialect::Sqlite),
            _ => None,
        };
        let Some(dialect) = dialect.or(of_folder) else {
            return Err(format!(
                "{shown}: its folder is neither postgres nor sqlite; say --dialect postgres or --dialect sqlite"
            ));
        };
        Ok(Self { folder: folder.to_owned(), stem: stem.to_owned(), dialect })
    }

    fn path(&self, direction: &str) -> PathBuf {
        self.folder.join(format!("{}.{direction}.sql", self.stem))
    }

    fn lint(&self) -> Result<Vec<(PathBuf, Finding)>, String> {
        let (up, down) = (self.path("up"), self.path("down"));
        let version = version_of(&self.stem);
        let has_down = down.exists();
        let mut pairs = self.before(version)?;
        pairs.push(Pair {
            version,
            name: self.stem.clone(),
            up: if up.exists() { text(&up)? } else { String::new() },
            down: if has_down { text(&down)? } else { String::new() },
        });
        let set = MigrationSet::from_pairs(pairs, &[]);
        let set = set.map_err(|error| format!("{}: {error}", up.display()))?;
        let down_name = set.get(version).map(crate::Migration::down_file);
        let found = lint(&set, self.dialect, |other| other == version);
        // Without a down file nothing was promised.
        let found = found.into_iter().filter(|it| has_down || it.rule != DOWN_DOES_NOT_UNDO.name);
        let placed = found.map(|finding| {
            let is_down = Some(&finding.file) == down_name.as_ref();
            let path = if is_down { &down } else { &up };
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (path.clone(), Finding { file, ..finding })
        });
        Ok(placed.collect())
    }

    /// The up files of the same folder with a lower version.
    fn before(&self, version: i64) -> Result<Vec<Pair>, String> {
        let folder = if self.folder.as_os_str().is_empty() { Path::new(".") } else { &self.folder };
        let cannot = |error| format!("{}: cannot be read: {error}", folder.display());
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(cannot)? {
            names.push(entry.map_err(cannot)?.file_name().to_string_lossy().into_owned());
        }
        let stems = names.iter().filter_map(|name| name.strip_suffix(".up.sql"));
        let mut stems: Vec<_> = stems
            .filter(|stem| version_of(stem) < version)
            .map(|stem| (version_of(stem), stem))
            .collect();
        stems.sort_unstable();
        let pairs = stems.into_iter().map(|(version, stem)| {
            let up = text(&folder.join(format!("{stem}.up.sql")))?;
            Ok(Pair { version, name: stem.to_owned(), up, down: String::new() })
        });
        pairs.collect()
    }
}

fn version_of(stem: &str) -> i64 {
    FileName::parse(&format!("{stem}.up.sql")).map_or(UNVERSIONED, |name| name.version)
}

fn text(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let bytes = fs::read(path).map_err(|error| format!("{shown}: cannot be read: {error}"))?;
    check_text(bytes).map_err(|rule| format!("{shown}: {rule}"))
}
