//! `taskmanager migrate doctor`: what will stand in a migration's way, and what fixes it.

use std::process::ExitCode;

use serde_json::json;

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
        if self.common.json {
            let documents: Vec<_> = checks.iter().map(document).collect();
            output::json(&json!({ "checks": documents }))?;
        } else {
            output::text(&checks.iter().map(text).collect::<String>())?;
        }
        let bad = checks.iter().any(|check| check.health == Health::Bad);
        Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn document(check: &Check) -> serde_json::Value {
    json!({
        "name": check.name,
        "health": check.health.as_str(),
        "detail": check.detail,
        "fix": check.fix,
    })
}

fn text(check: &Check) -> String {
    let line = format!("{:8} {:15} {}\n", check.health.as_str(), check.name, check.detail);
    match &check.fix {
        Some(fix) => format!("{line}{:24} fix: {fix}\n", ""),
        None => line,
    }
}
