//! The rules for files and names.

use std::path::Path;

use rstest::rstest;
use schemakeep::MigrationSet;
use schemakeep::files::{Direction, FileName, differences, read_folder};

use crate::support::{ONE, TWO, write};

#[test]
fn takes_a_name_apart() {
    let name = FileName {
        version: 20_240_229_235_959,
        name: "create_tasks".into(),
        direction: Direction::Down,
    };
    assert_eq!(FileName::parse("20240229235959_create_tasks.down.sql"), Ok(name));
}

#[rstest]
#[case("20240229235959_create_tasks.sql")]
#[case("2024022923595_create_tasks.up.sql")]
#[case("20230229000000_create_tasks.up.sql")]
#[case("20240431000000_create_tasks.up.sql")]
#[case("20241301000000_create_tasks.up.sql")]
#[case("20240101240000_create_tasks.up.sql")]
#[case("20240101006000_create_tasks.up.sql")]
#[case("+0240101000000_create_tasks.up.sql")]
#[case("20240101000000_Create_tasks.up.sql")]
#[case("20240101000000_create.up.sql")]
#[case("20240101000000_create__tasks.up.sql")]
#[case("20240101000000-create_tasks.up.sql")]
#[case("readme.md")]
fn refuses_a_name(#[case] name: &str) {
    assert!(FileName::parse(name).is_err());
}

#[rstest]
#[case("20260103000000_create_three.up.sql", b"SELECT 1;", "no .down.sql")]
#[case("20260102000000_other_name.up.sql", b"SELECT 1;", "two migrations")]
#[case("20260101000000_create_one.up.sql", b"SELECT 1;\r\n", "carriage return")]
#[case("20260101000000_create_one.up.sql", b"\xEF\xBB\xBFSELECT 1;", "byte order mark")]
#[case("20260101000000_create_one.down.sql", b" \n", "is empty")]
#[case("20260101000000_create_one.up.sql", b"\xFF", "not UTF-8")]
#[case("20260101000000_create_one.up.sql", b"-- compat: yes\nSELECT 1;", "compat")]
#[case("notes.txt", b"x", "must end in")]
fn refuses_a_folder(#[case] file: &str, #[case] bytes: &[u8], #[case] words: &str) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[ONE, TWO]);
    std::fs::write(folder.path().join(file), bytes).unwrap();
    let error = MigrationSet::from_directory(folder.path()).unwrap_err().to_string();
    let version = file.split('_').next().unwrap();
    assert!(error.contains(words) && error.contains(version), "{error}");
}

#[test]
fn the_two_folders_of_the_program_match() {
    let [postgres, sqlite] = ["migrations/postgres", "migrations/sqlite"].map(Path::new);
    let (left, right) = (read_folder(postgres).unwrap(), read_folder(sqlite).unwrap());
    assert_eq!(differences((postgres, &left), (sqlite, &right)), Vec::<String>::new());
    assert_eq!(differences((postgres, &left), (sqlite, &right[1..])).len(), 1);
    assert_eq!(differences((postgres, &[]), (sqlite, &right)).len(), right.len());
}

#[test]
fn a_folder_holds_what_is_embedded() {
    use schemakeep::Dialect;
    let read = MigrationSet::from_directory(Path::new("migrations/sqlite")).unwrap();
    let embedded = taskmanager::program::migrations(Dialect::Sqlite).unwrap();
    for (left, right) in read.migrations().iter().zip(embedded.migrations()) {
        assert_eq!((left.version, &left.checksum), (right.version, &right.checksum));
        assert_eq!((&left.description, &left.directives), (&right.description, &right.directives));
        assert_eq!((&left.up_sql, &left.down_sql), (&right.up_sql, &right.down_sql));
    }
    assert_eq!(read.migrations().len(), embedded.migrations().len());
}
