//! `taskmanager migrate lint`: what will hurt, found in the files alone.

mod report;
mod sarif;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::report::{Located, Report};
use super::common::{Common, USAGE};
use crate::Host;
use crate::output;
use schemakeep::Dialect;
use schemakeep::lint::{Severity, lint, lint_files};

/// Exit code when there are findings.
const FINDINGS: u8 = 10;

/// Find what will hurt, in the files alone: for both databases, no database needed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 no error-level finding (there may be warnings), 2 a file that is none, 10 errors.\n\nExamples:\n  taskmanager migrate lint\n  taskmanager migrate lint migrations/postgres/20261121090000_create_tasks.up.sql --json\n  taskmanager migrate lint --dialect postgres draft.up.sql\n  taskmanager migrate lint --sarif > lint.sarif"
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Only the migrations of these files, wherever they are, each judged after those before it in its folder; all
    /// migrations unless given
    files: Vec<PathBuf>,
    /// What the files speak, where their folder is called neither postgres nor sqlite
    #[arg(long, value_enum, requires = "files")]
    dialect: Option<Spoken>,
    /// Print one SARIF 2.1.0 document, for code hosts
    #[arg(long, conflicts_with = "json")]
    sarif: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Spoken {
    Postgres,
    Sqlite,
}

impl Args {
    pub(crate) fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let found = if self.files.is_empty() {
            match self.all(host) {
                Ok(found) => found,
                Err(error) => return self.common.fail_with(&error),
            }
        } else {
            match self.of_files() {
                Ok(found) => found,
                Err(message) => return self.common.fail(&message, USAGE),
            }
        };
        if self.sarif {
            output::json(&sarif::document(&found))?;
        } else if self.common.json {
            output::json(&Report { findings: &found })?;
        } else {
            let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            output::text(&report::text(&found, colour))?;
        }
        let grave = found.iter().any(|located| located.finding.severity == Severity::Error);
        Ok(ExitCode::from(if grave { FINDINGS } else { 0 }))
    }

    fn all(&self, host: &dyn Host) -> Result<Vec<Located>, schemakeep::MigrateError> {
        let mut found = Vec::new();
        for (dialect, name) in [(Dialect::Postgres, "postgres"), (Dialect::Sqlite, "sqlite")] {
            let set = self.common.set_of(host, dialect)?;
            let folder = match &self.common.migrations {
                // Where they are in this program's repository.
                None => Path::new("migrations").join(name),
                Some(folder) if folder.join(name).is_dir() => folder.join(name),
                Some(folder) => folder.clone(),
            };
            let located = lint(&set, dialect, |_| true).into_iter().map(|finding| Located {
                shown: format!("{name}/{}", finding.file),
                path: folder.join(&finding.file),
                finding,
            });
            found.extend(located);
        }
        Ok(found)
    }

    fn of_files(&self) -> Result<Vec<Located>, String> {
        let dialect = self.dialect.map(|spoken| match spoken {
            Spoken::Postgres => Dialect::Postgres,
            Spoken::Sqlite => Dialect::Sqlite,
        });
        let found = lint_files(&self.files, dialect)?.into_iter();
        let located = found.map(|(path, finding)| Located {
            shown: path.display().to_string(),
            path,
            finding,
        });
        Ok(located.collect())
    }
}
