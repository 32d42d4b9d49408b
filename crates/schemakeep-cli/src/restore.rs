//! `taskmanager restore`: a backup takes the place of the database.

use schemakeep_db::plural;
use std::fmt::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use super::migrate::common::{Common, USAGE};
use super::output::{self, SchemaSummary};
use crate::Host;
use crate::confirm::{Answer, NOBODY_THERE, NOT_CONFIRMED, ask};
use schemakeep::{Done, Migrator, MigratorOptions, NoGate, Progress, Safety, SchemaState};
use schemakeep_backup::restore::{Chosen, Restore, RestoreError, Wanted};
use schemakeep_db::DatabaseUrl;
use schemakeep_db::SystemClock;

/// What is logged unless `RUST_LOG` says more: how far it is, and who is waited for.
const LOG_FILTER: &str =
    "warn,schemakeep_backup::restore=info,schemakeep_db::lock=info,schemakeep_db::retry=info";

/// Put a backup in the database's place, in one step; what was there is saved before
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without a name it is the newest valid backup that is not the save of a restore. What is replaced is saved first; `--undo` brings the newest such save back, and is undone in the same way. The backup is verified first; one with migrations that this program does not know is refused. A service that runs may go on: writes wait or are 503 meanwhile.\n\nExit codes: 0 done (also when the schema is behind then), 1 failed or not confirmed, 2 wrong command line, no such name, or nobody to ask, 9 migration lock unavailable, 10 not empty (--to-url), or something outside of the schema would be lost, 11 the backup is not valid or not for this program, or what is there cannot be saved, 12 database unreachable.\n\nExamples:\n  taskmanager restore\n  taskmanager restore taskmanager-20261121T110203Z-20261121090300 --yes\n  taskmanager restore --undo\n  taskmanager restore backups/taskmanager-20261121T110203Z-20261121090300.db --reset-to 20261121090200\n  taskmanager restore 1 --to-url sqlite:copy.db"
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// The backup: its name in `taskmanager backup list` or the beginning of it, its number there (1 is the newest),
    /// or a file
    #[arg(value_name = "NAME|INDEX|FILE")]
    backup: Option<String>,
    /// Restore what the last restore of the database replaced
    #[arg(long, conflicts_with_all = ["backup", "to_url"])]
    undo: bool,
    /// Restore into another database, which must be empty
    #[arg(long, value_name = "URL")]
    to_url: Option<String>,
    /// The version to bring the schema to afterwards, forward or back
    #[arg(long, value_name = "VERSION")]
    reset_to: Option<i64>,
    /// Go on when what is there cannot be saved, when a file has no manifest, or when --to-url is not empty
    #[arg(long)]
    force: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Args {
    pub async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        host.start_logging(LOG_FILTER)?;
        let target = match self.target(host) {
            Ok(target) => target,
            Err(problem) => {
                return self.common.fail(&format!("--to-url {problem}"), USAGE);
            }
        };
        let set = match self.common.set(host, &target) {
            Ok(set) => set,
            Err(error) => return self.common.fail_with(&error),
        };
        let stop = host.stop_token()?;
        let settings = MigratorOptions {
            url: target.clone(),
            // What is replaced is saved by the restore itself, and these migrations were applied before.
            safety: Safety::none(),
            ..host.migrator_options(stop.clone())
        };
        let folder = host.backup_folder(host.url());
        let wanted = match &self.backup {
            _ if self.undo => Wanted::Undo,
            Some(named) => Wanted::Named(named),
            None => Wanted::Newest,
        };
        let chosen = Chosen::find(wanted, &folder, host.url(), self.force, &stop).await;
        let chosen = chosen.and_then(|chosen| {
            chosen.check(&target, &set, self.reset_to)?;
            Ok(chosen)
        });
        let chosen = match chosen {
            Ok(chosen) => chosen,
            Err(error) => return self.fail(&error),
        };
        eprintln!("{}", self.in_words(&chosen, &target));
        if !self.yes {
            match ask(&stop).await? {
                Answer::Yes => {}
                Answer::No => return self.common.fail(NOT_CONFIRMED, 1),
                Answer::NobodyThere => return self.common.fail(NOBODY_THERE, USAGE),
            }
        }
        let (clock, progress) = (SystemClock, Progress::default());
        let restore = Restore {
            operation: Migrator {
                settings: &settings,
                set: &set,
                clock: &clock,
                progress: &progress,
                gate: &NoGate,
            },
            backup: &chosen,
            folder: &host.backup_folder(&target),
            only_empty: self.to_url.is_some(),
            force: self.force,
            reset_to: self.reset_to,
        };
        match Box::pin(restore.run()).await {
            Ok(restored) => {
                let report = Report {
                    restored: chosen.path.display().to_string(),
                    name: chosen.name(),
                    database: target.to_string(),
                    elsewhere: self.to_url.is_some(),
                    saved: restored.saved.map(|path| path.display().to_string()),
                    took: restored.took,
                    warnings: restored.warnings,
                    run_afterwards: restored.done,
                    schema: SchemaSummary::from(&restored.report),
                };
                output::report(self.common.json, &report)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => self.fail(&error),
        }
    }

    fn target(&self, host: &dyn Host) -> Result<DatabaseUrl, String> {
        self.to_url.as_deref().map_or_else(|| Ok(host.url().clone()), DatabaseUrl::parse)
    }

    fn fail(&self, error: &RestoreError) -> anyhow::Result<ExitCode> {
        self.common.fail(&error.to_string(), error.exit_code())
    }

    /// Which backup it is, whatever was typed, and what is about to happen.
    fn in_words(&self, chosen: &Chosen, target: &DatabaseUrl) -> String {
        let what = if self.undo { "undo the last restore of" } else { "restore into" };
        let mut words = format!("{what} {target}:\n  {}", chosen.path.display());
        if let Some(manifest) = &chosen.manifest {
            let head = manifest.schema_version;
            let head =
                head.map_or_else(|| "no version".to_owned(), |head| format!("version {head}"));
            let made = manifest.created_at.format(&Rfc3339).unwrap_or_default();
            let _ = write!(words, "\n  made {made} ({}), {head}", manifest.reason);
            if let Some(tasks) = manifest.rows.get("tasks") {
                let _ = write!(words, ", {tasks} task{}", if *tasks == 1 { "" } else { "s" });
            }
        }
        words.push_str("\nThe present content of the database is saved, then replaced.");
        words
    }
}

#[derive(Serialize)]
struct Report {
    restored: String,
    name: String,
    database: String,
    /// Into another database than the program's.
    #[serde(skip)]
    elsewhere: bool,
    saved: Option<String>,
    #[serde(rename = "seconds", serialize_with = "schemakeep_db::serialize::seconds")]
    took: Duration,
    warnings: Vec<String>,
    #[serde(serialize_with = "output::versions")]
    run_afterwards: Vec<Done>,
    #[serde(flatten)]
    schema: SchemaSummary,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, database) = (&self.name, &self.database);
        writeln!(f, "restored {name} into {database} ({:.1} s)", self.took.as_secs_f64())?;
        match &self.saved {
            Some(saved) if self.elsewhere => writeln!(
                f,
                "the replaced data is saved; to bring it back: taskmanager restore {saved} --to-url URL --force"
            ),
            Some(saved) => writeln!(
                f,
                "the replaced data is saved in {saved}; to bring it back: taskmanager restore --undo"
            ),
            None => writeln!(f, "nothing was saved of the replaced data"),
        }?;
        self.warnings.iter().try_for_each(|warning| writeln!(f, "{warning}"))?;
        for Done { version, description, .. } in &self.run_afterwards {
            writeln!(f, "ran {version}  {description}")?;
        }
        let schema = &self.schema;
        match schema.schema_state {
            SchemaState::Current => writeln!(f, "{schema}"),
            SchemaState::Behind => writeln!(
                f,
                "{schema}: {} pending; run `taskmanager migrate up`, or deploy the program that the backup is of",
                plural(schema.pending_migrations, "migration")
            ),
            _ => writeln!(f, "{schema}; `taskmanager migrate status` says what fixes it"),
        }
    }
}
