//! The command line: what can be typed, and the exit code of each outcome.
//!
//! A file a subcommand, each with its `Args` and its `run`. Exit codes: 0 done, 1 failed, 2 the
//! command line or the configuration is wrong; `migrate` and `backup` have more of their own.

mod backup_run;
mod config;
mod healthcheck;
mod host;
mod openapi;
mod serve;

use std::ffi::OsString;
use std::io::{IsTerminal, stderr};
use std::pin::Pin;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rustix::fs::Mode;

use crate::config::{Config, ConfigErrors, Flags, Listen};
use crate::telemetry::logging;

/// Exit code of a wrong command line or configuration, as `clap` has it.
const USAGE: u8 = 2;

/// A task service whose database schema cannot be out of step with its code
#[derive(Debug, Parser)]
#[command(name = "taskmanager", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    #[command(subcommand)]
    Migrate(schemakeep_cli::Migrate),
    #[command(subcommand)]
    Backup(Backup),
    Restore(schemakeep_cli::restore::Args),
    Healthcheck(healthcheck::Args),
    Config(config::Args),
    Openapi(openapi::Args),
}

/// Make, list, verify and remove backups of the database
#[derive(Debug, Subcommand)]
enum Backup {
    #[command(flatten)]
    Engine(schemakeep_cli::Backup),
    Run(backup_run::Args),
}

impl Cli {
    /// Does what was asked for and returns the process's exit code; errors go to standard error,
    /// one line for each problem.
    pub async fn run(self) -> ExitCode {
        let ended = Box::pin(self.dispatch()).await;
        logging::end_buffering();
        match ended {
            Ok(code) => code,
            Err(error) => {
                eprintln!("{error:#}");
                let usage = error.is::<ConfigErrors>();
                if usage { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
            }
        }
    }

    async fn dispatch(self) -> anyhow::Result<ExitCode> {
        let Self { flags, command } = self;
        // A database, its log, its lock and its backups are nobody else's; a migration is a file of the project.
        if !matches!(&command, Some(Command::Migrate(migrate)) if migrate.writes_sources()) {
            rustix::process::umask(Mode::RWXG | Mode::RWXO);
        }
        // Each command loads what it needs: a probe must not fail over a database's address.
        let config = || Config::load(&flags, &variable, stderr().is_terminal());
        let listen = || Listen::load(&flags, &variable);
        let config_of_command = || {
            let config = config()?;
            for variable in config.secrets_on_command_line() {
                eprintln!(
                    "warning: a flag puts the password of {variable} into the process list: {}",
                    serve::secret_fix(variable)
                );
            }
            Ok::<_, ConfigErrors>(config)
        };
        match command {
            Some(Command::Healthcheck(args)) => args.run(listen).await,
            Some(Command::Config(args)) => args.run(&config()?),
            Some(Command::Openapi(args)) => args.run(),
            Some(Command::Migrate(migrate)) => boxed(migrate.run(&config_of_command()?)).await,
            Some(Command::Backup(Backup::Engine(backup))) => {
                boxed(backup.run(&config_of_command()?)).await
            }
            Some(Command::Backup(Backup::Run(args))) => {
                boxed(args.run(&config_of_command()?)).await
            }
            Some(Command::Restore(args)) => boxed(args.run(&config_of_command()?)).await,
            Some(Command::Serve(args)) => boxed(args.run(config()?)).await,
            None => boxed(serve::Args::default().run(config()?)).await,
        }
    }
}

/// Puts a command on the heap and hides its type: those of several, nested, are more than the compiler follows.
fn boxed<'a, T>(command: impl Future<Output = T> + 'a) -> Pin<Box<dyn Future<Output = T> + 'a>> {
    Box::pin(command)
}

/// Looks a variable of the process up.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
