//! What this program is called, and what the server of a database is told of each of its sessions.
//!
//! The `application_name` of a service's session carries its release, the newest migration that the release knows,
//! and its host, so that a migrator sees whom it would stop: `taskmanager/0.1.0 20261121143000 web-1`.

use std::sync::LazyLock;

/// Name of the program.
pub const NAME: &str = "taskmanager";
/// Its release.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// `application_name` of a session that migrates.
pub const MIGRATOR_APPLICATION_NAME: &str = "taskmanager-migrate";
/// `application_name` of a session that reads the schema.
pub const INSPECTOR_APPLICATION_NAME: &str = "taskmanager-inspect";
/// `application_name` of a session of `pg_dump` and `pg_restore`.
pub const BACKUP_APPLICATION_NAME: &str = "taskmanager-backup";
/// What PostgreSQL keeps of an `application_name`, in bytes: `NAMEDATALEN - 1`.
const APPLICATION_NAME_MAX_BYTES: usize = 63;
/// The newest migration of this release, from `build.rs`.
const SCHEMA_VERSION: &str = env!("SCHEMA_VERSION");
/// What releases before this one called their sessions.
const OLD_APPLICATION_NAMES: [&str; 2] = ["taskmanager", "taskmanager events"];

/// `application_name` of every session of this instance of the service.
#[must_use]
pub fn instance_application_name() -> &'static str {
    static NAME_OF_INSTANCE: LazyLock<String> = LazyLock::new(|| of_host(&host()));
    &NAME_OF_INSTANCE
}

/// The newest migration that an instance of the service knows, by the `application_name` of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownSchema {
    /// This version.
    Version(i64),
    /// A release that did not say.
    Unknown,
}

impl KnownSchema {
    /// Reads the name of a session; `None` for one that is not of the service.
    #[must_use]
    pub fn of_session(application_name: &str) -> Option<Self> {
        if OLD_APPLICATION_NAMES.contains(&application_name) {
            return Some(Self::Unknown);
        }
        let rest = application_name.strip_prefix(NAME)?.strip_prefix('/')?;
        let version = rest.split(' ').nth(1).and_then(|version| version.parse().ok());
        Some(version.map_or(Self::Unknown, Self::Version))
    }

    /// Whether a release that knows this much knows a migration.
    #[must_use]
    pub fn includes(self, version: i64) -> bool {
        matches!(self, Self::Version(newest) if newest >= version)
    }
}

/// What this release knows.
#[must_use]
pub fn own_schema() -> KnownSchema {
    SCHEMA_VERSION.parse().map_or(KnownSchema::Unknown, KnownSchema::Version)
}

/// The end of a long name tells replicas apart, so its beginning is cut off.
fn of_host(host: &str) -> String {
    // PostgreSQL shows anything else as `?` or `\x..`.
    let host: String = host.chars().filter(char::is_ascii_graphic).collect();
    let name = format!("{NAME}/{VERSION} {SCHEMA_VERSION} ");
    let room = APPLICATION_NAME_MAX_BYTES.saturating_sub(name.len());
    let end = &host[host.len().saturating_sub(room)..];
    format!("{name}{end}").trim_end().to_owned()
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("web-1")]
    #[case("")]
    #[case("taskmanager-7d9f8b6c5d-x2x4z.a-very-long-name-of-a-cluster.internal-abcde")]
    #[case("h\u{f6}st")]
    fn a_name_fits_and_says_what_is_known(#[case] host: &str) {
        let name = of_host(host);
        assert!(name.len() <= APPLICATION_NAME_MAX_BYTES && name.is_ascii(), "{name}");
        let newest = SCHEMA_VERSION.parse().expect("a version");
        assert_eq!(KnownSchema::of_session(&name), Some(KnownSchema::Version(newest)));
        let end: String = host.chars().rev().take(5).filter(char::is_ascii).collect();
        assert!(name.ends_with(&end.chars().rev().collect::<String>()), "{name}");
    }

    #[rstest]
    #[case("taskmanager", Some(KnownSchema::Unknown))]
    #[case("taskmanager events", Some(KnownSchema::Unknown))]
    #[case("taskmanager/0.0.9", Some(KnownSchema::Unknown))]
    #[case(
        "taskmanager/0.2.0 20261121143000 host - 10.0.0.7:5122",
        Some(KnownSchema::Version(20_261_121_143_000))
    )]
    #[case(MIGRATOR_APPLICATION_NAME, None)]
    #[case(INSPECTOR_APPLICATION_NAME, None)]
    #[case(BACKUP_APPLICATION_NAME, None)]
    #[case("psql", None)]
    fn tells_an_instance_from_other_sessions(
        #[case] name: &str,
        #[case] known: Option<KnownSchema>,
    ) {
        assert_eq!(KnownSchema::of_session(name), known);
    }

    #[test]
    fn a_release_knows_what_is_not_newer() {
        assert!(KnownSchema::Version(2).includes(2));
        assert!(!KnownSchema::Version(2).includes(3));
        assert!(!KnownSchema::Unknown.includes(1));
    }
}
