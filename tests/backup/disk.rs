//! Disks: too little room is seen before it starts, a disk that fills up meanwhile is cleaned up, and a folder that
//! may not be written is named.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rstest::rstest;

use crate::fixture::{Place, names};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Tmpfs, WITHIN, until};

#[rstest]
#[tokio::test]
async fn too_little_room_is_seen_before(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(disk) = Tmpfs::mount("2m") else { return eprintln!("may not mount: not tested") };
    let place = Place::new(on).await;
    place.fill(20_000).await;
    let folder = disk.path().join("backups").display().to_string();
    let refused = place.with(&["create"], &[("BACKUP_DIR", &folder)]).expect(11);
    for words in ["too little room in", &folder, "MB", "BACKUP_DIR", "nothing was written"] {
        assert!(refused.stderr.contains(words), "{words}: {refused:#?}");
    }
    assert_eq!(names(Path::new(&folder)), [""; 0]);
}

/// There is room when it begins; then somebody else takes it.
#[rstest]
#[tokio::test]
async fn full_in_the_middle_is_cleaned_up(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(disk) = Tmpfs::mount("64m") else { return eprintln!("may not mount: not tested") };
    let place = Place::new(on).await;
    place.fill(200_000).await;
    let folder = disk.path().join("backups").display().to_string();
    let mut making = place.spawn(&["create"], &[("BACKUP_DIR", &folder)]);
    until("a backup under way", WITHIN, async || {
        assert_eq!(making.ended(), None, "{}", making.output());
        (!names(Path::new(&folder)).is_empty()).then_some(())
    })
    .await;
    let filled = std::fs::write(disk.path().join("other"), vec![0; 65 << 20]);
    assert!(filled.is_err(), "the disk is full");
    assert_eq!(making.exit().await, Some(11), "{}", making.output());
    let said = making.output();
    assert!(said.contains("was full before the backup was whole"), "{said}");
    assert_eq!(names(Path::new(&folder)), [""; 0], "{said}");
    std::fs::remove_file(disk.path().join("other")).expect("the other's file");
    place.with(&["create", "--quick"], &[("BACKUP_DIR", &folder)]).expect(0);
}

#[rstest]
#[tokio::test]
async fn a_folder_that_may_not_be_written(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(disk) = Tmpfs::mount("4m") else { return eprintln!("may not mount: not tested") };
    let place = Place::new(on).await;
    disk.remount("ro");
    let inside = disk.path().join("backups").display().to_string();
    let itself = disk.path().display().to_string();
    for folder in [&inside, &itself] {
        let refused = place.with(&["create"], &[("BACKUP_DIR", folder)]).expect(11);
        for words in [folder, "BACKUP_DIR", "give this user the right"] {
            assert!(refused.stderr.contains(words), "{words}: {refused:#?}");
        }
    }
}

/// A folder that cannot be made is no folder, for root too.
#[tokio::test]
async fn a_folder_below_a_file() {
    let place = Place::new(Sqlite).await;
    let file = place.folder();
    std::fs::write(&file, "").expect("a file");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("a mode");
    let refused = place.backup(&["create"]).expect(11);
    assert!(refused.stderr.contains("set BACKUP_DIR to a folder"), "{refused:#?}");
}
