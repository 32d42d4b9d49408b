//! Which program migrates, and what the server of a database is told of each of its sessions.
//!
//! The `application_name` of a service's session carries its release, the newest migration that the release knows,
//! and its host, so that a migrator sees whom it would stop: `orders/0.1.0 20261121143000 web-1`.

use std::sync::OnceLock;

/// What PostgreSQL keeps of an `application_name`, in bytes: `NAMEDATALEN - 1`.
const APPLICATION_NAME_MAX_BYTES: usize = 63;

/// The program that the engine is part of. A process has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// In `a-z`, `0-9` and `-`: it begins the names of sessions, scratch databases and backups.
    pub name: &'static str,
    pub version: &'static str,
    /// The newest migration that this release knows, `YYYYMMDDHHMMSS`; 0 where it has none.
    pub newest_migration: i64,
}

static CURRENT: OnceLock<Program> = OnceLock::new();

impl Program {
    /// Makes it the program of this process. The first call counts.
    pub fn install(self) {
        let _ = CURRENT.set(self);
    }

    /// The program of this process; `schemakeep` where none was installed.
    #[must_use]
    pub fn current() -> Self {
        let unnamed =
            Self { name: "schemakeep", version: env!("CARGO_PKG_VERSION"), newest_migration: 0 };
        CURRENT.get().copied().unwrap_or(unnamed)
    }

    /// `application_name` of every session of this instance of the service.
    #[must_use]
    pub fn instance_application_name(self) -> String {
        self.on_host(&host())
    }

    /// `application_name` of a session that migrates.
    #[must_use]
    pub fn migrator_application_name(self) -> String {
        format!("{}-migrate", self.name)
    }

    /// `application_name` of a session that reads the schema.
    #[must_use]
    pub fn inspector_application_name(self) -> String {
        format!("{}-inspect", self.name)
    }

    /// `application_name` of a session of `pg_dump` and `pg_restore`.
    #[must_use]
    pub fn backup_application_name(self) -> String {
        format!("{}-backup", self.name)
    }

    #[must_use]
    pub fn known_schema(self) -> KnownSchema {
        KnownSchema::Version(self.newest_migration)
    }

    /// What the program that a session belongs to knows; `None` for a session that is not of the service.
    #[must_use]
    pub fn known_schema_of_session(self, application_name: &str) -> Option<KnownSchema> {
        let rest = application_name.strip_prefix(self.name)?;
        // Releases that said nothing of their schema called their sessions so.
        if ["", " events"].contains(&rest) {
            return Some(KnownSchema::Unknown);
        }
        let version = rest.strip_prefix('/')?.split(' ').nth(1);
        let version = version.and_then(|version| version.parse().ok());
        Some(version.map_or(KnownSchema::Unknown, KnownSchema::Version))
    }

    /// The end of a long host name tells replicas apart, so its beginning is cut off.
    fn on_host(self, host: &str) -> String {
        // PostgreSQL shows anything else as `?` or `\x..`.
        let host: String = host.chars().filter(char::is_ascii_graphic).collect();
        let name = format!("{}/{} {} ", self.name, self.version, self.newest_migration);
        let room = APPLICATION_NAME_MAX_BYTES.saturating_sub(name.len());
        let end = &host[host.len().saturating_sub(room)..];
        format!("{name}{end}").trim_end().to_owned()
    }
}

/// The newest migration that an instance of the service knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownSchema {
    /// This version.
    Version(i64),
    /// A release that did not say.
    Unknown,
}

impl KnownSchema {
    /// Whether a release that knows this much knows a migration.
    #[must_use]
    pub fn includes(self, version: i64) -> bool {
        matches!(self, Self::Version(newest) if newest >= version)
    }
}

/// The full name of a metric of the engine: `orders_schema_state`.
pub fn metric(name: &str) -> String {
    format!("{}_{name}", Program::current().name.replace('-', "_"))
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const PROGRAM: Program =
        Program { name: "orders", version: "0.1.0", newest_migration: 20_261_121_143_000 };

    #[rstest]
    #[case("web-1")]
    #[case("")]
    #[case("orders-7d9f8b6c5d-x2x4z.a-very-long-name-of-a-cluster.internal-abcde")]
    #[case("h\u{f6}st")]
    fn a_name_fits_and_says_what_is_known(#[case] host: &str) {
        let name = PROGRAM.on_host(host);
        assert!(name.len() <= APPLICATION_NAME_MAX_BYTES && name.is_ascii(), "{name}");
        assert_eq!(PROGRAM.known_schema_of_session(&name), Some(PROGRAM.known_schema()));
        let end: String = host.chars().rev().take(5).filter(char::is_ascii).collect();
        assert!(name.ends_with(&end.chars().rev().collect::<String>()), "{name}");
    }

    #[rstest]
    #[case("orders", Some(KnownSchema::Unknown))]
    #[case("orders events", Some(KnownSchema::Unknown))]
    #[case("orders/0.0.9", Some(KnownSchema::Unknown))]
    #[case(
        "orders/0.2.0 20261121143000 host - 10.0.0.7:5122",
        Some(KnownSchema::Version(20_261_121_143_000))
    )]
    #[case("orders-migrate", None)]
    #[case("orders-inspect", None)]
    #[case("orders-backup", None)]
    #[case("orders2/0.2.0 20261121143000 host", None)]
    #[case("psql", None)]
    fn tells_an_instance_from_other_sessions(
        #[case] name: &str,
        #[case] known: Option<KnownSchema>,
    ) {
        assert_eq!(PROGRAM.known_schema_of_session(name), known);
    }

    #[test]
    fn a_release_knows_what_is_not_newer() {
        assert!(KnownSchema::Version(2).includes(2));
        assert!(!KnownSchema::Version(2).includes(3));
        assert!(!KnownSchema::Unknown.includes(1));
    }
}
