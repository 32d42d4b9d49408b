//! The configuration as a whole: precedence, problems reported together, and nothing secret shown.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;
use rstest::rstest;

use super::variable as v;
use super::*;

type Pairs<'a> = &'a [(&'a Variable, &'a str)];

fn load(flags: Pairs<'_>, environment: Pairs<'_>) -> Result<Config, ConfigErrors> {
    let mut given = Flags::default();
    for (variable, text) in flags {
        given.set(variable, *text);
    }
    let lookup = |name: &str| {
        environment.iter().find(|(variable, _)| variable.name == name).map(|(_, t)| t.into())
    };
    Config::load(&given, &lookup, false)
}

fn problems(flags: Pairs<'_>, environment: Pairs<'_>) -> Vec<String> {
    let errors = load(flags, environment).expect_err("problems");
    errors.to_string().lines().map(ToOwned::to_owned).collect()
}

fn source(config: &Config, variable: &Variable) -> Source {
    config.lines().into_iter().find(|line| line.name == variable.name).expect("a line").source
}

fn file(content: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("secret");
    std::fs::write(&path, content).expect("a file");
    let path = path.to_str().expect("UTF-8").to_owned();
    (directory, path)
}

#[test]
fn the_defaults_are_those_of_the_table() {
    let config = load(&[], &[]).expect("defaults");
    for line in config.lines() {
        assert_eq!(line.source, Source::Default);
        let variable = VARIABLES.iter().find(|v| v.name == line.name).expect("in the table");
        let expected = match variable.default {
            "DATABASE_URL" => config.database_url.to_string(),
            "text on a terminal, else json" => "json".to_owned(),
            "60s" => "1m".to_owned(),
            "HOST" => "127.0.0.1".to_owned(),
            "RENDER_EXTERNAL_URL, where Render sets it" => "none".to_owned(),
            words if words.starts_with("loopback names") => "loopback names".to_owned(),
            default => default.to_owned(),
        };
        assert_eq!(line.value, expected, "{}", line.name);
    }
    assert_eq!(config.listen_address(), "127.0.0.1:8000");
    assert_eq!(config.database_wait, Duration::from_mins(1));
}

#[test]
fn there_is_a_line_for_every_variable_that_is_no_file() {
    let lines = load(&[], &[]).expect("defaults").lines();
    let names: Vec<_> = lines.iter().map(|line| line.name).collect();
    let table = VARIABLES.iter().map(|v| v.name).filter(|name| !name.ends_with("_FILE"));
    assert_eq!(names, table.collect::<Vec<_>>());
}

#[rstest]
#[case(true, LogFormat::Text)]
#[case(false, LogFormat::Json)]
fn the_log_format_follows_the_terminal(#[case] is_terminal: bool, #[case] format: LogFormat) {
    let config = Config::load(&Flags::default(), &|_| None, is_terminal).expect("defaults");
    assert_eq!(config.log_format, format);
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_default() {
    let config = load(&[(&v::PORT, "1")], &[(&v::PORT, "2"), (&v::HOST, "::")]).expect("a config");
    assert_eq!((config.port, source(&config, &v::PORT)), (1, Source::Flag));
    assert_eq!(config.listen_address(), "[::]:1");
    assert_eq!(source(&config, &v::HOST), Source::Environment);
}

#[test]
fn an_empty_environment_variable_is_unset_and_an_empty_flag_is_not() {
    let config = load(&[(&v::CORS_ORIGINS, "")], &[(&v::PORT, ""), (&v::CORS_ORIGINS, "*")]);
    let config = config.expect("a config");
    assert_eq!(config.port, 8000);
    assert_eq!(config.cors_origins, CorsOrigins::None);
    assert_eq!(problems(&[(&v::PORT, "")], &[]).len(), 1);
}

#[test]
fn a_file_gives_the_url_without_its_line_end() {
    let (_directory, path) = file("postgres://u:hunter2@h/d\r\n\n");
    let config = load(&[], &[(&v::DATABASE_URL_FILE, &path)]).expect("a config");
    assert_eq!(config.database_url.describe_place(), "h:5432/d");
    assert_eq!(source(&config, &v::DATABASE_URL), Source::File);
    assert_eq!(config.migrate_database_url.to_string(), "postgres://u:***@h/d");
    assert_eq!(source(&config, &v::MIGRATE_DATABASE_URL), Source::Default);
    assert!(!format!("{config:?}{:?}", config.lines()).contains("hunter2"));
}

#[test]
fn a_flag_beats_both_forms_of_the_environment() {
    let environment =
        [(&v::DATABASE_URL, "sqlite:b.db"), (&v::DATABASE_URL_FILE, "/does/not/exist")];
    let config = load(&[(&v::DATABASE_URL, "sqlite:a.db")], &environment).expect("a config");
    assert_eq!(config.database_url.describe_place(), "a.db");
    let (_directory, path) = file("sqlite:c.db");
    let config = load(&[(&v::DATABASE_URL_FILE, &path)], &environment).expect("a config");
    assert_eq!(config.database_url.describe_place(), "c.db");
}

#[rstest]
#[case(true, "DATABASE_URL (flag --database-url): must not be set together with DATABASE_URL_FILE")]
#[case(false, "DATABASE_URL (environment): must not be set together with DATABASE_URL_FILE")]
fn a_url_and_its_file_are_refused(#[case] flags: bool, #[case] line: &str) {
    let both = [(&v::DATABASE_URL, "sqlite:a.db"), (&v::DATABASE_URL_FILE, "f")];
    let lines = if flags { problems(&both, &[]) } else { problems(&[], &both) };
    assert_eq!(lines, [line]);
}

#[test]
fn an_unreadable_or_empty_file_is_named_with_the_reason() {
    let lines = problems(&[], &[(&v::DATABASE_URL_FILE, "/does/not/exist")]);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("DATABASE_URL_FILE (environment): must name a readable file"));
    assert!(lines[0].contains("\"/does/not/exist\": No such file or directory"), "{}", lines[0]);
    let (_directory, path) = file("\n");
    let lines = problems(&[(&v::MIGRATE_DATABASE_URL_FILE, &path)], &[]);
    assert!(lines[0].starts_with("MIGRATE_DATABASE_URL_FILE (flag --migrate-database-url-file)"));
    assert!(lines[0].ends_with("secret\": empty"), "{}", lines[0]);
}

#[test]
fn a_url_in_place_of_a_path_keeps_its_password() {
    let lines = problems(&[], &[(&v::DATABASE_URL_FILE, "postgres://u:hunter2@h/d")]);
    assert!(lines[0].contains("\"postgres://u:***@h/d\""), "{}", lines[0]);
}

#[test]
fn all_problems_are_reported_one_line_each() {
    let lines = problems(
        &[(&v::PORT, "x\ny"), (&v::MIGRATE, "on")],
        &[
            (&v::DATABASE_URL, "mysql://u:hunter2@h/d"),
            (&v::MIGRATE_DATABASE_URL, "nothing"),
            (&v::HOST, "a b"),
            (&v::REQUEST_TIMEOUT, "10"),
            (&v::RUST_LOG, "a=b"),
        ],
    );
    assert_eq!(
        lines,
        [
            "DATABASE_URL (environment): must begin with sqlite: or postgres:// (or SQLAlchemy's \
             spelling of one), got \"mysql://u:***@h/d\"",
            "MIGRATE_DATABASE_URL (environment): must begin with sqlite: or postgres:// (or \
             SQLAlchemy's spelling of one), got \"***\"",
            "MIGRATE (flag --migrate): must be one of auto, check, off, got \"on\"",
            "HOST (environment): must be an IP address or a host name, got \"a b\"",
            "PORT (flag --port): must be a whole number from 0 to 65535, got \"x\\ny\"",
            "REQUEST_TIMEOUT (environment): must be a duration from 100ms to 1h with a unit, such \
             as 10s or 10ms, got \"10\"",
            "RUST_LOG (environment): must be a level (off, error, warn, info, debug, trace) or a \
             comma list of target=level, got \"a=b\"",
        ]
    );
}

#[rstest]
#[case(&v::OPS_LISTEN, "9000")]
#[case(&v::PUBLISHED_ON, "a b")]
#[case(&v::PUBLIC_URL, "tasks.example.com")]
#[case(&v::ALLOWED_HOSTS, "a:80")]
#[case(&v::EVENTS_CLIENTS_PER_ADDRESS, "0")]
#[case(&v::ENVIRONMENT, "two words")]
#[case(&v::CORS_ORIGINS, "https://a/b")]
#[case(&v::DATABASE_MAX_CONNECTIONS, "0")]
#[case(&v::DATABASE_WAIT, "2d")]
#[case(&v::MIGRATE_LOCK_WAIT, "5")]
#[case(&v::REQUEST_TIMEOUT, "50ms")]
#[case(&v::SHUTDOWN_TIMEOUT, "2h")]
#[case(&v::LOG_FORMAT, "yaml")]
fn every_variable_is_checked(#[case] variable: &Variable, #[case] text: &str) {
    let lines = problems(&[], &[(variable, text)]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with(&format!("{} (environment): must ", variable.name)));
    assert!(lines[0].contains(&format!("got \"{text}\"")), "{}", lines[0]);
}

#[rstest]
#[case("postgres://h/d", "sqlite:x.db", "must lead to the same kind of database")]
#[case("sqlite:x.db", "postgres://h/d", "must lead to the same kind of database")]
#[case("sqlite:x.db", "sqlite:y.db", "must name the same file")]
fn both_urls_lead_to_one_database(
    #[case] url: &str,
    #[case] migrate_url: &str,
    #[case] words: &str,
) {
    let lines = problems(&[], &[(&v::DATABASE_URL, url), (&v::MIGRATE_DATABASE_URL, migrate_url)]);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("MIGRATE_DATABASE_URL (beside DATABASE_URL)"), "{}", lines[0]);
    assert!(lines[0].contains(words), "{}", lines[0]);
}

#[test]
fn a_variable_that_is_not_text_is_a_problem() {
    let lookup = |name: &str| (name == "HOST").then(|| OsString::from_vec(vec![0xff]));
    let errors = Config::load(&Flags::default(), &lookup, false).expect_err("a problem");
    assert_eq!(errors.to_string(), "HOST (environment): must be UTF-8 text, got other bytes");
}

#[test]
fn render_says_where_the_service_is() {
    let lookup = |name: &str| match name {
        "HOST" => Some("0.0.0.0".into()),
        "RENDER_EXTERNAL_URL" => Some("https://tasks.onrender.com".into()),
        _ => None,
    };
    let config = Config::load(&Flags::default(), &lookup, false).expect("a config");
    assert_eq!(source(&config, &v::PUBLIC_URL), Source::Environment);
    let policy = config.host_policy().expect("a policy");
    let allows = |host| policy.allows(Authority::parse(host).expect("a host"));
    assert!(allows("tasks.onrender.com") && !allows("localhost"));
    let own = [(&v::HOST, "0.0.0.0"), (&v::PUBLIC_URL, "https://tasks.example")];
    let lines = load(&[], &own).expect("a config").lines();
    let shown = |name: &str| lines.iter().find(|line| line.name == name).map(|l| l.value.as_str());
    assert_eq!(shown("PUBLIC_URL"), Some("https://tasks.example"));
    assert_eq!(shown("ALLOWED_HOSTS"), Some("tasks.example"));
}

#[test]
fn a_published_service_must_say_its_hosts() {
    let config = load(&[], &[(&v::HOST, "0.0.0.0")]).expect("a config");
    let line = config.host_policy().expect_err("a refusal").to_string();
    assert!(line.starts_with("ALLOWED_HOSTS (default): must name the hosts"), "{line}");
    assert!(line.contains("PUBLIC_URL") && !line.contains('\n'), "{line}");
    let published = [(&v::HOST, "0.0.0.0"), (&v::PUBLISHED_ON, "127.0.0.1")];
    assert!(load(&[], &published).expect("a config").host_policy().is_ok());
}

#[test]
fn listen_does_not_look_at_the_database() {
    let lookup = |name: &str| match name {
        "DATABASE_URL_FILE" => panic!("not asked for"),
        "PORT" => Some("81".into()),
        _ => None,
    };
    let listen = Listen::load(&Flags::default(), &lookup).expect("an address");
    assert_eq!(host_port(&listen.host, listen.port), "127.0.0.1:81");
}

proptest! {
    #[test]
    fn no_problem_shows_a_password(before in "[@:/?#%& a-z\n]{0,3}", after in "[@:/?#%& a-z\n]{0,3}", flag: bool) {
        let url = format!("postgres://u:{before}S3cR3t{after}@h/d");
        for variable in VARIABLES {
            let pairs = [(variable, url.as_str())];
            let loaded = if flag { load(&pairs, &[]) } else { load(&[], &pairs) };
            let shown = match loaded {
                // Any visible text is a name.
                Ok(_) if variable.name == "ENVIRONMENT" => continue,
                Ok(config) => format!("{config:?} {:?}", config.lines()),
                Err(errors) => format!("{errors} {errors:?}"),
            };
            prop_assert!(!shown.contains("S3cR3t"), "{shown}");
        }
    }
}
