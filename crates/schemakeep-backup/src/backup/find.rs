//! Finds the backup that a person has typed: its number, its name, the beginning of its name, or its path.

use std::path::{Path, PathBuf};

use super::error::BackupError;
use super::manifest::Manifest;
use super::repository::{Listed, PREFIX, glance, list};
use schemakeep_db::DatabaseUrl;

/// Finds a backup of a database. In this order `named` is
///
/// 1. the number of an ordinary backup in the list, 1 being the newest;
/// 2. the path of a file, from the working directory or from the folder;
/// 3. the name of a listed backup without its extension;
/// 4. the beginning of exactly one such name.
///
/// # Errors
///
/// [`BackupError::NoSuch`], [`BackupError::NotFound`], [`BackupError::Ambiguous`] with the candidates, or
/// [`BackupError::Folder`] when the folder cannot be read.
pub fn find(folder: &Path, of: &DatabaseUrl, named: &str) -> Result<Listed, BackupError> {
    if let Ok(index) = named.parse::<usize>() {
        return numbered(folder, of, index);
    }
    // A manifest without its file is found too: what is wrong with it is for the caller to say.
    let is_there = |path: &PathBuf| path.is_file() || Manifest::path_of(path).is_file();
    let file = [PathBuf::from(named), folder.join(named)].into_iter().find(is_there);
    if let Some(path) = file {
        let (manifest, fault) = glance(&path);
        return Ok(Listed { index: None, path, manifest, fault });
    }
    let mut found = list(folder, Some(of))?;
    found.retain(|listed| matches(&listed.name(), named));
    if let Some(at) = found.iter().position(|listed| is_stem(&listed.name(), named)) {
        return Ok(found.swap_remove(at));
    }
    let candidates = found.iter().map(Listed::name).collect();
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (Some(_), _) => Err(BackupError::Ambiguous { named: named.to_owned(), candidates }),
        (None, _) => Err(BackupError::NotFound { named: named.to_owned() }),
    }
}

fn numbered(folder: &Path, of: &DatabaseUrl, index: usize) -> Result<Listed, BackupError> {
    let listed = list(folder, Some(of))?;
    let has = listed.iter().filter(|listed| listed.index.is_some()).count();
    let found = listed.into_iter().find(|listed| listed.index == Some(index));
    found.ok_or_else(|| BackupError::NoSuch { index, has, folder: folder.to_owned() })
}

/// A beginning that says nothing of the time could mean whichever backup happens to be the only one.
fn matches(name: &str, named: &str) -> bool {
    named.len() > PREFIX.len() && name.starts_with(named)
}

fn is_stem(name: &str, named: &str) -> bool {
    Path::new(name).file_stem().is_some_and(|stem| stem == named)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::backup::manifest::tests::sound;

    const FIRST: &str = "taskmanager-20261121T110203Z-20261121090300.db";
    const AGAIN: &str = "taskmanager-20261121T110203Z-20261121090300-2.db";
    const LATER: &str = "taskmanager-20261122T110203Z-20261121090300.db";

    fn folder() -> (tempfile::TempDir, DatabaseUrl) {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [FIRST, AGAIN, LATER] {
            let path = folder.path().join(name);
            std::fs::write(&path, [0; 4096]).expect("a file");
            let text = sound(name).text().expect("a text");
            std::fs::write(Manifest::path_of(&path), text).expect("a manifest");
        }
        (folder, DatabaseUrl::parse("sqlite:///var/lib/tasks.db").expect("a URL"))
    }

    #[rstest]
    #[case::file(FIRST, FIRST)]
    #[case::without_extension("taskmanager-20261121T110203Z-20261121090300", FIRST)]
    #[case::a_longer_name("taskmanager-20261121T110203Z-20261121090300-2", AGAIN)]
    #[case::a_beginning("taskmanager-20261122", LATER)]
    fn finds_one(#[case] named: &str, #[case] name: &str) {
        let (folder, url) = folder();
        let found = find(folder.path(), &url, named).expect("a backup");
        assert_eq!(found.name(), name);
    }

    #[test]
    fn names_the_candidates_of_an_ambiguous_beginning() {
        let (folder, url) = folder();
        let refused = find(folder.path(), &url, "taskmanager-20261121T1102").expect_err("two");
        let words = refused.to_string();
        assert!(words.contains(FIRST) && words.contains(AGAIN), "{words}");
        assert!(!words.contains(LATER), "{words}");
    }

    #[rstest]
    #[case("taskmanager-20251121")]
    #[case("taskmanager-")]
    #[case("t")]
    #[case("")]
    fn finds_none(#[case] named: &str) {
        let (folder, url) = folder();
        let refused = find(folder.path(), &url, named).expect_err("none");
        assert!(matches!(refused, BackupError::NotFound { .. }), "{refused}");
    }
}
