//! At a terminal: `restore` says what it is about to do and asks; only `yes` goes on.

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Stdio};

use rstest::rstest;

use crate::fixture::Case;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{WITHIN, until};

#[rstest]
#[case::yes(b"yes\n", 0)]
#[case::no(b"no\n", 1)]
#[tokio::test]
async fn only_yes_goes_on(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] keys: &[u8],
    #[case] code: i32,
) {
    let case = Case::with(on, 3).await;
    let backup = case.backup();
    case.add(2).await;
    let screen = case.folder.path().join("screen");
    // A pseudo-terminal, made by script of util-linux.
    let mut child = Command::new("/usr/bin/script")
        .args([
            "-qefc",
            &format!("exec '{}' restore", env!("CARGO_BIN_EXE_taskmanager")),
            "/dev/null",
        ])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("SHELL", "/bin/sh")
        .env("DATABASE_URL", &case.database.url)
        .env("BACKUP_DIR", case.backups())
        .stdin(Stdio::piped())
        .stdout(File::create(&screen).expect("a file"))
        .stderr(Stdio::null())
        .spawn()
        .expect("script, of util-linux");
    let shown =
        || String::from_utf8_lossy(&std::fs::read(&screen).unwrap_or_default()).into_owned();
    until("the question", WITHIN, async || shown().contains("Type yes to go on: ").then_some(()))
        .await;
    let name = backup.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
    assert!(shown().contains(&name), "it says which: {}", shown());
    child.stdin.take().expect("a keyboard").write_all(keys).expect("keys");
    let status = until("the end", WITHIN, async || child.try_wait().expect("a child")).await;
    assert_eq!(status.code(), Some(code), "{}", shown());
    let left = if code == 0 { 3 } else { 5 };
    assert_eq!(case.integer("SELECT count(*) FROM tasks").await, left);
}
