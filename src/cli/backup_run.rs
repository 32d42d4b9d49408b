//! `taskmanager backup run`: backups on a schedule, beside the service.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::cli::USAGE;
use crate::config::{Config, CorsOrigins, interval};
use crate::domain::SystemClock;
use crate::http::limits::OPS_CONNECTIONS;
use crate::http::{Layers, job_router, server};
use crate::program;
use crate::shutdown::Shutdown;
use crate::telemetry;
use crate::telemetry::disk::Volumes;
use crate::telemetry::metrics::{Metrics, UPKEEP_INTERVAL};
use schemakeep_backup::backup::every;

/// How long a scrape that is under way at the end may take.
const DRAIN_WITHIN: Duration = Duration::from_secs(1);

/// Make a backup now, unless the newest is younger than the interval, and then one every interval, until SIGTERM
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A backup that fails is logged, counted and tried again. OPS_LISTEN serves /metrics and /health/live.\n\nExit codes: 0 stopped by a signal, 2 the command line is wrong, or OPS_LISTEN cannot be listened on.\n\nExample:\n  taskmanager backup run --every 24h"
)]
pub(super) struct Args {
    /// How often, from 1m to 31days
    #[arg(long, value_name = "INTERVAL", value_parser = interval)]
    every: Duration,
}

impl Args {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        telemetry::logging::init(config.log_format, &config.rust_log)?;
        let metrics = telemetry::metrics::install()?.with_volumes(Volumes::from_config(config));
        let shutdown = Shutdown::from_signals()?;
        let settings = program::backup_settings(config, shutdown.draining_token());
        if let Some(address) = &config.ops_listen {
            match TcpListener::bind(address).await {
                Ok(listener) => serve(listener, metrics, config, &shutdown),
                Err(error) => {
                    tracing::error!("cannot listen on {address} (OPS_LISTEN): {error}");
                    return Ok(ExitCode::from(USAGE));
                }
            }
        }
        let (folder, database) =
            (settings.folder.display().to_string(), settings.url.describe_place());
        tracing::info!(folder, database, every_s = self.every.as_secs(), "making backups");
        every(self.every, &settings, &SystemClock).await;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    }
}

/// Answers probes and scrapes until the process ends.
fn serve(listener: TcpListener, metrics: Metrics, config: &Config, shutdown: &Shutdown) {
    let layers = Layers {
        request_timeout: config.request_timeout,
        cors: CorsOrigins::None,
        hosts: None,
        clock: Arc::new(SystemClock),
    };
    let router = job_router(metrics.clone(), &layers);
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        server::serve(listener, router, &shutdown, DRAIN_WITHIN, OPS_CONNECTIONS).await
    });
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
        loop {
            ticks.tick().await;
            metrics.run_upkeep();
        }
    });
}
