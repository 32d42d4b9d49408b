//! `taskmanager migrate diff`: the migrations that lead to the declared schema, drafted, proven and written.

mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use self::report::{DialectFinding, Report};
use super::common::{USAGE, fail, server};
use crate::Host;
use crate::confirm::answer;
use crate::output;
use schemakeep::autogenerate::{Side, drafts, questions, settles, strangers};
use schemakeep::desired::DesiredSchema;
use schemakeep::diff::{Planned, Rename, migrations};
use schemakeep::lint::{Finding, Severity};
use schemakeep::{
    Dialect, MigrateError, MigrationSet, NewMigration, lay_out, migration_name, write,
};
use schemakeep_db::DatabaseUrl;
use schemakeep_db::{Clock as _, SystemClock};

/// What is said where PostgreSQL's half cannot be brought up.
const NO_SERVER: &str = "\
PostgreSQL's half of a migration is drafted on a server: set REHEARSAL_DATABASE_URL to one on which the role may create
databases (DATABASE_URL does where it is one); an empty one is enough, such as

  docker run --rm --detach --publish 127.0.0.1:5433:5432 --env POSTGRES_PASSWORD=scratch postgres:17
  export REHEARSAL_DATABASE_URL=postgres://postgres:scratch@127.0.0.1:5433/postgres

nothing was written";

/// A failure, in words, and its exit code.
type Refused = (String, u8);

/// Write the migrations that lead from the ones that are there to the declared schema, up and down, for both databases
///
/// The migrations of the folder and the declared schema are brought up on scratch databases (PostgreSQL: on the server
/// of `REHEARSAL_DATABASE_URL` or `DATABASE_URL`), read and compared. What differs is drafted in safe forms, in as many
/// migrations as those need; each is applied and undone on the scratch database and read by the linter before a file is
/// written. Read the files before you commit them. What may be a rename is asked about at a terminal; else it is given
/// as `--rename`, or dropped and added with `--yes`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 written, or nothing to do; 1 no migration can be written, or what was drafted does not hold; 2 a name, a folder or a rename that is not fit, no server, or nobody to ask. In all but 0 nothing is written.\n\nExamples:\n  taskmanager migrate diff -m \"add labels to tasks\"\n  taskmanager migrate diff -m \"rename title\" --rename tasks.title=name\n  taskmanager migrate diff -m \"add labels to tasks\" --dry-run"
)]
pub struct Args {
    /// What the migration does, a verb and an object: its name
    #[arg(long, short, value_name = "WORDS")]
    message: String,
    /// The folder that holds postgres.sql and sqlite.sql
    #[arg(long, value_name = "FOLDER", default_value = "schema")]
    schema: PathBuf,
    /// The folder that holds postgres/ and sqlite/
    #[arg(long, value_name = "FOLDER", default_value = "migrations")]
    migrations: PathBuf,
    /// A column (TABLE.COLUMN=NEW) or a table (TABLE=NEW) that is renamed and not dropped (repeatable)
    #[arg(long, value_name = "OLD=NEW", value_parser = Rename::parse)]
    rename: Vec<Rename>,
    /// Print the files and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask: what may be a rename is dropped and added, its data with it
    #[arg(long)]
    yes: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let stop = host.stop_token()?;
        let mut sides = Vec::new();
        let outcome = match self.bring_up(host, &mut sides, &stop).await {
            Ok(name) => self.work(&name, &sides, &stop).await,
            Err(refused) => Ok(Err(refused)),
        };
        let mut left = Ok(());
        for side in sides {
            left = left.and(side.remove().await);
        }
        match outcome? {
            Err((message, code)) => return fail(self.json, &message, code),
            Ok(report) => output::report(self.json, &report)?,
        }
        match left {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => fail(self.json, &error.to_string(), error.exit_code()),
        }
    }

    /// Brings both dialects up, each to be thrown away afterwards, and returns the migration's name.
    async fn bring_up(
        &self,
        host: &dyn Host,
        sides: &mut Vec<Side>,
        stop: &CancellationToken,
    ) -> Result<String, Refused> {
        let unfit = |error: MigrateError| (error.to_string(), USAGE);
        let name = migration_name(&self.message).map_err(unfit)?;
        let mut read = Vec::new();
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            let folder = self.migrations.join(dialect.as_str());
            let set = MigrationSet::from_directory(&folder).map_err(unfit)?;
            read.push((
                dialect,
                set,
                DesiredSchema::from_folder(&self.schema, dialect)
                    .map_err(|error| unfit(error.into()))?,
            ));
        }
        let server: &DatabaseUrl = server(host).ok_or_else(|| (NO_SERVER.to_owned(), USAGE))?;
        for (dialect, set, declared) in read {
            let server = (dialect == Dialect::Postgres).then_some(server);
            let side = Side::bring_up(server, set, &declared, &SystemClock, stop.clone());
            let failed = |error: MigrateError| {
                let word = dialect.as_str();
                (format!("{word}: {error}; nothing was written"), error.exit_code())
            };
            sides.push(Box::pin(side).await.map_err(failed)?);
        }
        Ok(name)
    }

    async fn work(
        &self,
        name: &str,
        sides: &[Side],
        stop: &CancellationToken,
    ) -> anyhow::Result<Result<Report, Refused>> {
        let renames = match self.renames(sides, stop).await? {
            Ok(renames) => renames,
            Err(refused) => return Ok(Err(refused)),
        };
        Ok(Box::pin(self.draft(name, sides, &renames, stop)).await)
    }

    /// The renames that are given, and those that a person says yes to.
    async fn renames(
        &self,
        sides: &[Side],
        stop: &CancellationToken,
    ) -> anyhow::Result<Result<Vec<Rename>, Refused>> {
        let unknown: Vec<_> =
            strangers(sides, &self.rename).iter().map(ToString::to_string).collect();
        if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            let message = format!(
                "--rename {unknown}: nothing that the declared schema leaves out is called so; nothing was written"
            );
            return Ok(Err((message, USAGE)));
        }
        let mut renames = self.rename.clone();
        if self.yes || self.dry_run {
            return Ok(Ok(renames));
        }
        let open = questions(sides, &renames);
        for asked in &open {
            if renames.iter().any(|settled| settles(settled, asked)) {
                continue;
            }
            let question = format!(
                "Is this a rename that keeps the data: {asked}? Type yes, or no to drop the old one and add the new one: "
            );
            match answer(&question, stop).await?.as_deref() {
                None => return Ok(Err((report::nobody_there(&open), USAGE))),
                Some("yes") => renames.push(asked.clone()),
                Some("no") => {}
                Some(_) => {
                    let message = "neither yes nor no; nothing was written";
                    return Ok(Err((message.to_owned(), 1)));
                }
            }
        }
        Ok(Ok(renames))
    }

    /// Drafts, proves and, unless nothing is to be written, writes.
    async fn draft(
        &self,
        name: &str,
        sides: &[Side],
        renames: &[Rename],
        stop: &CancellationToken,
    ) -> Result<Report, Refused> {
        let drafts = drafts(sides, renames).map_err(|(dialect, why)| {
            (
                format!(
                    "no migration for {} can be written: {why}; nothing was written",
                    dialect.as_str()
                ),
                1,
            )
        })?;
        let mut report = Report::new(sides, &drafts);
        let [postgres, sqlite] = drafts.as_slice() else { return Ok(report) };
        let planned = migrations(name, postgres, sqlite);
        if planned.is_empty() {
            return Ok(report);
        }
        let names: Vec<&str> = planned.iter().map(|planned| planned.name.as_str()).collect();
        let text = |at: usize, dialect, direction| planned[at].text(dialect, direction);
        let unfit = |error: MigrateError| (error.to_string(), USAGE);
        let laid_out = lay_out(&self.migrations, &names, text, SystemClock.now()).map_err(unfit)?;
        for side in sides {
            let findings = prove(side, &planned, &laid_out, stop).await?;
            let found = |finding| DialectFinding { database: side.dialect, finding };
            report.findings.extend(findings.into_iter().map(found));
        }
        if !self.dry_run {
            write(&laid_out).map_err(unfit)?;
            report.written = true;
        }
        report.add(laid_out);
        Ok(report)
    }
}

/// Tries the migrations of one dialect; returns what the linter only warns of.
async fn prove(
    side: &Side,
    planned: &[Planned],
    laid_out: &[NewMigration],
    stop: &CancellationToken,
) -> Result<Vec<Finding>, Refused> {
    let does_not_hold = |why: String| {
        let word = side.dialect.as_str();
        (format!("what was drafted for {word} does not hold: {why}; nothing was written"), 1)
    };
    let set = side.with(planned, laid_out).map_err(|error| does_not_hold(error.to_string()))?;
    let faults = Box::pin(side.prove(&set, &SystemClock, stop.clone())).await;
    let faults = faults.map_err(|error| does_not_hold(error.to_string()))?;
    let (errors, warnings): (Vec<_>, Vec<_>) =
        side.findings(&set).into_iter().partition(|found| found.severity == Severity::Error);
    let errors = errors.iter().map(report::finding);
    let faults: Vec<String> = faults.into_iter().chain(errors).collect();
    if faults.is_empty() { Ok(warnings) } else { Err(does_not_hold(faults.join("; "))) }
}
