//! One run of the binary: nothing in its environment but what the test gives, its output in pipes.

use std::process::{Command, Stdio};

use tempfile::TempDir;

/// How a run ended, and what it said.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `taskmanager` in an empty folder until it ends.
pub(crate) fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let folder = TempDir::new().expect("a temp folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_taskmanager"));
    command.args(arguments).env_clear().current_dir(folder.path()).stdin(Stdio::null());
    let output = command.envs(variables.iter().copied()).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Run {
        code: output.status.code().expect("an exit code"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

impl Run {
    /// Demands an exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }
}
