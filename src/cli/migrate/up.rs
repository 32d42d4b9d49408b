//! `taskmanager migrate up`: applies what is pending.

use std::process::ExitCode;

use super::common::{Common, UNREACHABLE, USAGE};
use super::operating::{Operating, print};
use crate::config::Config;
use crate::migrate::plan::{Target, forward};
use crate::migrate::{SchemaState, refusal};

/// Apply pending migrations: all of them, so many, or up to a version
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong version or count, 5 to 8 the state allows it not, 9 lock not had, 12 database unreachable.\n\nExamples:\n  taskmanager migrate up\n  taskmanager migrate up +1\n  taskmanager migrate up --to 20261121090200"
)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,
    /// How many: +1, +2 …
    #[arg(value_name = "+N", value_parser = count, conflicts_with = "to")]
    count: Option<usize>,
    /// The last version to apply
    #[arg(long, value_name = "VERSION")]
    to: Option<i64>,
}

fn count(text: &str) -> Result<usize, String> {
    let number = text.strip_prefix('+').and_then(|digits| digits.parse().ok());
    number.filter(|count| *count > 0).ok_or_else(|| "write +1, +2 and so on".to_owned())
}

impl Args {
    pub(in crate::cli) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let operating = match Operating::new(&self.common, config)? {
            Ok(operating) => operating,
            Err(error) => return self.common.fail_with(&error),
        };
        let target = match (self.count, self.to) {
            (Some(count), _) => Target::Count(count),
            (_, Some(version)) => Target::Version(version),
            _ => Target::All,
        };
        let to = if target == Target::All {
            None
        } else {
            let report = match operating.report().await {
                Ok(report) => report,
                Err(message) => return self.common.fail(&message, UNREACHABLE),
            };
            let onward = matches!(report.state, SchemaState::Behind | SchemaState::Failed);
            if !onward && !report.state.can_serve() {
                let message = refusal(&report, config.migrate);
                return self.common.fail(&message, report.state.exit_code());
            }
            match forward(&operating.set, &report, target) {
                Ok(migrations) => migrations.last().map(|m| m.version).or(report.head),
                Err(message) => return self.common.fail(&message, USAGE),
            }
        };
        match operating.operation().up(to).await {
            Ok(outcome) => print(&self.common, "applied", &outcome),
            Err(error) => self.common.fail_with(&error),
        }
    }
}
