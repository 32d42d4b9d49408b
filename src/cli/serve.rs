//! `taskmanager` and `taskmanager serve`: the service itself.

use std::process::ExitCode;

use crate::app::App;
use crate::config::Config;
use crate::http::server::{self, Ended};
use crate::shutdown::Shutdown;
use crate::telemetry;

/// How to keep a password out of the process list.
pub(super) fn secret_fix(variable: &str) -> String {
    format!(
        "put the URL into a file, and its path into {variable}_FILE; or set {variable} in the environment"
    )
}

fn warn_of_unencrypted_connections(config: &Config) {
    let mut urls = vec![("DATABASE_URL", &config.database_url)];
    if config.migrate_database_url.describe_place() != config.database_url.describe_place() {
        urls.push(("MIGRATE_DATABASE_URL", &config.migrate_database_url));
    }
    for (variable, url) in urls {
        if let Some(sslmode) = url.unencrypted_mode() {
            let server = url.describe_place();
            let fix = "set sslmode=verify-full in the URL, or at least sslmode=require";
            tracing::warn!(
                variable,
                server,
                sslmode,
                fix,
                "database connection may be unencrypted"
            );
        }
    }
}

/// Bring the schema up to date, then serve until SIGTERM or Ctrl-C (the default)
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(super) struct Args {}

impl Args {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let hosts = config.host_policy()?;
        telemetry::logging::init_buffered(config.log_format, &config.rust_log)?;
        server::raise_open_files();
        if hosts.allows_any() {
            tracing::warn!("every host allowed by ALLOWED_HOSTS=*");
        }
        let metrics = telemetry::metrics::install()?;
        let shutdown = Shutdown::from_signals()?;
        for parameter in config.database_url.ignored_parameters() {
            tracing::warn!(parameter, "a parameter of DATABASE_URL is not known and was ignored");
        }
        for variable in config.secrets_on_command_line() {
            tracing::warn!(variable, fix = %secret_fix(variable), "password on the command line");
        }
        warn_of_unencrypted_connections(&config);
        let database = config.database_url.describe_place();
        let environment = config.environment.clone();
        let app = match App::start(config, hosts, metrics, shutdown).await {
            Ok(app) => app,
            Err(error) => {
                let code = error.exit_code();
                tracing::error!(exit_code = code, "{error}");
                return Ok(ExitCode::from(code));
            }
        };
        let address = app.address()?;
        tracing::info!(
            address = %address,
            database,
            environment,
            version = env!("CARGO_PKG_VERSION"),
            "serving"
        );
        Ok(match app.serve().await {
            Ended::Drained => {
                tracing::info!("stopped; every request in flight was answered");
                ExitCode::SUCCESS
            }
            Ended::TimedOut => {
                tracing::error!("stopped; requests were still in flight after SHUTDOWN_TIMEOUT");
                ExitCode::FAILURE
            }
            Ended::Forced => {
                tracing::error!("stopped at once by a second signal");
                ExitCode::FAILURE
            }
        })
    }
}
