//! `sqlite:` URLs: a path, and at most a `mode`.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// An SQLite database file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteTarget {
    /// Where the file is; a relative path is taken from the working directory.
    pub path: PathBuf,
    pub mode: SqliteMode,
}

/// How an SQLite file is opened: `mode` of <https://www.sqlite.org/uri.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqliteMode {
    /// `ro`: no writes.
    ReadOnly,
    /// `rw`: the file must be there.
    ReadWrite,
    /// `rwc`, the default: made when it is not there.
    Create,
}

/// What must be encoded for a path to read back as it was.
const PATH: &AsciiSet = &CONTROLS.add(b'%').add(b'?');

const MEMORY: &str = "must name a file, got a database in memory: several connections read beside \
                      the one that writes, and memory is not shared between them";

/// Reads what follows `sqlite:`.
pub(super) fn parse(rest: &str) -> Result<SqliteTarget, String> {
    let (place, query) =
        rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    let mode = mode(query.unwrap_or_default())?;
    let decoded = percent_decode_str(file_part(place))
        .decode_utf8()
        .map_err(|_| "must name a file whose decoded path is UTF-8".to_owned())?;
    if decoded.is_empty() || decoded == "/" || decoded.ends_with(":memory:") {
        return Err(MEMORY.to_owned());
    }
    if decoded.contains('\0') {
        return Err("must name a file whose path has no NUL".to_owned());
    }
    if decoded.trim_start_matches('/').starts_with("file:") {
        return Err("must name the file itself: file: URIs are not taken".to_owned());
    }
    if decoded.ends_with('/') {
        return Err("must name a file, got a directory".to_owned());
    }
    Ok(SqliteTarget { path: PathBuf::from(&*decoded), mode })
}

/// The path in what follows `sqlite:`. Three slashes begin an absolute path, or one relative to
/// `.` or `..` as `SQLAlchemy` writes it; four an absolute one; two or none a relative one.
fn file_part(place: &str) -> &str {
    let Some(after) = place.strip_prefix("//") else { return place };
    match after.strip_prefix('/') {
        Some(relative) if relative.starts_with("./") || relative.starts_with("../") => relative,
        Some(absolute) if absolute.starts_with('/') => {
            // All but one of the leading slashes say nothing.
            &place[place.len() - absolute.trim_start_matches('/').len() - 1..]
        }
        _ => after,
    }
}

fn mode(query: &str) -> Result<SqliteMode, String> {
    let words = "must have no other parameter than mode=ro, mode=rw or mode=rwc";
    match query {
        "" | "mode=rwc" => Ok(SqliteMode::Create),
        "mode=rw" => Ok(SqliteMode::ReadWrite),
        "mode=ro" => Ok(SqliteMode::ReadOnly),
        "mode=memory" => Err(MEMORY.to_owned()),
        _ => Err(words.to_owned()),
    }
}

/// Writes the URL in the one spelling that is not open to doubt.
impl fmt::Display for SqliteTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.to_string_lossy();
        let mode = match self.mode {
            SqliteMode::ReadOnly => "?mode=ro",
            SqliteMode::ReadWrite => "?mode=rw",
            SqliteMode::Create => "",
        };
        // Three slashes and a dot would be read as a relative path.
        let dotted = path.starts_with("/./") || path.starts_with("/../");
        let slash = if dotted { "/" } else { "" };
        write!(f, "sqlite://{slash}{}{mode}", utf8_percent_encode(&path, PATH))
    }
}
