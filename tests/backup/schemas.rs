//! PostgreSQL: which schema is dumped, with which extensions, and by which role.

use crate::fixture::{Place, document};
use testkit::Backend::Postgres;
use testkit::cli::run;

/// Other programs' schemas are not dumped, and what they hold does not stand in the way.
#[tokio::test]
async fn the_schema_of_the_tables_and_no_other() {
    let place = Place::new(Postgres).await;
    place
        .execute(
            "CREATE SCHEMA billing; CREATE TABLE billing.invoices (id int); \
             CREATE EXTENSION citext SCHEMA billing; CREATE EXTENSION hstore SCHEMA billing; \
             CREATE TABLE people (name billing.citext PRIMARY KEY)",
        )
        .await;
    let made = document(&place.backup(&["create", "--json"]).expect(0));
    let of = &made["manifest"];
    assert_eq!(of["schema"], "public", "{of}");
    assert_eq!(of["verified"], true, "{of}");
    assert!(of["rows"].get("people").is_some() && of["rows"].get("invoices").is_none(), "{of}");
    // One that only the other schema uses is the other program's.
    let extensions = serde_json::json!({"citext": "billing", "pg_trgm": "public"});
    assert_eq!(of["extensions"], extensions);
}

/// The tables are in a schema of their own whose name needs quotes.
#[tokio::test]
async fn a_schema_of_our_own() {
    let place = Place::empty(Postgres).await;
    place.execute("CREATE SCHEMA \"Our.tasks*\"; CREATE TABLE public.theirs (id int)").await;
    let url = format!("{}?options=-c%20search_path%3D%22Our.tasks*%22", place.database.url);
    let folder = place.folder().display().to_string();
    let variables = [("DATABASE_URL", url.as_str()), ("BACKUP_DIR", &folder)];
    run(&["migrate", "up"], &variables).expect(0);
    let made = document(&run(&["backup", "create", "--json"], &variables).expect(0));
    let of = &made["manifest"];
    assert_eq!((&of["schema"], &of["verified"]), (&"Our.tasks*".into(), &true.into()), "{of}");
    assert!(of["rows"].get("tasks").is_some() && of["rows"].get("theirs").is_none(), "{of}");
}

/// A role that may not create databases gets a dump that is not tried, and is told so.
#[tokio::test]
async fn a_role_that_may_not_try_it() {
    let place = Place::new(Postgres).await;
    let role = format!("reader_{:08x}", rand::random::<u32>());
    place
        .execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'hunter2'; \
             GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; \
             GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}; \
             CREATE TABLE secrets (id int)"
        ))
        .await;
    let mut url = url::Url::parse(&place.database.url).expect("a URL");
    url.set_username(&role).expect("a user");
    url.set_password(Some("hunter2")).expect("a password");
    let create = || place.with(&["create"], &[("DATABASE_URL", url.as_str())]);
    let refused = create().expect(11);
    assert!(refused.stderr.contains("permission denied for table secrets"), "{refused:#?}");
    assert!(!refused.stderr.contains("hunter2"), "{refused:#?}");
    place.execute("DROP TABLE secrets").await;
    let made = create().expect(0);
    assert!(made.stdout.contains("verified  no:"), "{made:#?}");
    let deep = place.with(&["verify", "--deep"], &[("DATABASE_URL", url.as_str())]).expect(11);
    assert!(deep.stderr.contains("give the role CREATEDB"), "{deep:#?}");
    place.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}
