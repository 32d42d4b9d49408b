//! A password never comes back out, wherever it was put and whatever is wrong beside it.

use proptest::prelude::*;
use rstest::rstest;

use testkit::cli::run;
use testkit::free_port;

const SECRET: &str = "hunter2";

#[track_caller]
fn assert_silent(arguments: &[&str], variables: &[(&str, &str)]) {
    let run = run(arguments, variables);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(!said.contains(SECRET), "{arguments:?} {variables:?} said {said}");
}

#[rstest]
fn not_by_any_command_and_not_without_a_database(
    #[values(
        &["config"],
        &["config", "--json"],
        &["migrate", "status"],
        &["migrate", "status", "--json"],
        &["serve"],
        &[]
    )]
    arguments: &[&str],
    #[values(
        "postgres://ana:hunter2@127.0.0.1:{port}/d",
        "postgresql+asyncpg://:hunter2@127.0.0.1:{port}/d?sslmode=disable",
        "postgres://ana@127.0.0.1:{port}/d?password=hunter2",
        "postgres://ana@127.0.0.1:{port}/d?pa%73sword=hunter2",
        "postgres://ana:x@127.0.0.1:{port}/d?options=-c%20x.y%3Dhunter2&unknown=hunter2",
        "postgres://ana:hunter2@127.0.0.1:{port}/d?sslmode=never",
        "postgres://ana:hunter2@127.0.0.1:0/d",
        "postgres://ana:hunter2@127.0.0.1:x/d",
        "postgres://ana:h@/hunter2@127.0.0.1:{port}/d",
        "postgres://ana:a?hunter2@127.0.0.1/d",
        "postgres://ana:a#hunter2@127.0.0.1/d",
        "postgres:ana:hunter2@127.0.0.1/d",
        "mysql://ana:hunter2@127.0.0.1/d",
        "ana:hunter2@127.0.0.1/d",
        "hunter2"
    )]
    url: &str,
) {
    let url = url.replace("{port}", &free_port().to_string());
    let waits = [("DATABASE_WAIT", "0s"), ("PORT", "0"), ("RUST_LOG", "trace")];
    assert_silent(arguments, &[&waits[..], &[("DATABASE_URL", &url)]].concat());
    assert_silent(arguments, &[&waits[..], &[("MIGRATE_DATABASE_URL", &url)]].concat());
    assert_silent(&[arguments, &["--database-url", &url]].concat(), &waits);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &url).expect("a secret");
    let path = file.path().to_str().expect("UTF-8");
    assert_silent(arguments, &[&waits[..], &[("DATABASE_URL_FILE", path)]].concat());
}

#[test]
fn not_from_another_variable() {
    let url = "postgres://ana:hunter2@127.0.0.1/d";
    for variable in taskmanager::config::VARIABLES {
        assert_silent(&["config"], &[(variable.name, url)]);
        assert_silent(&["config", &format!("--{}", variable.flag), url], &[]);
    }
}

#[rstest]
#[case("http://ana:hunter2@127.0.0.1:{port}/")]
#[case("http://ana:hunter2@127.0.0.1:99999/")]
#[case("https://ana:hunter2@127.0.0.1/")]
fn not_from_the_url_of_a_probe(#[case] url: &str) {
    let url = url.replace("{port}", &free_port().to_string());
    assert_silent(&["healthcheck", "--url", &url], &[]);
    run(&["healthcheck", "--url", &url], &[]).expect(1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn not_with_any_character_around_it(
        scheme in "postgres://|postgresql://|postgres:/|mysql://|",
        user in "[a-z@:/?#%&= ]{0,4}",
        before in "[a-z@:/?#%&=\\\\ ;+]{0,4}",
        after in "[a-z@:/?#%&=\\\\ ;+]{0,4}",
        tail in "[a-z0-9@:/?#%&=]{0,12}",
    ) {
        let url = format!("{scheme}{user}:{before}{SECRET}{after}@127.0.0.1{tail}");
        assert_silent(&["config"], &[("DATABASE_URL", &url)]);
    }
}
