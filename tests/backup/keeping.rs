//! Retention: how many stay, which, and that the last valid one always does.

use rstest::rstest;

use crate::fixture::{Place, document, manifest_path};
use testkit::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn the_newest_stay(#[values(Sqlite, Postgres)] on: Backend) {
    let place = Place::new(on).await;
    let keep = [("BACKUP_KEEP", "2")];
    let mut made = Vec::new();
    for _ in 0..4 {
        let one = document(&place.with(&["create", "--quick", "--json"], &keep).expect(0));
        made.push(one["path"].clone());
    }
    let listed: Vec<_> = place.list().iter().map(|entry| entry["path"].clone()).collect();
    assert_eq!(listed, [made[3].clone(), made[2].clone()]);
    assert_eq!(place.names().len(), 4, "{:?}", place.names());

    let dry = place.backup(&["prune", "--keep", "1", "--dry-run"]).expect(0);
    let oldest = made[2].as_str().expect("a path");
    assert!(dry.stdout.contains("would remove") && dry.stdout.contains(oldest), "{dry:#?}");
    assert_eq!(place.list().len(), 2);
    let done = place.backup(&["prune", "--keep", "1"]).expect(0);
    assert!(done.stdout.contains("removed") && done.stdout.contains(oldest), "{done:#?}");
    assert_eq!(place.list().len(), 1);
}

/// Of three, the two newest are damaged in a way that only reading shows.
#[rstest]
#[tokio::test]
async fn the_last_valid_one_stays_however_old(#[values(Sqlite, Postgres)] on: Backend) {
    let place = Place::new(on).await;
    let valid = place.create();
    let damaged = [place.create(), place.create()];
    for path in &damaged {
        let mut bytes = std::fs::read(path).expect("a backup");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(path, bytes).expect("a backup");
    }
    let pruned = document(&place.backup(&["prune", "--keep", "1", "--json"]).expect(0));
    assert_eq!(pruned["removed"].as_array().map(Vec::len), Some(0), "{pruned}");
    assert_eq!(pruned["invalid"].as_array().map(Vec::len), Some(2), "{pruned}");
    assert!(valid.exists() && manifest_path(&valid).exists());
    let said = place.backup(&["prune", "--keep", "1"]).expect(0);
    assert!(
        said.stdout.contains("SHA-256") && said.stdout.contains("kept          1"),
        "{said:#?}"
    );
}
