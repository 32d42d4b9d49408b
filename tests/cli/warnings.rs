//! What is allowed and worth a warning: a password in the process list, a connection that may go without TLS.

use rstest::rstest;

use testkit::cli::run;
use testkit::free_port;

#[rstest]
#[case::status(&["migrate", "status"])]
#[case::list(&["backup", "list"])]
#[case::restore(&["restore", "--yes"])]
#[case::serve(&["serve"])]
fn a_password_on_the_command_line(#[case] arguments: &[&str]) {
    let url = format!("postgres://ana:hunter2@127.0.0.1:{}/d", free_port());
    let waits = [("DATABASE_WAIT", "0s"), ("PORT", "0")];
    let run_with = |flags: &[&str], variables: &[(&str, &str)]| {
        run(&[arguments, flags].concat(), &[&waits[..], variables].concat()).stderr
    };
    let warned = run_with(&["--database-url", &url], &[]);
    assert!(warned.contains("DATABASE_URL_FILE"), "{warned}");
    assert!(!warned.contains("hunter2"), "{warned}");
    let quiet = run_with(&[], &[("DATABASE_URL", &url)]);
    assert!(!quiet.contains("DATABASE_URL_FILE"), "{quiet}");
    let without_password = url.replace(":hunter2", "");
    let quiet = run_with(&["--database-url", &without_password], &[]);
    assert!(!quiet.contains("DATABASE_URL_FILE"), "{quiet}");
}

/// A start says so once, and goes on to find the server away.
#[rstest]
#[case::default("postgres://ana@db.invalid:1/d", Some("prefer"))]
#[case::a_plain_name("postgres://ana@postgres_.invalid/d?sslmode=disable", Some("disable"))]
#[case::allow("postgres://ana@db.invalid:1/d?sslmode=allow", Some("allow"))]
#[case::demanded("postgres://ana@db.invalid:1/d?sslmode=require", None)]
#[case::loopback("postgres://ana@127.0.0.2:1/d", None)]
#[case::loopback_6("postgres://ana@[::1]:1/d", None)]
#[case::localhost("postgres://ana@localhost:1/d", None)]
#[case::socket("postgres://ana@/d?host=/nowhere", None)]
#[case::file("sqlite:/nowhere/at/all/tasks.db", None)]
fn a_remote_server_without_tls(#[case] url: &str, #[case] mode: Option<&str>) {
    let variables = [("DATABASE_URL", url), ("DATABASE_WAIT", "0s"), ("PORT", "0")];
    let said = run(&["serve"], &variables).stderr;
    let warnings: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("database connection may be unencrypted"))
        .collect();
    assert_eq!(warnings.len(), usize::from(mode.is_some()), "{said}");
    if let Some(mode) = mode {
        let line = warnings[0];
        assert!(line.contains("WARN") && line.contains(mode), "{line}");
        assert!(line.contains("sslmode=verify-full"), "{line}");
    }
}
