//! The archive that `pg_dump` made, read through `pg_restore`: its list, and its script in parts.
//!
//! The script is fed to a connection of ours and not to `psql`: so the transaction around it is committed by
//! this program or not at all, whatever becomes of the tool.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::super::RestoreError;
use schemakeep_db::connection::Session;

/// How much is sent at a time, in bytes.
const CHUNK_BYTES: usize = 256 * 1024;
/// How much of a tool's words an error shows, in characters.
const SHOWN_LINE_CHARACTERS: usize = 400;
/// Settings of the script that are ours to make. Some are not known to older servers.
const OURS: [&str; 4] = [
    "SET statement_timeout =",
    "SET lock_timeout =",
    "SET idle_in_transaction_session_timeout =",
    "SET transaction_timeout =",
];

/// An archive, and the tool that reads it.
#[derive(Debug)]
pub(super) struct Archive {
    program: PathBuf,
    path: PathBuf,
    entries: Vec<Entry>,
}

/// A line of the archive's list: `220; 1259 16410 TABLE public tasks owner`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    line: String,
    kind: Kind,
    /// The schema of a table.
    schema: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Tables, data, indexes and all that goes with them.
    Content,
    /// Rights that were given to roles.
    Rights,
    /// The schema itself, extensions, and what is said about them: they are never replaced.
    Frame,
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let (id, rest) = line.split_once("; ")?;
        id.parse::<u32>().ok()?;
        let mut words = rest.splitn(3, ' ');
        let (_, _, what) = (words.next()?, words.next()?, words.next()?);
        let framed = ["SCHEMA ", "EXTENSION ", "COMMENT - ", "ACL - ", "DATABASE", "BLOB"];
        let kind = if framed.iter().any(|frame| what.starts_with(frame)) {
            Kind::Frame
        } else if ["ACL ", "DEFAULT ACL "].iter().any(|right| what.starts_with(right)) {
            Kind::Rights
        } else {
            Kind::Content
        };
        let others = |rest: &&str| !rest.starts_with("DATA ") && !rest.starts_with("ATTACH ");
        let table = what.strip_prefix("TABLE ").filter(others);
        let schema = table.and_then(|rest| rest.split(' ').next()).map(ToOwned::to_owned);
        Some(Self { line: line.to_owned(), kind, schema })
    }
}

impl Archive {
    /// Reads the list of an archive.
    pub(super) async fn open(program: &Path, path: &Path) -> Result<Self, RestoreError> {
        let listing = Command::new(program)
            .arg("--list")
            .arg(path)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| tool_failed(&error.to_string()))?;
        if !listing.status.success() {
            return Err(tool_failed(&String::from_utf8_lossy(&listing.stderr)));
        }
        let entries = String::from_utf8_lossy(&listing.stdout);
        let entries = entries.lines().filter_map(Entry::parse).collect();
        Ok(Self { program: program.to_owned(), path: path.to_owned(), entries })
    }

    /// The schema that its tables are in.
    pub(super) fn schema(&self) -> Option<&str> {
        self.entries.iter().find_map(|entry| entry.schema.as_deref())
    }

    /// One part of the script: `pre-data`, `data` or `post-data`.
    pub(super) fn section(&self, section: &str) -> Result<Script, RestoreError> {
        self.script(Kind::Content, &["--no-privileges", &format!("--section={section}")])
    }

    /// The statements that give rights to roles, one a line.
    pub(super) fn rights(&self) -> Result<Script, RestoreError> {
        self.script(Kind::Rights, &[])
    }

    fn script(&self, kind: Kind, arguments: &[&str]) -> Result<Script, RestoreError> {
        let listing = |error: std::io::Error| tool_failed(&error.to_string());
        let mut list = NamedTempFile::new().map_err(listing)?;
        for entry in self.entries.iter().filter(|entry| entry.kind == kind) {
            writeln!(list, "{}", entry.line).map_err(listing)?;
        }
        let mut child = Command::new(&self.program)
            .args(["--file=-", "--no-owner", "--no-tablespaces", "--no-security-labels"])
            .args(["--no-publications", "--no-subscriptions"])
            .args(arguments)
            .arg("--use-list")
            .arg(list.path())
            .arg(&self.path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(listing)?;
        let no_pipe = || tool_failed("its output cannot be read");
        let out = BufReader::with_capacity(CHUNK_BYTES, child.stdout.take().ok_or_else(no_pipe)?);
        let mut stderr = child.stderr.take().ok_or_else(no_pipe)?;
        // Read beside the script: a full pipe would stop the tool.
        let said = tokio::spawn(async move {
            let mut said = Vec::new();
            let _ = stderr.read_to_end(&mut said).await;
            String::from_utf8_lossy(&said).into_owned()
        });
        Ok(Script { child, out, said, _list: list })
    }
}

/// A script that the tool is writing.
#[derive(Debug)]
pub(super) struct Script {
    child: Child,
    out: BufReader<ChildStdout>,
    said: JoinHandle<String>,
    /// There for as long as the tool may read it.
    _list: NamedTempFile,
}

impl Script {
    /// The whole text, without what is for `psql` alone and the settings that are ours.
    pub(super) async fn text(mut self) -> Result<String, RestoreError> {
        let mut text = Vec::new();
        let read = self.out.read_to_end(&mut text).await;
        read.map_err(|error| tool_failed(&error.to_string()))?;
        self.end().await?;
        let text = String::from_utf8(text).map_err(|error| tool_failed(&error.to_string()))?;
        Ok(ours(&text))
    }

    /// Feeds the part with the data to a connection, row by row as the tool writes it.
    pub(super) async fn copy_into(
        mut self,
        session: &mut Session,
        stop: &CancellationToken,
    ) -> Result<(), RestoreError> {
        let (mut line, mut statements) = (Vec::new(), String::new());
        while self.line(&mut line).await? {
            let text = String::from_utf8_lossy(&line);
            let copy =
                text.strip_prefix("COPY ").and_then(|rest| rest.strip_suffix(" FROM stdin;\n"));
            if let Some(what) = copy {
                run(session, &ours(&std::mem::take(&mut statements))).await?;
                let table = what.split(" (").next().unwrap_or(what);
                tracing::info!(table, "loading a table");
                self.copy(session, &format!("COPY {what} FROM stdin"), stop).await?;
            } else {
                statements.push_str(&text);
            }
        }
        run(session, &ours(&statements)).await?;
        self.end().await
    }

    async fn copy(
        &mut self,
        session: &mut Session,
        statement: &str,
        stop: &CancellationToken,
    ) -> Result<(), RestoreError> {
        let Session::Postgres(connection) = session else {
            return Err(tool_failed("its data is not for this database"));
        };
        let loading = || RestoreError::database("loading a table");
        let mut copy = connection.copy_in_raw(statement).await.map_err(loading())?;
        let (mut line, mut chunk) = (Vec::new(), Vec::with_capacity(CHUNK_BYTES));
        loop {
            if stop.is_cancelled() {
                return Err(RestoreError::Stopped);
            }
            if !self.line(&mut line).await? {
                return Err(tool_failed("its script ends in the middle of a table"));
            }
            let ended = line == b"\\.\n";
            if !ended {
                chunk.extend_from_slice(&line);
            }
            if ended || chunk.len() >= CHUNK_BYTES {
                copy.send(chunk.as_slice()).await.map_err(loading())?;
                chunk.clear();
            }
            if ended {
                break;
            }
        }
        copy.finish().await.map(drop).map_err(loading())
    }

    /// The next line, with its end; `false` when there is none.
    async fn line(&mut self, line: &mut Vec<u8>) -> Result<bool, RestoreError> {
        line.clear();
        let read = self.out.read_until(b'\n', line).await;
        read.map(|bytes| bytes > 0).map_err(|error| tool_failed(&error.to_string()))
    }

    /// Makes sure that the tool wrote all there is.
    async fn end(mut self) -> Result<(), RestoreError> {
        let status = self.child.wait().await.map_err(|error| tool_failed(&error.to_string()))?;
        let said = self.said.await.unwrap_or_default();
        if status.success() { Ok(()) } else { Err(tool_failed(&format!("{status}: {said}"))) }
    }
}

/// Runs statements of the script.
pub(super) async fn run(session: &mut Session, statements: &str) -> Result<(), RestoreError> {
    let ran = session.run(statements).await.map_err(|(_, error)| error);
    ran.map_err(RestoreError::database("running the backup's statements"))
}

/// The script without `\restrict` (which fences `psql` in, and is no SQL) and the settings at its top that are
/// made by this program.
fn ours(script: &str) -> String {
    let mut kept = String::with_capacity(script.len());
    let mut at_top = true;
    for line in script.split_inclusive('\n') {
        // The first object ends the top; after it a line may be a part of a function's text.
        at_top &= !line.starts_with("-- Name: ") && !line.starts_with("-- Data for Name: ");
        let fence = at_top && line.starts_with("\\restrict ");
        let setting = at_top && OURS.iter().any(|setting| line.starts_with(setting));
        if !fence && !setting {
            kept.push_str(line);
        }
    }
    // The fence's other end is the last line that says anything.
    let end = kept.trim_end();
    let last = end.rfind('\n').map_or(0, |at| at + 1);
    if end[last..].starts_with("\\unrestrict ") {
        kept.truncate(last);
    }
    kept
}

fn tool_failed(said: &str) -> RestoreError {
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    RestoreError::Tool {
        program: "pg_restore",
        said: said.chars().take(SHOWN_LINE_CHARACTERS).collect(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("5; 2615 2200 SCHEMA - public pg_database_owner", Kind::Frame, None)]
    #[case("3446; 0 0 COMMENT - SCHEMA public pg_database_owner", Kind::Frame, None)]
    #[case("2; 3079 16429 EXTENSION - pg_trgm ", Kind::Frame, None)]
    #[case("3447; 0 0 ACL - SCHEMA public postgres", Kind::Frame, None)]
    #[case("3447; 0 0 ACL public TABLE tasks postgres", Kind::Rights, None)]
    #[case(
        "1763; 826 16384 DEFAULT ACL public DEFAULT PRIVILEGES FOR TABLES postgres",
        Kind::Rights,
        None
    )]
    #[case("220; 1259 16410 TABLE public tasks postgres", Kind::Content, Some("public"))]
    #[case("3439; 0 16410 TABLE DATA public tasks postgres", Kind::Content, None)]
    #[case("3139; 0 0 TABLE ATTACH public parted_1 postgres", Kind::Content, None)]
    #[case("3448; 0 0 COMMENT public TABLE tasks postgres", Kind::Content, None)]
    #[case("3449; 0 0 SEQUENCE SET public tasks_number_seq postgres", Kind::Content, None)]
    fn reads_a_line_of_the_list(
        #[case] line: &str,
        #[case] kind: Kind,
        #[case] schema: Option<&str>,
    ) {
        let entry = Entry::parse(line).expect("an entry");
        assert_eq!(
            (entry.kind, entry.schema.as_deref(), entry.line.as_str()),
            (kind, schema, line)
        );
    }

    #[rstest]
    #[case("; Archive created at 2026-11-21 11:13:35 UTC")]
    #[case(";     dbname: play; x")]
    #[case("")]
    fn a_remark_is_no_entry(#[case] line: &str) {
        assert_eq!(Entry::parse(line), None);
    }

    #[test]
    fn only_the_top_and_the_end_of_a_script_are_changed() {
        let script = "--\n\\restrict abc\nSET lock_timeout = 0;\nSET transaction_timeout = 0;\n\
                      SET row_security = off;\n-- Name: f(); Type: FUNCTION\nSELECT '\nSET lock_timeout = 0;\n\
                      \\restrict x\n\\unrestrict x\n';\n--\n\n\\unrestrict abc\n\n";
        let kept = "--\nSET row_security = off;\n-- Name: f(); Type: FUNCTION\nSELECT '\n\
                    SET lock_timeout = 0;\n\\restrict x\n\\unrestrict x\n';\n--\n\n";
        assert_eq!(ours(script), kept);
        assert_eq!(ours(""), "");
    }
}
