//! `taskmanager migrate up`: applies what is pending, behind every safeguard.

use std::process::ExitCode;

use super::common::{Common, UNREACHABLE, USAGE};
use super::session::{Changes, Operating, print};
use crate::Host;
use crate::output;
use schemakeep::preview::{Target, forward, script};
use schemakeep::{SchemaState, refusal};
use schemakeep_db::{Clock as _, SystemClock};

/// Apply pending migrations: all of them, so many, or up to a version
///
/// Before anything is changed: lint, preflight on the data, a rehearsal on a scratch copy, a verified backup.
/// After: the protected tables are counted before each commit, and the schema is compared with the rehearsal's.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong version or count, 5 to 8 the state allows it not, 9 migration lock unavailable, 10 a finding, a violation or a protected table stops it, 11 backup failed, 12 database unreachable.\n\nExamples:\n  taskmanager migrate up\n  taskmanager migrate up --dry-run\n  taskmanager migrate up +1\n  taskmanager migrate up --to 20261121090200 --sql > upgrade.sql"
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// How many: +1, +2 …
    #[arg(value_name = "+N", value_parser = count, conflicts_with = "to")]
    count: Option<usize>,
    /// The last version to apply
    #[arg(long, value_name = "VERSION")]
    to: Option<i64>,
    /// Take every step but the backup and the migrations; changes nothing and takes no lock
    #[arg(long)]
    dry_run: bool,
    /// Print the script that does the same by hand
    #[arg(long, conflicts_with_all = ["json", "dry_run", "force", "no_backup"])]
    sql: bool,
    #[command(flatten)]
    without: Without,
}

/// Which safeguards are passed or left out.
#[derive(Debug, clap::Args)]
struct Without {
    /// Proceed despite findings (never past a failed backup or a protected table; recorded in the log)
    #[arg(long)]
    force: bool,
    /// Make no backup, whatever `MIGRATE_BACKUP` says
    #[arg(long)]
    no_backup: bool,
    /// Do not try the migrations on a scratch copy first
    #[arg(long)]
    no_rehearsal: bool,
}

fn count(text: &str) -> Result<usize, String> {
    let number = text.strip_prefix('+').and_then(|digits| digits.parse().ok());
    number.filter(|count| *count > 0).ok_or_else(|| "write +1, +2 and so on".to_owned())
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let mut operating = match Operating::new(&self.common, host)? {
            Ok(operating) => operating,
            Err(error) => return self.common.fail_with(&error),
        };
        let safety = &mut operating.settings.safety;
        safety.rehearsal = !self.without.no_rehearsal;
        safety.force = self.without.force;
        if self.without.no_backup {
            safety.backup = None;
        }
        let to = match self.last(&operating, host).await? {
            Ok(to) => to,
            Err(code) => return Ok(code),
        };
        if self.sql {
            return Ok(ExitCode::SUCCESS);
        }
        let operation = operating.operation();
        let done = if self.dry_run {
            operating.watched(&self.common, Box::pin(operation.dry_run(to))).await
        } else {
            operating.watched(&self.common, Box::pin(operation.up(to))).await
        };
        match done {
            Ok(outcome) => {
                let changes = if self.dry_run { Changes::WouldApply } else { Changes::Applied };
                print(&self.common, &operating, outcome, changes)
            }
            Err(error) => operating.fail_with(&self.common, &error),
        }
    }

    /// The last version to apply, found from the state where not all are wanted; prints the script where
    /// that was asked for. An exit code where it cannot be.
    async fn last(
        &self,
        operating: &Operating,
        host: &dyn Host,
    ) -> anyhow::Result<Result<Option<i64>, ExitCode>> {
        let target = match (self.count, self.to) {
            (Some(count), _) => Target::Count(count),
            (_, Some(version)) => Target::Version(version),
            _ => Target::All,
        };
        if target == Target::All && !self.sql {
            return Ok(Ok(None));
        }
        let report = match operating.report().await {
            Ok(report) => report,
            Err(message) => return self.common.fail(&message, UNREACHABLE).map(Err),
        };
        let onward = matches!(report.state, SchemaState::Behind | SchemaState::Failed);
        if !onward && !report.state.can_serve() {
            let message = refusal(&report, host.mode());
            return self.common.fail(&message, report.state.exit_code()).map(Err);
        }
        let migrations = match forward(&operating.set, &report, target) {
            Ok(migrations) => migrations,
            Err(message) => return self.common.fail(&message, USAGE).map(Err),
        };
        if self.sql {
            match script(&migrations, operating.url().dialect(), SystemClock.now()) {
                Ok(text) => output::text(&text)?,
                Err(error) => return self.common.fail_with(&error).map(Err),
            }
        }
        Ok(Ok(migrations.last().map(|m| m.version).or(report.head)))
    }
}
