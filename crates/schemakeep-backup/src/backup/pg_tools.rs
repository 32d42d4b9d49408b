//! `pg_dump` and `pg_restore`: where they are, whether they fit, and how they reach the server.
//!
//! They are told everything through the environment, never through their arguments, which every user of the
//! machine can read.

use schemakeep_db::Program;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::error::BackupError;
use schemakeep_db::{DatabaseTarget, DatabaseUrl};

/// Where programs are looked for when `PATH` is not set, as the C library has it.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// Where systems keep the roots that they trust; libpq before 16 does not know them by itself.
const ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// How much of a tool's last words is shown.
const SAID_MAX: usize = 1_000;

/// The tools of one version of PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    /// `pg_dump`.
    pub pg_dump: PathBuf,
    /// `pg_restore`.
    pub pg_restore: PathBuf,
    /// Version of both: `15.14`.
    pub version: String,
    /// Its first number.
    pub major: u32,
}

/// What was found in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    path: PathBuf,
    version: String,
}

impl Tools {
    /// The tools for a server: those of its own version, else those of the lowest newer one, because a dump
    /// may hold settings that an older server does not know.
    ///
    /// # Errors
    ///
    /// [`BackupError::Tools`] when there are none, or only older ones.
    pub async fn for_server(major: u32) -> Result<Self, BackupError> {
        let dumps = first_in_path("pg_dump").await;
        let restores = first_in_path("pg_restore").await;
        choose(&dumps, &restores, major).ok_or_else(|| missing(&dumps, major))
    }

    /// The tools that can read a dump of this version: the newest there are.
    ///
    /// # Errors
    ///
    /// [`BackupError::Tools`] when there are none, or only older ones.
    pub async fn to_read(version: &str) -> Result<Self, BackupError> {
        let wanted = major_of(version).unwrap_or_default();
        let dumps = first_in_path("pg_dump").await;
        let restores = first_in_path("pg_restore").await;
        let newest = restores.iter().filter_map(|found| major_of(&found.version)).max();
        let newest = newest.filter(|newest| *newest >= wanted);
        let chosen = newest.and_then(|newest| {
            choose(&dumps, &restores, wanted).or_else(|| choose(&restores, &restores, newest))
        });
        chosen.ok_or_else(|| missing(&restores, wanted))
    }

    /// A command that has its server in the environment; its output is read, and it ends with its handle.
    #[must_use]
    pub fn command(program: &Path, environment: &Environment) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            // What the driver takes from the environment is in the URL by now; the rest is for other programs.
            let text = name.to_string_lossy();
            if text.starts_with("PG") || text.contains("DATABASE_URL") {
                command.env_remove(&name);
            }
        }
        command.envs(environment.variables.iter().map(|(name, value)| (name, value)));
        command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

/// What a tool gets to know of a server. `Debug` shows no value.
pub struct Environment {
    variables: Vec<(&'static str, String)>,
    /// Certificates and keys that were given as text, in files that go away with this.
    _files: Option<tempfile::TempDir>,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.iter().map(|(name, _)| name)).finish()
    }
}

impl Environment {
    /// For a tool that needs no server.
    #[must_use]
    pub fn none() -> Self {
        Self { variables: Vec::new(), _files: None }
    }

    /// What leads to the server and the database of a URL, as the driver would go there.
    ///
    /// # Errors
    ///
    /// [`BackupError::Database`] when a certificate that was given as text cannot be put into a file.
    pub fn of(url: &DatabaseUrl) -> Result<Self, BackupError> {
        let failed = |error: std::io::Error| BackupError::Database {
            doing: "making a folder for certificates",
            cause: error.to_string(),
        };
        let DatabaseTarget::Postgres(options) = url.target() else { return Ok(Self::none()) };
        let mut variables = place(options);
        // The driver has no other way to ask for these. Names in its URL are not encoded, so none of them is
        // in it.
        let url = (**options).clone().host("h").username("u").database("d").to_url_lossy();
        if let Some(password) = url.password() {
            let password = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
            variables.push(("PGPASSWORD", password.into_owned()));
        }
        let mut files = None;
        for (key, value) in url.query_pairs() {
            let (name, file) = match &*key {
                "sslrootcert" => ("PGSSLROOTCERT", "root.crt"),
                "sslcert" => ("PGSSLCERT", "client.crt"),
                "sslkey" => ("PGSSLKEY", "client.key"),
                _ => continue,
            };
            let path = match value.strip_prefix("file: ") {
                Some(path) => path.to_owned(),
                None => written(&mut files, file, &value).map_err(failed)?,
            };
            variables.push((name, path));
        }
        let (mode, verifies) = match options.get_ssl_mode() {
            PgSslMode::Disable => ("disable", false),
            PgSslMode::Allow => ("allow", false),
            PgSslMode::Prefer => ("prefer", false),
            PgSslMode::Require => ("require", false),
            PgSslMode::VerifyCa => ("verify-ca", true),
            PgSslMode::VerifyFull => ("verify-full", true),
        };
        variables.push(("PGSSLMODE", mode.to_owned()));
        if verifies && !variables.iter().any(|(name, _)| *name == "PGSSLROOTCERT") {
            let roots = ROOTS.into_iter().find(|path| Path::new(path).exists());
            variables.push(("PGSSLROOTCERT", roots.unwrap_or("system").to_owned()));
        }
        Ok(Self { variables, _files: files })
    }
}

fn place(options: &PgConnectOptions) -> Vec<(&'static str, String)> {
    let socket = options.get_socket().map(|path| path.display().to_string());
    let user = options.get_username();
    let mut variables = vec![
        ("PGHOST", socket.unwrap_or_else(|| options.get_host().to_owned())),
        ("PGPORT", options.get_port().to_string()),
        ("PGUSER", user.to_owned()),
        ("PGDATABASE", options.get_database().unwrap_or(user).to_owned()),
        ("PGAPPNAME", Program::current().backup_application_name()),
        ("PGCONNECT_TIMEOUT", "30".to_owned()),
    ];
    if let Some(given) = options.get_options() {
        variables.push(("PGOPTIONS", given.to_owned()));
    }
    variables
}

fn written(
    folder: &mut Option<tempfile::TempDir>,
    name: &str,
    text: &str,
) -> std::io::Result<String> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = match folder {
        Some(folder) => folder.path().join(name),
        None => folder.insert(tempfile::tempdir()?).path().join(name),
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(&path)?.write_all(text.as_bytes())?;
    Ok(path.display().to_string())
}

/// Runs a tool to its end and returns what it wrote; a stop ends it.
///
/// # Errors
///
/// [`BackupError::Tool`] with its last words, or [`BackupError::Stopped`].
pub async fn output(
    program: &'static str,
    mut command: Command,
    stop: &CancellationToken,
) -> Result<String, BackupError> {
    let failed = |said: String| BackupError::Tool { program, said };
    let output = tokio::select! {
        // A command that is not waited for any longer is killed.
        () = stop.cancelled() => return Err(BackupError::Stopped),
        output = command.output() => output.map_err(|error| failed(error.to_string()))?,
    };
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(failed(last_words(&output.stderr, output.status)))
    }
}

/// What a tool said before it failed, on one line.
pub(super) fn last_words(stderr: &[u8], status: std::process::ExitStatus) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said: String = lines.join("; ").chars().take(SAID_MAX).collect();
    if said.is_empty() { format!("it said nothing ({status})") } else { said }
}

/// The program that a shell would start by this name, with its version: what somebody has put first in `PATH`
/// is meant, also when it is too old.
async fn first_in_path(program: &str) -> Vec<Found> {
    let search = std::env::var_os("PATH").unwrap_or_else(|| PATH.into());
    let paths = std::env::split_paths(&search).map(|folder| folder.join(program));
    let Some(path) = paths.into_iter().find(|path| path.is_file()) else { return Vec::new() };
    let mut command = Command::new(&path);
    command.arg("--version").env("LC_ALL", "C").stdin(Stdio::null()).kill_on_drop(true);
    let Ok(output) = command.output().await else { return Vec::new() };
    // pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)
    let said = String::from_utf8_lossy(&output.stdout);
    let version = said.split(") ").nth(1).and_then(|rest| rest.split_whitespace().next());
    version.map(|version| Found { path, version: version.to_owned() }).into_iter().collect()
}

/// The lowest version that is not below this one; of several, the highest minor one that was found first.
fn choose(dumps: &[Found], restores: &[Found], major: u32) -> Option<Tools> {
    let fits = dumps.iter().filter_map(|dump| {
        let own = major_of(&dump.version).filter(|own| *own >= major)?;
        let beside = |restore: &&Found| restore.path.parent() == dump.path.parent();
        let same = |restore: &&Found| major_of(&restore.version) == Some(own);
        let restore = restores.iter().find(|found| beside(found) && same(found));
        let restore = restore.or_else(|| restores.iter().find(same))?;
        Some(Tools {
            pg_dump: dump.path.clone(),
            pg_restore: restore.path.clone(),
            version: dump.version.clone(),
            major: own,
        })
    });
    fits.min_by_key(|tools| (tools.major, std::cmp::Reverse(minor_of(&tools.version))))
}

fn missing(found: &[Found], major: u32) -> BackupError {
    let wanted = format!("pg_dump and pg_restore of PostgreSQL {major} or newer");
    let seen: Vec<String> = found
        .iter()
        .map(|found| format!("{} is {}", found.path.display(), found.version))
        .collect();
    let found = if seen.is_empty() {
        format!("{wanted} are needed, and none are in PATH")
    } else {
        format!(
            "{wanted} are needed, and what is here is too old or not complete: {}",
            seen.join(", ")
        )
    };
    let fix = format!(
        "install the client tools of that version (Debian: apt-get install postgresql-client-{major}), or put them first into PATH"
    );
    BackupError::Tools { found, fix }
}

/// `15` of `15.14`, and of `18beta1`.
pub(super) fn major_of(version: &str) -> Option<u32> {
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

fn minor_of(version: &str) -> u32 {
    version.split('.').nth(1).and_then(major_of).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn found(programs: &[(&str, &str)], name: &str) -> Vec<Found> {
        let found = |(folder, version): &(&str, &str)| Found {
            path: Path::new(folder).join(name),
            version: (*version).to_owned(),
        };
        programs.iter().map(found).collect()
    }

    #[rstest]
    #[case(15, Some("15.14"))]
    #[case(14, Some("15.14"))]
    #[case(16, Some("17.2"))]
    #[case(17, Some("17.2"))]
    #[case(18, None)]
    fn takes_the_lowest_that_fits(#[case] server: u32, #[case] version: Option<&str>) {
        let programs = [("/old", "12.1"), ("/a", "15.3"), ("/c", "17.2"), ("/b", "15.14")];
        let (dumps, restores) = (found(&programs, "pg_dump"), found(&programs, "pg_restore"));
        let chosen = choose(&dumps, &restores, server);
        assert_eq!(chosen.as_ref().map(|tools| tools.version.as_str()), version);
        if let Some(tools) = chosen {
            assert_eq!(tools.pg_dump.parent(), tools.pg_restore.parent());
        }
    }

    #[test]
    fn a_dump_without_its_restore_does_not_fit() {
        assert_eq!(choose(&found(&[("/a", "15.1")], "pg_dump"), &[], 15), None);
    }

    #[rstest]
    #[case(
        "postgres://ana:hun%40ter2@db.example:5433/tasks?sslmode=verify-full&sslrootcert=/r.crt"
    )]
    #[case("postgres://ana:hun%40ter2@[::1]:5433/tasks?sslmode=require")]
    fn a_server_is_told_through_the_environment(#[case] url: &str) {
        let url = DatabaseUrl::parse(url).expect("a URL");
        let environment = Environment::of(&url).expect("an environment");
        let value = |name: &str| {
            let found = environment.variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(value("PGPASSWORD"), Some("hun@ter2"));
        assert_eq!(value("PGUSER"), Some("ana"));
        assert_eq!(value("PGPORT"), Some("5433"));
        assert_eq!(value("PGDATABASE"), Some("tasks"));
        let tls = (value("PGHOST"), value("PGSSLMODE"), value("PGSSLROOTCERT"));
        let expected = [
            (Some("db.example"), Some("verify-full"), Some("/r.crt")),
            (Some("::1"), Some("require"), None),
        ];
        assert!(expected.contains(&tls), "{tls:?}");
        assert!(!format!("{environment:?}").contains("hun@ter2"));
    }
}
