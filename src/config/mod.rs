//! What a person can set: flags, then the environment (and files that it names), then defaults.
//!
//! Every value is parsed here, once, into a type that cannot hold a bad one, and all problems are
//! reported together. Opens nothing but the files of `_FILE` variables.

mod address;
mod cors;
mod duration;
mod flags;
mod hosts;
mod problem;
mod safety;
mod source;
#[cfg(test)]
mod tests;
mod value;
pub mod variable;

use std::collections::BTreeMap;
use std::time::Duration;

pub use cors::CorsOrigins;
pub use flags::Flags;
pub use hosts::{AllowedHosts, Authority, HostPolicy, PublicUrl};
pub use problem::{ConfigErrors, Problem};
pub use safety::{BackupMode, SafetyConfig, interval};
pub use schemakeep::MigrateMode;
pub use schemakeep_db::url::host_port;
pub use schemakeep_db::{DatabaseTarget, DatabaseUrl, Dialect, SqliteMode, SqliteTarget};
pub use source::{Environment, Source};
pub use value::{LogFormat, SqliteSynchronous};
pub use variable::{VARIABLES, Variable};

use source::{Reader, Refused};

const DAY: Duration = Duration::from_hours(24);
const HOUR: Duration = Duration::from_hours(1);
/// What Render calls the address of a service, and gives each.
const RENDER_EXTERNAL_URL: &str = "RENDER_EXTERNAL_URL";

/// Everything that the service is told from outside.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the tasks are.
    pub database_url: DatabaseUrl,
    /// The same database, reached in a way that may change its schema.
    pub migrate_database_url: DatabaseUrl,
    /// What happens to the schema at start-up.
    pub migrate: MigrateMode,
    /// How long to wait for another instance that migrates.
    pub migrate_lock_wait: Duration,
    /// What keeps a migration from doing harm.
    pub safety: SafetyConfig,
    /// IP address or host name to listen on; IPv6 without brackets.
    pub host: String,
    /// Port to listen on; 0 takes any free one.
    pub port: u16,
    /// Second listener for health and metrics, in the form of [`host_port`].
    pub ops_listen: Option<String>,
    /// Where clients reach the service, in words of the network; `None` is [`host`](Self::host).
    pub published_on: Option<String>,
    /// Where clients reach the service, as they write it.
    pub public_url: Option<PublicUrl>,
    /// Which hosts a request may name; `None` follows from the two before.
    pub allowed_hosts: Option<AllowedHosts>,
    /// Name shown in the health answer.
    pub environment: String,
    /// Which browser origins may call.
    pub cors_origins: CorsOrigins,
    /// The most connections to the database at a time.
    pub database_max_connections: u32,
    /// What a commit to an SQLite file waits for.
    pub sqlite_synchronous: SqliteSynchronous,
    /// How long start-up waits for the database; zero does not wait.
    pub database_wait: Duration,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// The most clients that may follow the events.
    pub events_clients: u32,
    /// The most of them that may have the same address.
    pub events_clients_per_address: u32,
    /// How long requests under way may take to finish after a signal.
    pub shutdown_timeout: Duration,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// What is logged, as `tracing_subscriber::EnvFilter` reads it.
    pub rust_log: String,
    sources: BTreeMap<&'static str, Source>,
}

/// One setting, fit to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// The value in force, secrets redacted.
    pub value: String,
    /// Where it came from.
    pub source: Source,
}

impl Config {
    /// Reads every variable. `is_terminal` says whether a person reads the log.
    ///
    /// An empty environment variable counts as unset; a flag's text always counts.
    ///
    /// # Errors
    ///
    /// Every problem there is, one line each.
    pub fn load(
        flags: &Flags,
        environment: &Environment<'_>,
        is_terminal: bool,
    ) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(flags, environment);
        let read = Self::read(&mut reader, is_terminal);
        let sources = reader.finish()?;
        // Nothing was refused, or `finish` would have said so.
        read.map(|config| Self { sources, ..config }).map_err(|Refused| ConfigErrors(Vec::new()))
    }

    fn read(reader: &mut Reader<'_>, is_terminal: bool) -> Result<Self, Refused> {
        use variable as v;

        // All are read before the first refusal is looked at.
        let database = database(reader);
        let migrate = reader.value(&v::MIGRATE, value::migrate_mode);
        let migrate_lock_wait =
            reader.value(&v::MIGRATE_LOCK_WAIT, duration::between(Duration::ZERO, DAY));
        let safety = SafetyConfig::read(reader);
        let listen = Listen::read(reader);
        let ops_listen = reader.optional(&v::OPS_LISTEN, None, |text| match text {
            "" => Ok(None),
            text => address::listen(text).map(Some),
        });
        let published_on = reader.optional(&v::PUBLISHED_ON, None, address::host);
        let public_url = reader.optional_or(&v::PUBLIC_URL, RENDER_EXTERNAL_URL, PublicUrl::parse);
        let allowed_hosts = reader.optional(&v::ALLOWED_HOSTS, None, AllowedHosts::parse);
        let environment = reader.value(&v::ENVIRONMENT, value::environment);
        let cors_origins = reader.optional(&v::CORS_ORIGINS, None, CorsOrigins::parse);
        let database_max_connections =
            reader.value(&v::DATABASE_MAX_CONNECTIONS, |text| value::number(text, 1..=1000));
        let sqlite_synchronous = reader.value(&v::SQLITE_SYNCHRONOUS, SqliteSynchronous::parse);
        let database_wait = reader.value(&v::DATABASE_WAIT, duration::between(Duration::ZERO, DAY));
        let request_timeout =
            reader.value(&v::REQUEST_TIMEOUT, duration::between(Duration::from_millis(100), HOUR));
        let events_clients =
            reader.value(&v::EVENTS_CLIENTS, |text| value::number(text, 0..=100_000));
        let events_clients_per_address =
            reader.value(&v::EVENTS_CLIENTS_PER_ADDRESS, |text| value::number(text, 1..=100_000));
        let shutdown_timeout =
            reader.value(&v::SHUTDOWN_TIMEOUT, duration::between(Duration::ZERO, HOUR));
        let log_format = reader.optional(&v::LOG_FORMAT, None, LogFormat::parse);
        let rust_log = reader.value(&v::RUST_LOG, value::log_filter);

        let (database_url, migrate_database_url) = database?;
        let Listen { host, port } = listen?;
        let default_format = if is_terminal { LogFormat::Text } else { LogFormat::Json };
        Ok(Self {
            database_url,
            migrate_database_url,
            migrate: migrate?,
            migrate_lock_wait: migrate_lock_wait?,
            safety: safety?,
            host,
            port,
            ops_listen: ops_listen?.flatten(),
            published_on: published_on?,
            public_url: public_url?,
            allowed_hosts: allowed_hosts?,
            environment: environment?,
            cors_origins: cors_origins?.unwrap_or(CorsOrigins::None),
            database_max_connections: database_max_connections?,
            sqlite_synchronous: sqlite_synchronous?,
            database_wait: database_wait?,
            request_timeout: request_timeout?,
            events_clients: events_clients?,
            events_clients_per_address: events_clients_per_address?,
            shutdown_timeout: shutdown_timeout?,
            log_format: log_format?.unwrap_or(default_format),
            rust_log: rust_log?,
            sources: BTreeMap::new(),
        })
    }

    /// What to bind: `host:port`, an IPv6 address in brackets.
    #[must_use]
    pub fn listen_address(&self) -> String {
        host_port(&self.host, self.port)
    }

    fn published_on(&self) -> &str {
        self.published_on.as_deref().unwrap_or(&self.host)
    }

    fn policy(&self) -> Option<HostPolicy> {
        let (url, allowed) = (self.public_url.as_ref(), self.allowed_hosts.as_ref());
        HostPolicy::new(self.published_on(), url, allowed)
    }

    /// Which hosts requests may name.
    ///
    /// # Errors
    ///
    /// Clients may come from elsewhere, and no setting says under which name.
    pub fn host_policy(&self) -> Result<HostPolicy, ConfigErrors> {
        self.policy().ok_or_else(|| {
            let detail = format!(
                "must name the hosts that clients may ask for, because PUBLISHED_ON ({}) is not a \
                 loopback address. Set PUBLIC_URL=https://tasks.example.com or \
                 ALLOWED_HOSTS=tasks.example.com; ALLOWED_HOSTS=* allows every host",
                self.published_on()
            );
            let variable = variable::ALLOWED_HOSTS.name;
            ConfigErrors(vec![Problem { variable, origin: Source::Default.to_string(), detail }])
        })
    }

    /// Where a setting's value came from.
    #[must_use]
    pub fn source_of(&self, variable: &Variable) -> Source {
        self.sources.get(variable.name).copied().unwrap_or(Source::Default)
    }

    /// The flags that put a password on the command line, where every user of the machine can read it.
    #[must_use]
    pub fn secrets_on_command_line(&self) -> Vec<&'static str> {
        use variable as v;

        let urls = [
            (&v::DATABASE_URL, Some(&self.database_url)),
            (&v::MIGRATE_DATABASE_URL, Some(&self.migrate_database_url)),
            (&v::REHEARSAL_DATABASE_URL, self.safety.rehearsal_database_url.as_ref()),
        ];
        let exposed = urls.into_iter().filter(|(variable, url)| {
            self.source_of(variable) == Source::Flag && url.is_some_and(DatabaseUrl::has_secret)
        });
        exposed.map(|(variable, _)| variable.name).collect()
    }

    /// Every setting in force, in the order of [`VARIABLES`]; secrets are redacted.
    #[must_use]
    pub fn lines(&self) -> Vec<Setting> {
        use variable as v;

        let setting = |variable: &Variable, value: String| Setting {
            name: variable.name,
            value,
            source: self.source_of(variable),
        };
        vec![
            setting(&v::DATABASE_URL, self.database_url.to_string()),
            setting(&v::MIGRATE_DATABASE_URL, self.migrate_database_url.to_string()),
            setting(&v::MIGRATE, self.migrate.to_string()),
            setting(&v::MIGRATE_LOCK_WAIT, duration::shown(self.migrate_lock_wait)),
            setting(&v::PROTECTED_TABLES, self.safety.tables_shown()),
            setting(&v::MIGRATE_BACKUP, self.safety.migrate_backup.to_string()),
            setting(&v::BACKUP_DIR, self.safety.folder_shown(&self.migrate_database_url)),
            setting(&v::BACKUP_KEEP, self.safety.backup_keep.to_string()),
            setting(&v::REHEARSAL_DATABASE_URL, self.safety.rehearsal_shown()),
            setting(&v::HOST, self.host.clone()),
            setting(&v::PORT, self.port.to_string()),
            setting(&v::OPS_LISTEN, shown(self.ops_listen.as_ref())),
            setting(&v::PUBLISHED_ON, self.published_on().to_owned()),
            setting(&v::PUBLIC_URL, shown(self.public_url.as_ref())),
            setting(&v::ALLOWED_HOSTS, shown(self.policy().map(|policy| policy.shown()).as_ref())),
            setting(&v::ENVIRONMENT, self.environment.clone()),
            setting(&v::CORS_ORIGINS, self.cors_origins.to_string()),
            setting(&v::DATABASE_MAX_CONNECTIONS, self.database_max_connections.to_string()),
            setting(&v::SQLITE_SYNCHRONOUS, self.sqlite_synchronous.to_string()),
            setting(&v::DATABASE_WAIT, duration::shown(self.database_wait)),
            setting(&v::REQUEST_TIMEOUT, duration::shown(self.request_timeout)),
            setting(&v::EVENTS_CLIENTS, self.events_clients.to_string()),
            setting(&v::EVENTS_CLIENTS_PER_ADDRESS, self.events_clients_per_address.to_string()),
            setting(&v::SHUTDOWN_TIMEOUT, duration::shown(self.shutdown_timeout)),
            setting(&v::LOG_FORMAT, self.log_format.to_string()),
            setting(&v::RUST_LOG, self.rust_log.clone()),
        ]
    }
}

fn shown<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| "none".to_owned(), ToString::to_string)
}

/// Where the service listens: what a probe needs, without the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// IP address or host name; IPv6 without brackets.
    pub host: String,
    /// Port; 0 is any free one.
    pub port: u16,
}

impl Listen {
    /// Reads `HOST` and `PORT`, and nothing else.
    ///
    /// # Errors
    ///
    /// The problems of these two.
    pub fn load(flags: &Flags, environment: &Environment<'_>) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(flags, environment);
        let read = Self::read(&mut reader);
        reader.finish()?;
        read.map_err(|Refused| ConfigErrors(Vec::new()))
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Refused> {
        let host = reader.value(&variable::HOST, address::host);
        let port = reader.value(&variable::PORT, address::port);
        Ok(Self { host: host?, port: port? })
    }
}

/// Reads both database URLs, which must lead to the same database as far as can be told.
fn database(reader: &mut Reader<'_>) -> Result<(DatabaseUrl, DatabaseUrl), Refused> {
    use variable as v;

    let url = reader.optional(&v::DATABASE_URL, Some(&v::DATABASE_URL_FILE), DatabaseUrl::parse);
    let migrate_url = reader.optional(
        &v::MIGRATE_DATABASE_URL,
        Some(&v::MIGRATE_DATABASE_URL_FILE),
        DatabaseUrl::parse,
    );
    let url = match url? {
        Some(url) => url,
        None => reader.default(&v::DATABASE_URL, DatabaseUrl::parse)?,
    };
    let migrate_url = migrate_url?.unwrap_or_else(|| url.clone());
    let detail = match (url.target(), migrate_url.target()) {
        (DatabaseTarget::Postgres(_), DatabaseTarget::Postgres(_)) => None,
        (DatabaseTarget::Sqlite(a), DatabaseTarget::Sqlite(b)) => (a.path != b.path)
            .then(|| format!("must name the same file as DATABASE_URL, {url}, got {migrate_url}")),
        _ => Some(format!(
            "must lead to the same kind of database as DATABASE_URL, {}, got {}",
            url.dialect().as_str(),
            migrate_url.dialect().as_str()
        )),
    };
    match detail {
        None => Ok((url, migrate_url)),
        Some(detail) => {
            Err(reader.refuse(&v::MIGRATE_DATABASE_URL, "beside DATABASE_URL".to_owned(), detail))
        }
    }
}
