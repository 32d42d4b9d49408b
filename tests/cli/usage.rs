//! Help, version, and what is typed wrong.

use rstest::rstest;
use taskmanager::config::VARIABLES;

use testkit::cli::run;

#[test]
fn help_names_every_command_and_every_flag() {
    let help = run(&["--help"], &[]).expect(0);
    assert_eq!(help.stderr, "");
    for command in ["serve", "migrate", "healthcheck", "config", "openapi"] {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{command}:\n{}", help.stdout);
    }
    let words: Vec<_> = help.stdout.split_whitespace().collect();
    for variable in VARIABLES {
        for word in [format!("--{}", variable.flag), format!("[{}]", variable.name)] {
            assert!(words.contains(&word.as_str()), "{word}:\n{}", help.stdout);
        }
    }
    assert!(help.stdout.lines().all(|line| line.chars().count() <= 100), "{}", help.stdout);
}

#[rstest]
#[case(&["serve", "--help"], "Bring the schema up to date")]
#[case(&["migrate", "--help"], "status")]
#[case(&["migrate", "status", "--help"], "12 database unreachable")]
#[case(&["healthcheck", "--help"], "--url")]
#[case(&["config", "--help"], "--json")]
#[case(&["openapi", "--help"], "OpenAPI 3.1")]
fn every_command_has_its_help(#[case] arguments: &[&str], #[case] words: &str) {
    let help = run(arguments, &[]).expect(0);
    assert!(help.stdout.contains(words), "{}", help.stdout);
}

#[test]
fn version_is_one_line() {
    let version = run(&["--version"], &[]).expect(0);
    assert_eq!(version.stdout, concat!("taskmanager ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[rstest]
#[case(&["--prot", "1"], "--prot")]
#[case(&["serv"], "serv")]
#[case(&["migrate"], "Usage")]
#[case(&["migrate", "statu"], "statu")]
#[case(&["config", "extra"], "extra")]
#[case(&["--port"], "--port")]
#[case(&["--port", "1", "--port", "2"], "--port")]
fn what_is_not_understood_is_two(#[case] arguments: &[&str], #[case] named: &str) {
    let refused = run(arguments, &[]).expect(2);
    assert_eq!(refused.stdout, "");
    assert!(refused.stderr.contains(named), "{}", refused.stderr);
    assert!(refused.left.is_empty(), "{:?}", refused.left);
}

#[test]
fn openapi_prints_the_document() {
    // Whatever else is set wrong: the document depends on nothing.
    let printed = run(&["openapi"], &[("PORT", "none")]).expect(0).json();
    let document = serde_json::to_value(taskmanager::http::document()).expect("a document");
    assert_eq!(printed, document);
}
