//! Database URLs: which are taken, what they lead to, and what of them is shown.

use proptest::prelude::*;
use rstest::rstest;
use sqlx::postgres::PgSslMode;

use super::*;

fn sqlite(text: &str) -> SqliteTarget {
    match DatabaseUrl::parse(text).expect(text).target {
        DatabaseTarget::Sqlite(target) => target,
        DatabaseTarget::Postgres(_) => panic!("{text} is SQLite"),
    }
}

fn postgres(text: &str) -> PgConnectOptions {
    match DatabaseUrl::parse(text).expect(text).target {
        DatabaseTarget::Postgres(options) => *options,
        DatabaseTarget::Sqlite(_) => panic!("{text} is PostgreSQL"),
    }
}

#[rstest]
#[case("sqlite:x.db", "x.db")]
#[case("sqlite://x.db", "x.db")]
#[case("sqlite://dir/x.db", "dir/x.db")]
#[case("sqlite:./x.db", "./x.db")]
#[case("sqlite:///./x.db", "./x.db")]
#[case("sqlite:///../x.db", "../x.db")]
#[case("sqlite:/abs/x.db", "/abs/x.db")]
#[case("sqlite:///abs/x.db", "/abs/x.db")]
#[case("sqlite:////abs/x.db", "/abs/x.db")]
#[case("sqlite+aiosqlite:///./x.db", "./x.db")]
#[case("sqlite+pysqlite:////abs/x.db", "/abs/x.db")]
#[case("SQLite:///my dir/x%3F%25.db", "/my dir/x?%.db")]
#[case("sqlite:100%.db", "100%.db")]
#[case("sqlite:a@b:c#d.db", "a@b:c#d.db")]
fn reads_sqlite_paths(#[case] text: &str, #[case] path: &str) {
    assert_eq!(sqlite(text).path.to_str(), Some(path));
}

#[rstest]
#[case("sqlite:x.db", SqliteMode::Create)]
#[case("sqlite:x.db?mode=rwc", SqliteMode::Create)]
#[case("sqlite:x.db?mode=rw", SqliteMode::ReadWrite)]
#[case("sqlite:x.db?mode=ro", SqliteMode::ReadOnly)]
fn reads_sqlite_modes(#[case] text: &str, #[case] mode: SqliteMode) {
    assert_eq!(sqlite(text).mode, mode);
}

#[rstest]
#[case("sqlite::memory:", "memory", "sqlite::memory:")]
#[case("sqlite:///:memory:", "memory", "sqlite:///:memory:")]
#[case("sqlite://", "memory", "sqlite://")]
#[case("sqlite:", "memory", "sqlite:")]
#[case(":memory:", "memory", "***")]
#[case("sqlite:x.db?mode=memory", "memory", "sqlite:x.db?mode=memory")]
#[case("sqlite:x.db?cache=shared", "mode=ro, mode=rw or mode=rwc", "sqlite:x.db?***")]
#[case("sqlite:x.db?mode=ro&mode=rw", "mode=ro, mode=rw", "sqlite:x.db?mode=ro&mode=rw")]
#[case("sqlite:///file:x.db", "file: URIs", "sqlite:///file:x.db")]
#[case("sqlite:///dir/", "directory", "sqlite:///dir/")]
#[case("sqlite:%ff", "UTF-8", "sqlite:%ff")]
#[case("sqlite:a%00b", "NUL", "sqlite:a%00b")]
#[case("mysql://u:pw@h/d", "must begin with sqlite: or postgres://", "mysql://u:***@h/d")]
#[case("tasks.db", "must begin with", "***")]
#[case("", "must begin with", "***")]
#[case("postgres:u:pw@h/d", "must have //", "postgres:u:***@h/d")]
#[case("postgres://h:0/d", "port from 1 to 65535", "postgres://h:0/d")]
#[case("postgres://h:65536/d", "port from 1 to 65535", "postgres://h:***")]
#[case("postgres://h:/d", "port from 1 to 65535", "postgres://h:***")]
#[case("postgres://h/d?port=x", "port from 1 to 65535", "postgres://h/d?port=x")]
#[case(
    "postgres://u:pw@h/d?sslmode=verify_full",
    "sslmode of disable, allow, prefer, require, verify-ca, verify-full",
    "postgres://u:***@h/d?sslmode=verify_full"
)]
#[case("postgres://h/d?ssl=true", "sslmode of", "postgres://h/d?ssl=true")]
#[case("postgres://h/d?ssl=require&sslmode=allow", "once", "postgres://h/d?ssl=require&")]
#[case("postgres://h/d?sslmode=require&sslrootcert=system", "verify-full with", "postgres://h/d?")]
#[case("postgres://h/d?hostaddr=h", "IP address", "postgres://h/d?hostaddr=h")]
#[case("postgres://h/d?statement-cache-capacity=0", "from 1", "postgres://h/d?statement")]
#[case("postgres://h1,h2/d", "one host", "postgres://h1,h2/d")]
#[case("postgres://u:12#pw@h/d", "percent-encoded", "postgres://u:***")]
#[case("postgres://u:12/pw@h/d", "percent-encoded", "postgres://u:***@h/d")]
#[case("postgres://u:12?pw@h/d", "percent-encoded", "postgres://u:***")]
#[case("postgres://u:\\pw", "percent-encoded", "postgres://u:***")]
#[case("postgres://u:p w@h/d", "percent-encoded", "postgres://u:***@h/d")]
#[case("postgres://u:%ff@h/d", "driver", "postgres://u:***@h/d")]
fn refuses(#[case] text: &str, #[case] words: &str, #[case] shown: &str) {
    let detail = DatabaseUrl::parse(text).expect_err(text);
    assert!(detail.starts_with("must "), "{detail}");
    assert!(detail.contains(words), "{detail}");
    assert!(detail.contains(&format!("got \"{shown}")), "{detail}");
}

#[rstest]
#[case("postgres")]
#[case("postgresql")]
#[case("postgresql+psycopg2")]
#[case("postgresql+psycopg")]
#[case("postgresql+asyncpg")]
#[case("postgresql+pg8000")]
fn reads_every_spelling_of_postgresql(#[case] scheme: &str) {
    let text = format!("{scheme}://us%40er:p%2Fw@db.example:6432/tasks?application_name=x");
    let url = DatabaseUrl::parse(&text).expect("a URL");
    assert_eq!(url.to_string(), "postgres://us%40er:***@db.example:6432/tasks?application_name=x");
    assert_eq!(url.describe_place(), "db.example:6432/tasks");
    assert_eq!(url.dialect(), Dialect::Postgres);
    let options = postgres(&text);
    assert_eq!(options.get_username(), "us@er");
    assert_eq!(options.get_application_name(), Some("x"));
    assert!(format!("{options:?}").contains("p/w"), "the password arrives");
}

#[rstest]
#[case("sslmode=verify-full", PgSslMode::VerifyFull)]
#[case("ssl=require", PgSslMode::Require)]
#[case("ssl-mode=disable", PgSslMode::Disable)]
#[case("sslrootcert=system", PgSslMode::VerifyFull)]
#[case("sslrootcert=system&sslmode=verify-full", PgSslMode::VerifyFull)]
#[case("sslrootcert=/ca.pem&sslmode=verify-ca", PgSslMode::VerifyCa)]
#[case("application_name=system&sslmode=require", PgSslMode::Require)]
fn reads_ssl_modes(#[case] query: &str, #[case] mode: PgSslMode) {
    let options = postgres(&format!("postgres://u@h/d?{query}"));
    assert_eq!(format!("{:?}", options.get_ssl_mode()), format!("{mode:?}"));
    assert!(!format!("{options:?}").contains("\"system\"") || query.contains("application_name"));
}

#[rstest]
#[case("postgres://u:p@[::1]:5433/d", "[::1]:5433/d")]
#[case("postgres://u@/d?host=/run/pg&port=5433", "/run/pg:5433/d")]
#[case("postgres://u@%2Frun%2Fpg/d", "/run/pg:5432/d")]
#[case("postgres://h", "h:5432/")]
#[case("postgres://h/d?dbname=e&hostaddr=::1&port=1", "[::1]:1/e")]
fn describes_the_place(#[case] text: &str, #[case] place: &str) {
    let described = DatabaseUrl::parse(text).expect(text).describe_place();
    assert!(described.starts_with(place), "{described}");
}

#[test]
fn an_ipv6_host_can_be_dialled() {
    assert_eq!(postgres("postgres://[::1]/d").get_host(), "::1");
}

#[rstest]
#[case("postgres:///d")]
#[case("postgres://u:p@/d")]
#[case("postgres:///d?host=")]
fn a_missing_host_is_the_drivers_default(#[case] text: &str) {
    let default = PgConnectOptions::new_without_pgpass();
    assert_eq!(postgres(text).get_host(), default.get_host());
    assert!(!DatabaseUrl::parse(text).expect(text).to_string().contains("_no_host_"));
}

#[test]
fn unknown_parameters_are_left_out_and_named() {
    let text = "postgres://h/d?sslmode=require&channel_binding=require&sslpassword=pw";
    let url = DatabaseUrl::parse(text).expect("a URL");
    assert_eq!(url.ignored_parameters(), ["channel_binding", "sslpassword"]);
    assert!(url.to_string().ends_with("?sslmode=require&channel_binding=***&sslpassword=***"));
}

const SECRET: &str = "S3cR3t";

/// A password around [`SECRET`], raw or percent-encoded.
fn password() -> impl Strategy<Value = String> {
    let part = "[@:/?#%&=;,.\\[\\] \\\\\"'+a-z0-9é\n-]{0,4}";
    (part, part, any::<bool>()).prop_map(|(before, after, encoded)| {
        let password = format!("{before}{SECRET}{after}");
        if encoded {
            percent_encoding::utf8_percent_encode(&password, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        } else {
            password
        }
    })
}

fn everything_shown(text: &str) -> String {
    match DatabaseUrl::parse(text) {
        Ok(url) => format!(
            "{url} {url:?} {:?} {} {:?}",
            url.target(),
            url.describe_place(),
            url.ignored_parameters()
        ),
        Err(detail) => format!("{detail} {}", redact(text)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_password_is_ever_shown(
        scheme in "(postgres|postgresql|postgresql\\+asyncpg|mysql|POSTGRES)(://|:/|:|:///)|//|",
        user in "[a-z%@]{0,5}",
        password in password(),
        host in "(h|h:5432|h:x|\\[::1\\]|)",
        tail in "(|/d|/d\\?sslmode=require|/d\\?sslmode=x|/d\\?password=S3cR3t|/d\\?sslkey=a&x=S3cR3t)",
    ) {
        let text = format!("{scheme}{user}:{password}@{host}{tail}");
        let shown = everything_shown(&text);
        prop_assert!(!shown.contains(SECRET), "{text} is shown as {shown}");
    }

    #[test]
    fn no_password_of_a_query_is_ever_shown(
        start in "(postgres|postgresql)://(u@|u:p@|)h(:5432)?/d\\?(sslmode=require&)?",
        key in "(password|sslkey|sslpassword|pass%77ord|options)",
        password in password(),
    ) {
        let text = format!("{start}{key}={password}");
        let shown = everything_shown(&text);
        prop_assert!(!shown.contains(SECRET), "{text} is shown as {shown}");
    }

    #[test]
    fn no_password_without_host_is_ever_shown(password in password()) {
        // What follows an `@` is a host by any reading, and digits are a port.
        prop_assume!(!password.contains('@') && !password.starts_with(|c: char| c.is_ascii_digit()));
        let text = format!("postgres://user:{password}");
        let shown = everything_shown(&text);
        prop_assert!(!shown.contains(SECRET), "{text} is shown as {shown}");
    }

    #[test]
    fn a_shown_sqlite_url_reads_back(text in "sqlite:(//|///|////|)[a-z./%?@: é]{1,12}(\\?mode=(ro|rw|rwc))?") {
        if let Ok(url) = DatabaseUrl::parse(&text) {
            let again = sqlite(&url.to_string());
            prop_assert_eq!(again, sqlite(&text), "shown as {}", url);
        }
    }
}
