//! The program: reads the command line, runs it, returns its exit code.

use std::process::ExitCode;

use clap::Parser;
use taskmanager::cli::Cli;

/// A tenth of a request's processor time went to glibc's; docs/BENCHMARKS.md has what this one saves.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    taskmanager::program::PROGRAM.install();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(cli.run());
    // What still blocks a thread, such as a name that cannot be looked up, must not hold the exit.
    runtime.shutdown_background();
    code
}
