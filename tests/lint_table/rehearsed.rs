//! What the table says a migration costs, against what a rehearsal observes of it: the lint promises what `plan` and
//! `up` then show.

use schemakeep::MigrationSet;
use schemakeep::shadow::{Rehearsal, RehearsalSettings, rehearse};
use taskmanager::config::DatabaseUrl;
use taskmanager::domain::SystemClock;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::measured::strongest;
use testkit::lint_table::{Cost, Row, rows};
use testkit::{Backend, Database};

/// What is there before, as migrations that are applied, and the one in question.
fn set(row: &Row) -> MigrationSet {
    let folder = TempDir::new().unwrap();
    let files = [
        ("20260101000000_create_base", format!("{}\n{}", row.base, row.rows)),
        ("20260102000000_change_base", format!("{}SELECT 1;\n", row.before)),
        ("20260103000000_change_more", row.up.clone()),
    ];
    for (stem, up) in files {
        std::fs::write(folder.path().join(format!("{stem}.up.sql")), up).unwrap();
        std::fs::write(folder.path().join(format!("{stem}.down.sql")), "SELECT 1;\n").unwrap();
    }
    MigrationSet::from_directory(folder.path()).unwrap()
}

async fn rehearsed(row: &Row) -> Rehearsal {
    let database = Database::empty(Backend::Postgres).await;
    let mut side = database.connect().await;
    side.execute(&format!("{}; ANALYZE", row.setup())).await;
    side.close().await;
    let (url, stop) = (DatabaseUrl::parse(&database.url).unwrap(), CancellationToken::new());
    let settings = RehearsalSettings { url, rehearsal_url: None, stop };
    let set = set(row);
    let [base, before, in_question] = set.migrations() else { panic!("three migrations") };
    let applied = [base.version, before.version];
    rehearse(&settings, &set, &applied, &[in_question], &SystemClock).await.unwrap()
}

/// What was seen of one table, the whole migration together.
fn cost(rehearsal: &Rehearsal, table: &str) -> Cost {
    let statements = || rehearsal.migrations.iter().flat_map(|migration| &migration.statements);
    let locks = statements().flat_map(|statement| &statement.locks);
    let locks: Vec<String> =
        locks.filter(|lock| lock.table == table).map(|lock| lock.mode.to_owned()).collect();
    Cost {
        table: table.to_owned(),
        lock: strongest(&locks),
        rewrites: statements().any(|statement| statement.rewrites.iter().any(|it| it == table)),
        scans: statements().any(|statement| statement.scans.iter().any(|it| it == table)),
    }
}

#[tokio::test]
async fn every_cost_is_what_a_rehearsal_observes() {
    let mut wrong = Vec::new();
    let mut held = 0;
    for row in rows(Backend::Postgres) {
        let Some(expected) = &row.cost else { continue };
        let rehearsal = rehearsed(&row).await;
        let seen = cost(&rehearsal, &expected.table);
        if seen != *expected {
            let (failure, not) = (&rehearsal.failure, &rehearsal.not_rehearsed);
            wrong.push(format!(
                "{}:\n  says {expected:?}\n  seen {seen:?} {failure:?} {not:?}",
                row.name
            ));
        }
        held += 1;
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    assert!(held >= 40, "{held}");
}
