//! The one table of variables: flags, `taskmanager config` and the documentation agree because
//! they read it, or are tested against it.

/// A variable of the configuration, as a person sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name in the environment.
    pub name: &'static str,
    /// Its flag, without the leading hyphens: the name in kebab case.
    pub flag: &'static str,
    /// What stands for the value in the flag's help.
    pub placeholder: &'static str,
    /// The default in words; the value itself where that can be written down.
    pub default: &'static str,
    /// One line on what it does and what is allowed.
    pub meaning: &'static str,
}

macro_rules! variables {
    ($($name:ident, $flag:literal, $placeholder:literal, $default:literal, $meaning:literal;)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "`: ", $meaning, ".")]
            pub const $name: Variable = Variable {
                name: stringify!($name),
                flag: $flag,
                placeholder: $placeholder,
                default: $default,
                meaning: $meaning,
            };
        )*

        /// Every variable, in the order in which the documentation names them.
        pub const VARIABLES: &[Variable] = &[$($name),*];
    };
}

variables! {
    DATABASE_URL, "database-url", "URL", "sqlite://taskmanager.db",
        "where the tasks are: sqlite:… or postgres://…, SQLAlchemy spellings too";
    DATABASE_URL_FILE, "database-url-file", "PATH", "none",
        "a file that holds DATABASE_URL, such as a mounted secret";
    MIGRATE_DATABASE_URL, "migrate-database-url", "URL", "DATABASE_URL",
        "the same database for migrations: a direct connection with DDL rights, where the other is \
         pooled or least-privilege";
    MIGRATE_DATABASE_URL_FILE, "migrate-database-url-file", "PATH", "none",
        "a file that holds MIGRATE_DATABASE_URL";
    MIGRATE, "migrate", "MODE", "auto",
        "auto: migrate, then serve; check: refuse to start unless the schema fits; off: serve \
         whatever is there";
    MIGRATE_LOCK_WAIT, "migrate-lock-wait", "DURATION", "5m",
        "how long to wait for another instance that migrates, up to 24h";
    PROTECTED_TABLES, "protected-tables", "TABLES", "tasks",
        "tables that no migration may drop, empty or leave with fewer rows: a comma list, or none";
    MIGRATE_BACKUP, "migrate-backup", "MODE", "auto",
        "before a migration; auto: a backup where one can be made (PostgreSQL: with BACKUP_DIR set and \
         pg_dump there); required: no migration without one; off: none";
    BACKUP_DIR, "backup-dir", "FOLDER", "backups",
        "the folder for backups; unless it is set, it lies beside an SQLite file";
    BACKUP_KEEP, "backup-keep", "COUNT", "5",
        "how many valid backups stay, 1 to 1000";
    REHEARSAL_DATABASE_URL, "rehearsal-database-url", "URL", "none",
        "an empty PostgreSQL database to try migrations on, where the role may create none";
    REHEARSAL_DATABASE_URL_FILE, "rehearsal-database-url-file", "PATH", "none",
        "a file that holds REHEARSAL_DATABASE_URL";
    HOST, "host", "HOST", "127.0.0.1",
        "the IP address or host name to listen on";
    PORT, "port", "PORT", "8000",
        "the port to listen on; 0 takes any free one";
    OPS_LISTEN, "ops-listen", "HOST:PORT", "none",
        "a second listener with /health* and /metrics, opened before migrations; /metrics then \
         leaves the public port";
    PUBLISHED_ON, "published-on", "HOST", "HOST",
        "the IP address or host name at which clients reach this instance, where that is not HOST: behind a \
         published port of a container, say";
    PUBLIC_URL, "public-url", "URL", "RENDER_EXTERNAL_URL, where Render sets it",
        "where clients reach the service, as they write it: https://tasks.example.com";
    ALLOWED_HOSTS, "allowed-hosts", "HOSTS", "loopback names where PUBLISHED_ON is a loopback address, and the host of PUBLIC_URL",
        "hosts that requests may name, or 421: a comma list without ports, or *. Not asked on /health*, /metrics and OPS_LISTEN";
    ENVIRONMENT, "environment", "NAME", "development",
        "shown in /health: 1 to 64 visible characters, and no URL";
    CORS_ORIGINS, "cors-origins", "ORIGINS", "none",
        "browser origins that may call: a comma list such as https://a.example,http://localhost:5173, or *";
    DATABASE_MAX_CONNECTIONS, "database-max-connections", "COUNT", "10",
        "the most connections to the database at a time, 1 to 1000";
    SQLITE_SYNCHRONOUS, "sqlite-synchronous", "MODE", "full",
        "what a commit to an SQLite file waits for; full: until it is on the disk; normal: faster, but a power \
         failure may take the last acknowledged writes";
    DATABASE_WAIT, "database-wait", "DURATION", "60s",
        "how long start-up waits for the database, up to 24h; 0 does not wait";
    REQUEST_TIMEOUT, "request-timeout", "DURATION", "10s",
        "how long a request may take, 100ms to 1h";
    EVENTS_CLIENTS, "events-clients", "COUNT", "2000",
        "the most clients that may follow the events of an instance, 0 to 100000";
    EVENTS_CLIENTS_PER_ADDRESS, "events-clients-per-address", "COUNT", "1000",
        "the most of them from one address, 1 to 100000; raise it where a proxy is the one address of all";
    SHUTDOWN_TIMEOUT, "shutdown-timeout", "DURATION", "30s",
        "how long requests under way may take to finish after a signal, up to 1h";
    LOG_FORMAT, "log-format", "FORMAT", "text on a terminal, else json",
        "text or json";
    RUST_LOG, "rust-log", "FILTER", "info",
        "what is logged: a level, or target=level, comma-separated";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flag_is_its_variable_in_kebab_case() {
        for variable in VARIABLES {
            assert_eq!(variable.flag, variable.name.to_lowercase().replace('_', "-"));
        }
    }
}
