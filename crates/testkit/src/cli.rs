//! One run of the binary: nothing in its environment but what the test gives, its output in pipes.

use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::server::binary;

/// How a run ended, and what it said.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// The names of the files that it left in its folder.
    pub left: Vec<String>,
}

/// Runs `taskmanager` in an empty folder until it ends.
///
/// # Panics
///
/// When it does not start, is killed by a signal, or prints what is only for a terminal.
#[must_use]
pub fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let folder = TempDir::new().expect("a temp folder");
    let mut command = Command::new(binary());
    command.args(arguments).env_clear().current_dir(folder.path()).stdin(Stdio::null());
    if let Some(file) = std::env::var_os("LLVM_PROFILE_FILE") {
        command.env("LLVM_PROFILE_FILE", file);
    }
    let output = command.envs(variables.iter().copied()).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let entries = std::fs::read_dir(folder.path()).expect("the folder");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("an entry").file_name().to_string_lossy().into_owned()
    };
    let run = Run {
        code: output.status.code().expect("an exit code"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
        left: entries.map(name).collect(),
    };
    // Nobody watches: no colour, and nothing that moves.
    let said = [&run.stdout, &run.stderr];
    assert!(said.iter().all(|text| !text.contains(['\u{1b}', '\r'])), "{run:?}");
    run
}

impl Run {
    /// Demands an exit code.
    ///
    /// # Panics
    ///
    /// When it was another.
    #[expect(clippy::return_self_not_must_use, reason = "most want nothing but the code")]
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// The whole of standard output as JSON, with nothing on standard error.
    ///
    /// # Panics
    ///
    /// When it is not one document and a line end, or something is on standard error.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.stderr, "", "{self:#?}");
        assert!(self.stdout.ends_with("}\n"), "{self:#?}");
        serde_json::from_str(&self.stdout).expect("one JSON document")
    }
}
