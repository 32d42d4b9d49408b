//! `taskmanager healthcheck` against instances that are there, and that are not.

use rstest::rstest;

use testkit::cli::run;
use testkit::{App, Backend, free_port};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_ready_instance_is_zero_and_silent(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let port = app.server.port.to_string();
    // Only where the instance listens is read: a probe does not fail over the rest.
    let variables = [("PORT", port.as_str()), ("HOST", "0.0.0.0"), ("DATABASE_URL", "nonsense")];
    let healthy = run(&["healthcheck"], &variables).expect(0);
    assert_eq!((healthy.stdout.as_str(), healthy.stderr.as_str()), ("", ""));
    let url = format!("{}/health/live", app.server.url());
    run(&["healthcheck", "--url", &url], &[]).expect(0);
    run(&["healthcheck", "--port", &port], &[("PORT", "1")]).expect(0);

    let elsewhere = format!("{}/nowhere", app.server.url());
    let refused = run(&["healthcheck", "--url", &elsewhere], &[]).expect(1);
    assert!(refused.stderr.contains("404") && refused.stderr.lines().count() == 1, "{refused:?}");
}

#[test]
fn nobody_there_is_one_and_one_line() {
    let port = free_port().to_string();
    let down = run(&["healthcheck"], &[("PORT", &port)]).expect(1);
    assert_eq!(down.stdout, "");
    assert_eq!(down.stderr.lines().count(), 1, "{}", down.stderr);
    assert!(
        down.stderr.contains(&format!("http://127.0.0.1:{port}/health/ready")),
        "{}",
        down.stderr
    );
}

#[test]
fn an_address_that_cannot_be_read_is_two() {
    let refused = run(&["healthcheck"], &[("PORT", "x"), ("HOST", "a b")]).expect(2);
    assert_eq!(refused.stderr.lines().count(), 2, "{}", refused.stderr);
}
