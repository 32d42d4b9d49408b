//! `kill -9` and SIGTERM at any moment of a restore: the database is the old or the new one, whole, and the next
//! restore works.

use std::time::{Duration, Instant};

use rstest::rstest;

use crate::fixture::{Case, content, text};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Server, WITHIN, until};

const ROUNDS: u32 = 20;
/// Enough that a restore takes some hundred milliseconds.
const TASKS: i64 = 3_000;

fn start(case: &Case, backup: &str) -> Server {
    let variables = [("DATABASE_URL", &*case.database.url), ("BACKUP_DIR", case.backups())];
    Server::spawn_with(&["restore", backup, "--yes"], &variables)
}

/// The file agrees with itself, and the index with the table.
async fn assert_sound(case: &Case, on: Backend) {
    if on == Sqlite {
        let sound = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
        assert_eq!(case.integer(sound).await, 1);
        let check = "INSERT INTO tasks_search(tasks_search, rank) VALUES('integrity-check', 1)";
        case.execute(check).await;
    }
    case.run(&["migrate", "status"]).expect(0);
}

#[rstest]
#[tokio::test]
async fn old_or_new(
    #[values(Sqlite, Postgres)] on: Backend,
    #[values("KILL", "TERM")] signal: &str,
) {
    let case = Case::with(on, TASKS).await;
    let (one, content_of_one) = (case.backup(), case.content().await);
    case.change().await;
    let (two, content_of_two) = (case.backup(), case.content().await);
    // How long one takes, from its first moment on.
    let begun = Instant::now();
    case.restore(&[text(&one)]).expect(0);
    let took = begun.elapsed();
    let (mut is_one, mut interrupted) = (true, 0);
    for round in 0..ROUNDS {
        let backup = if is_one { &two } else { &one };
        let mut restoring = start(&case, text(backup));
        // Every fifth has the time that it needs.
        let moment =
            if round % 5 == 4 { WITHIN } else { took.mul_f64(rand::random_range(0.0..1.2)) };
        let begun = Instant::now();
        until("a random moment", WITHIN * 2, async || {
            (begun.elapsed() >= moment || restoring.ended().is_some()).then_some(())
        })
        .await;
        if restoring.ended().is_none() {
            restoring.signal(signal);
        }
        let begun = Instant::now();
        let code = until("the process to end", WITHIN, async || {
            // A signal that killed it has no code.
            restoring.ended()
        })
        .await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        let present = content(&case.database).await;
        let was_one = is_one;
        is_one = present == content_of_one;
        assert!(
            is_one || present == content_of_two,
            "round {round}: {} lines, neither the old nor the new; {}",
            present.len(),
            restoring.output()
        );
        let swapped = is_one != was_one;
        // Anyone who says that it is done, has; anyone who says that it was stopped, has not.
        assert!(code != 0 || swapped, "{}", restoring.output());
        if restoring.output().contains("the database is as it was before") {
            assert!(!swapped, "{}", restoring.output());
        }
        interrupted += u32::from(!swapped);
        assert_sound(&case, on).await;
    }
    assert!(interrupted > 0, "{interrupted} of {ROUNDS} were interrupted");
    let (backup, expected) = if is_one { (&two, content_of_two) } else { (&one, content_of_one) };
    case.restore(&[text(backup)]).expect(0);
    assert_eq!(case.content().await, expected);
    // Nothing that a killed process left counts as a backup.
    let listed = case.run(&["backup", "list", "--json"]).expect(0);
    assert!(!listed.stdout.contains(".partial"), "{listed:#?}");
}
