//! At a terminal: `down` asks, and only `yes` is a yes.

use std::fs::File;
use std::io::Write as _;
use std::process::{Child, ChildStdin, Command, Stdio};

use rstest::rstest;
use tempfile::TempDir;

use crate::fixture::{Files, recorded};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Database, WITHIN, until};

const QUESTION: &str = "Type yes to go on: ";

/// The program at a pseudo-terminal, which `script` of util-linux makes.
pub(crate) struct Terminal {
    child: Child,
    keys: ChildStdin,
    folder: TempDir,
}

impl Terminal {
    fn open(files: &Files, database: &Database, arguments: &str) -> Self {
        let arguments = format!("{arguments} --migrations '{}'", files.path());
        Self::begin(&arguments, &[("DATABASE_URL", &database.url)])
    }

    /// `taskmanager migrate ARGUMENTS`, with these variables.
    pub(crate) fn begin(arguments: &str, variables: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temp folder");
        let program = env!("CARGO_BIN_EXE_taskmanager");
        let command = format!("exec '{program}' migrate {arguments}");
        let screen = File::create(folder.path().join("screen")).expect("a file");
        let mut child = Command::new("/usr/bin/script")
            .args(["-qefc", &command, "/dev/null"])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("SHELL", "/bin/sh")
            .envs(variables.iter().copied())
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(screen)
            .stderr(Stdio::null())
            .spawn()
            .expect("script, of util-linux");
        let keys = child.stdin.take().expect("a keyboard");
        Self { child, keys, folder }
    }

    pub(crate) fn screen(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("screen")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Types an answer when asked, and returns the exit code.
    pub(crate) async fn answer(&mut self, question: &str, keys: &[u8]) -> Option<i32> {
        until("the question", WITHIN, async || self.screen().contains(question).then_some(()))
            .await;
        self.keys.write_all(keys).expect("keys");
        self.keys.flush().expect("keys");
        self.end().await
    }

    async fn end(&mut self) -> Option<i32> {
        until("the program to end", WITHIN, async || self.child.try_wait().expect("a child"))
            .await
            .code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[rstest]
#[case::yes(b"yes\n", 0, 0)]
#[case::no(b"no\n", 1, 3)]
#[case::short(b"y\n", 1, 3)]
#[case::nothing(b"\n", 1, 3)]
#[case::end_of_input(b"\x04", 1, 3)]
#[tokio::test]
async fn only_yes_goes_on(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] keys: &[u8],
    #[case] code: i32,
    #[case] left: usize,
) {
    let files = Files::library();
    let database = files.applied(on).await;
    let mut terminal = Terminal::open(&files, &database, "down --all");
    assert_eq!(terminal.answer(QUESTION, keys).await, Some(code), "{}", terminal.screen());
    assert_eq!(recorded(&database).await.len(), left, "{}", terminal.screen());
    let words = if code == 0 { "reverted" } else { "nothing was changed" };
    assert!(terminal.screen().contains(words), "{}", terminal.screen());
}

/// A person who is asked can leave.
#[rstest]
#[tokio::test]
async fn control_c_ends_the_question(#[values(Sqlite, Postgres)] on: Backend) {
    let files = Files::library();
    let database = files.applied(on).await;
    let mut terminal = Terminal::open(&files, &database, "reset");
    assert_eq!(terminal.answer(QUESTION, b"\x03").await, Some(1), "{}", terminal.screen());
    assert_eq!(recorded(&database).await.len(), 3);
}

#[rstest]
#[tokio::test]
async fn with_yes_nobody_is_asked(#[values(Sqlite, Postgres)] on: Backend) {
    let files = Files::library();
    let database = files.applied(on).await;
    let mut terminal = Terminal::open(&files, &database, "down 1 --yes");
    assert_eq!(terminal.end().await, Some(0), "{}", terminal.screen());
    assert!(!terminal.screen().contains("Type yes"), "{}", terminal.screen());
    assert_eq!(recorded(&database).await.len(), 2);
}
