//! `taskmanager config`: every setting in force, and where it came from.

use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::config::{Config, Setting};
use schemakeep_cli::output;

/// Show every setting, its value (secrets redacted) and where it came from
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let settings = config.lines();
        if self.json {
            output::json(&document(&settings))?;
        } else {
            output::text(&table(&settings))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table(settings: &[Setting]) -> String {
    let rows: Vec<_> = settings.iter().map(|s| [s.name, &s.value, s.source.as_str()]).collect();
    output::table(["NAME", "VALUE", "SOURCE"], &rows)
}

fn document(settings: &[Setting]) -> Map<String, Value> {
    let member =
        |s: &Setting| (s.name.to_owned(), json!({ "value": s.value, "source": s.source.as_str() }));
    settings.iter().map(member).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, variable};

    fn settings() -> Vec<Setting> {
        let mut flags = Flags::default();
        flags.set(&variable::DATABASE_URL, "postgres://u:hunter2@h/d");
        Config::load(&flags, &|_| None, false).expect("a configuration").lines()
    }

    #[test]
    fn both_forms_show_value_and_source_without_password() {
        let table = table(&settings());
        assert_eq!(table.lines().count(), 27);
        let line = table.lines().nth(1).expect("a line");
        let cells: Vec<_> = line.split_whitespace().collect();
        assert_eq!(cells, ["DATABASE_URL", "postgres://u:***@h/d", "flag"]);
        let document = document(&settings());
        let expected = json!({ "value": "postgres://u:***@h/d", "source": "flag" });
        assert_eq!(document["DATABASE_URL"], expected);
        assert_eq!(document["PORT"], json!({ "value": "8000", "source": "default" }));
    }
}
