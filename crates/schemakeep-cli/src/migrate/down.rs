//! `taskmanager migrate down`, `redo` and `reset`: going back, and there again.

use std::process::ExitCode;

use super::common::{Common, USAGE};
use super::session::{Changes, Operating, print};
use crate::Host;
use schemakeep::Migration;
use schemakeep::Safety;
use schemakeep::history::Standing;
use schemakeep::inspect::read_history;
use schemakeep::preview::{Target, back};

/// How it is gone back.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Manner {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Make no backup, whatever `MIGRATE_BACKUP` says
    #[arg(long)]
    no_backup: bool,
}

/// Revert migrations, newest first: says what data is lost, and asks
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed or not confirmed, 2 wrong version or count, or nobody to ask, 9 migration lock unavailable, 11 backup failed, 12 database unreachable.\n\nExamples:\n  taskmanager migrate down 1\n  taskmanager migrate down --to 20261121090200\n  taskmanager migrate down --all --yes"
)]
#[group(skip)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// How many
    #[arg(value_name = "N", required_unless_present_any = ["to", "all"], conflicts_with_all = ["to", "all"])]
    count: Option<usize>,
    /// The version that stays as the newest
    #[arg(long, value_name = "VERSION", conflicts_with = "all")]
    to: Option<i64>,
    /// All of them
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    manner: Manner,
}

/// Revert the newest migration and apply it again
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed or not confirmed, 2 nothing applied, or nobody to ask, 9 migration lock unavailable, 11 backup failed, 12 database unreachable.\n\nExample:\n  taskmanager migrate redo --yes"
)]
pub struct Redo {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    manner: Manner,
}

/// Revert every migration and apply them all again: an empty schema
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed or not confirmed, 2 nobody to ask, 9 migration lock unavailable, 11 backup failed, 12 database unreachable.\n\nExample:\n  taskmanager migrate reset --yes"
)]
pub struct Reset {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    manner: Manner,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let target = match (self.count, self.to) {
            (Some(count), _) => Target::Count(count),
            (_, Some(version)) => Target::Version(version),
            _ => Target::All,
        };
        go_back(&self.common, host, target, self.manner, false).await
    }
}

impl Redo {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        go_back(&self.common, host, Target::Count(1), self.manner, true).await
    }
}

impl Reset {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        go_back(&self.common, host, Target::All, self.manner, true).await
    }
}

async fn go_back(
    common: &Common,
    host: &dyn Host,
    target: Target,
    manner: Manner,
    and_there_again: bool,
) -> anyhow::Result<ExitCode> {
    let mut operating = match Operating::new(common, host)? {
        Ok(operating) => operating,
        Err(error) => return common.fail_with(&error),
    };
    if manner.no_backup {
        operating.settings.safety.backup = None;
    }
    let applied = match applied(&operating).await {
        Ok(applied) => applied,
        Err(message) => return common.fail(&message, super::common::UNREACHABLE),
    };
    let reverted = match back(&operating.set, &applied, target) {
        Ok(reverted) => reverted,
        Err(message) => return common.fail(&message, USAGE),
    };
    if let Some(refusal) = irreversible(&reverted) {
        return common.fail(&refusal, 1);
    }
    if !reverted.is_empty()
        && let Some(code) = operating.confirm(common, manner.yes, &reverted).await?
    {
        return Ok(code);
    }
    let stays = applied.iter().copied().filter(|v| reverted.iter().all(|m| m.version != *v)).max();
    let outcome = match operating.watched(common, Box::pin(operating.operation().down(stays))).await
    {
        Ok(outcome) => outcome,
        Err(error) => return operating.fail_with(common, &error),
    };
    if !and_there_again {
        return print(common, &operating, outcome, Changes::Reverted);
    }
    // What was there before comes back: redo and reset do not apply what was pending, and what stood before
    // is not judged again.
    operating.settings.safety = Safety::none();
    let to = applied.iter().copied().max();
    match operating.watched(common, Box::pin(operating.operation().up(to))).await {
        Ok(outcome) => print(common, &operating, outcome, Changes::Applied),
        Err(error) => operating.fail_with(common, &error),
    }
}

async fn applied(operating: &Operating) -> Result<Vec<i64>, String> {
    let lines = read_history(operating.url(), &operating.set).await;
    let lines =
        lines.map_err(|error| format!("database {} cannot be read: {error}", operating.url()))?;
    let there = lines.iter().filter(|line| line.standing != Standing::Pending);
    Ok(there.map(|line| line.version).collect())
}

fn irreversible(migrations: &[&Migration]) -> Option<String> {
    migrations.iter().find_map(|migration| {
        let why = migration.irreversible.as_ref()?;
        let (version, description) = (migration.version, &migration.description);
        Some(format!(
            "migration {version} ({description}) cannot be undone: {why}; nothing was changed"
        ))
    })
}
