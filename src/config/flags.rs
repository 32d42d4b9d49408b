//! The variables as command line flags, made from the table; values stay raw text here.

use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::variable::{VARIABLES, Variable};

/// The flags that were given, each with its text as it came.
///
/// Its `Debug` shows names only, since a value may hold a password.
#[derive(Clone, Default)]
pub struct Flags(BTreeMap<&'static str, String>);

impl Flags {
    /// The text of a flag, if it was given.
    #[must_use]
    pub fn get(&self, variable: &Variable) -> Option<&str> {
        self.0.get(variable.name).map(String::as_str)
    }

    /// Gives a flag a text, as the command line would.
    pub fn set(&mut self, variable: &Variable, text: impl Into<String>) {
        self.0.insert(variable.name, text.into());
    }
}

impl std::fmt::Debug for Flags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for variable in VARIABLES {
            if let Some(text) = matches.get_one::<String>(variable.name) {
                self.set(variable, text);
            }
        }
        Ok(())
    }
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        command.next_help_heading("Configuration").args(VARIABLES.iter().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn flag(variable: &Variable) -> Arg {
    Arg::new(variable.name)
        .long(variable.flag)
        .value_name(variable.placeholder)
        .help(format!("{} [{}] [default: {}]", variable.meaning, variable.name, variable.default))
        .global(true)
}

#[cfg(test)]
mod tests {
    use super::super::variable::{DATABASE_URL, PORT};
    use super::*;

    fn command() -> Command {
        Flags::augment_args(Command::new("x")).subcommand(Command::new("y"))
    }

    fn read(line: &[&str]) -> Flags {
        let matches = command().try_get_matches_from(line).expect("a command line");
        Flags::from_arg_matches(&matches).expect("flags")
    }

    #[test]
    fn every_variable_is_a_flag_with_its_default_in_the_help() {
        let help = command().term_width(0).render_long_help().to_string();
        for variable in VARIABLES {
            assert!(help.contains(&format!("--{} <{}>", variable.flag, variable.placeholder)));
            assert!(help.contains(&format!("[{}] [default: {}]", variable.name, variable.default)));
        }
    }

    #[test]
    fn a_flag_counts_before_and_after_the_subcommand() {
        for line in [&["x", "--port", "1", "y"], &["x", "y", "--port", "1"]] {
            assert_eq!(read(line).get(&PORT), Some("1"));
        }
        assert_eq!(read(&["x"]).get(&PORT), None);
    }

    #[test]
    fn debug_shows_no_value() {
        let flags = read(&["x", "--database-url", "postgres://u:hunter2@h/d"]);
        assert!(flags.get(&DATABASE_URL).is_some_and(|text| text.contains("hunter2")));
        assert_eq!(format!("{flags:?}"), r#"{"DATABASE_URL"}"#);
    }
}
