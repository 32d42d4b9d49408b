//! `taskmanager migrate doctor`: what will stand in a migration's way, and what fixes it.

use std::fmt;
use std::process::ExitCode;

use serde::Serialize;

use super::common::{Common, UNREACHABLE};
use crate::Host;
use crate::output;
use schemakeep::doctor::{Check, Health, doctor};

/// Look for what will stand in a migration's way: each finding with the command that fixes it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 nothing that will fail, 1 a problem, 12 database unreachable.\n\nExample:\n  taskmanager migrate doctor"
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let url = host.url();
        let set = match self.common.set(host, url) {
            Ok(set) => set,
            Err(error) => return self.common.fail_with(&error),
        };
        let checks = match doctor(url, &set).await {
            Ok(checks) => checks,
            Err(error) => {
                let message = format!("database {url} cannot be read: {error}");
                return self.common.fail(&message, UNREACHABLE);
            }
        };
        let report = Report { checks };
        output::report(self.common.json, &report)?;
        let bad = report.checks.iter().any(|check| check.health == Health::Bad);
        Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

#[derive(Serialize)]
struct Report {
    checks: Vec<Check>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
        for Check { name, health, detail, fix } in &self.checks {
            writeln!(f, "{:8} {name:width$} {detail}", health.as_str())?;
            if let Some(fix) = fix {
                writeln!(f, "{:8} {:width$} fix: {fix}", "", "")?;
            }
        }
        Ok(())
    }
}
