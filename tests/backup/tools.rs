//! `pg_dump`: found or not, old or not, and told nothing that others may not read.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::fixture::{Place, manifest};
use testkit::Backend::Postgres;
use testkit::{PgBouncer, Server};

fn script(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("a mode");
}

fn real(name: &str) -> String {
    let bin = std::env::var_os("TEST_POSTGRES_BIN").expect("TEST_POSTGRES_BIN: run `make test`");
    Path::new(&bin).join(name).display().to_string()
}

/// `backup create` with this search path.
fn create(place: &Place, path: &str) -> (i32, String) {
    let run = place.with(&["create", "--quick"], &[("PATH", path)]);
    (run.code, run.stderr)
}

#[tokio::test]
async fn missing_is_said_with_what_mends_it() {
    let place = Place::new(Postgres).await;
    let empty = TempDir::new().expect("a temp folder");
    let (code, said) = create(&place, &empty.path().display().to_string());
    assert_eq!(code, 11, "{said}");
    for words in ["none are in PATH", "apt-get install postgresql-client-"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(place.names(), [""; 0]);
}

/// What stands first in the path is meant, whatever stands behind it.
#[tokio::test]
async fn too_old_is_said_with_its_version() {
    let place = Place::new(Postgres).await;
    let old = TempDir::new().expect("a temp folder");
    script(old.path(), "pg_dump", "echo 'pg_dump (PostgreSQL) 12.1'");
    script(old.path(), "pg_restore", "echo 'pg_restore (PostgreSQL) 12.1'");
    let (code, said) = create(&place, &format!("{}:/usr/bin:/bin", old.path().display()));
    assert_eq!(code, 11, "{said}");
    for words in ["too old", "pg_dump is 12.1", "apt-get install postgresql-client-"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(place.names(), [""; 0]);
}

/// What `pg_dump` and `pg_restore` were called with is written down by programs that stand in for them.
#[tokio::test]
async fn the_password_is_in_no_argument_and_no_file() {
    let place = Place::new(Postgres).await;
    let folder = TempDir::new().expect("a temp folder");
    let record = folder.path().join("record");
    for name in ["pg_dump", "pg_restore"] {
        let text = format!(
            "[ \"$1\" = --version ] && {{ echo '{name} (PostgreSQL) {}.999'; exit; }}\n\
             {{ echo {name} \"$@\"; env | sed -n 's/^PGPASSWORD=.*/PGPASSWORD is set/p; /^DATABASE_URL/p'; }} >> {}\n\
             exec {} \"$@\"",
            major(),
            record.display(),
            real(name)
        );
        script(folder.path(), name, &text);
    }
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let made = place.with(&["create"], &[("PATH", &path), ("RUST_LOG", "trace")]).expect(0);
    let url = url::Url::parse(&place.database.url).expect("a URL");
    let password = url.password().expect("a password");
    let record = std::fs::read_to_string(record).expect("the record");
    assert!(record.contains("pg_dump --format=custom"), "{record}");
    assert!(record.contains("pg_restore --exit-on-error"), "{record}");
    assert!(record.contains("PGPASSWORD is set"), "{record}");
    assert!(!record.contains("DATABASE_URL"), "{record}");
    for text in [&record, &made.stdout, &made.stderr] {
        assert!(!text.contains(password), "{text}");
    }
    for entry in place.list() {
        let path = entry["path"].as_str().expect("a path");
        assert!(!manifest(path.as_ref()).to_string().contains(password));
    }
}

fn major() -> String {
    let output = Command::new(real("pg_dump")).arg("--version").output().expect("pg_dump runs");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    said.split(") ").nth(1).and_then(|v| v.split('.').next()).expect("a version").to_owned()
}

/// What `pg_dump` says when it fails is in the message, and nothing of the dump stays.
#[tokio::test]
async fn its_words_are_passed_on() {
    let place = Place::new(Postgres).await;
    let folder = TempDir::new().expect("a temp folder");
    let text = format!(
        "[ \"$1\" = --version ] && {{ echo 'pg_dump (PostgreSQL) {}.999'; exit; }}\n\
         echo half a dump; echo 'pg_dump: error: out of luck' >&2; exit 1",
        major()
    );
    script(folder.path(), "pg_dump", &text);
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let refused = place.with(&["create"], &[("PATH", &path)]).expect(11);
    assert!(refused.stderr.contains("pg_dump failed: pg_dump: error: out of luck"), "{refused:#?}");
    assert_eq!(place.names(), [""; 0]);
}

/// Through a pooler that changes backends a snapshot cannot be shared: refused in words.
#[tokio::test]
async fn a_pooler_in_transaction_mode_is_refused() {
    let place = Place::new(Postgres).await;
    let pooler = PgBouncer::start("transaction", &place.database.url, &[]).await;
    let url = pooler.before(&place.database.url);
    let mut making = Server::spawn_with(
        &["backup", "create"],
        &[("DATABASE_URL", &url), ("BACKUP_DIR", &place.folder().display().to_string())],
    );
    assert_eq!(making.exit().await, Some(9), "{}", making.output());
    assert!(
        making.output().contains("set MIGRATE_DATABASE_URL to a direct"),
        "{}",
        making.output()
    );
    assert_eq!(place.names(), [""; 0]);
}
