//! The libraries in `web/vendor`: which they are, under which licence, and that nobody has changed them.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Licences that ask for no more than to be named.
const LICENCES: [&str; 3] = ["MIT", "Apache-2.0", "BSD-3-Clause"];

fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("web")
}

fn json(path: &str) -> Value {
    let text = std::fs::read_to_string(web().join(path)).expect("a file");
    serde_json::from_str(&text).expect("JSON")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}"))
}

#[test]
fn every_file_is_the_one_that_was_vendored() {
    for package in json("vendor/VENDOR.json").as_array().expect("packages") {
        let files = package["files"].as_array().expect("files");
        for file in files {
            let path = text(file, "path");
            let bytes = std::fs::read(web().join("vendor").join(path)).expect("a vendored file");
            let digest = Sha256::digest(&bytes).iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            assert_eq!(digest, text(file, "sha256"), "{path}: run scripts/vendor.sh");
        }
        let licence = files.iter().any(|file| text(file, "path").ends_with("LICENSE"));
        assert!(licence, "{}: no licence file", text(package, "name"));
        assert!(LICENCES.contains(&text(package, "license")), "{package}");
    }
}

#[test]
fn every_file_is_listed() {
    let vendored = json("vendor/VENDOR.json");
    let listed: BTreeSet<_> = vendored
        .as_array()
        .expect("packages")
        .iter()
        .flat_map(|package| package["files"].as_array().expect("files"))
        .map(|file| text(file, "path").to_owned())
        .collect();
    let mut folders = vec![web().join("vendor")];
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(web().join("vendor")).expect("below").to_string_lossy();
            if path.is_dir() {
                folders.push(path.clone());
            } else if name != "VENDOR.json" && !name.ends_with(".d.ts") {
                found.insert(name.into_owned());
            }
        }
    }
    assert_eq!(found, listed);
}

#[test]
fn versions_are_exact_and_the_same_everywhere() {
    let (package, lock) = (json("package.json"), json("package-lock.json"));
    let vendored = json("vendor/VENDOR.json");
    let wanted = package["dependencies"].as_object().expect("dependencies");
    let known: BTreeSet<_> =
        vendored.as_array().expect("packages").iter().map(|p| text(p, "name")).collect();
    assert_eq!(known, wanted.keys().map(String::as_str).collect());
    for entry in vendored.as_array().expect("packages") {
        let (name, version) = (text(entry, "name"), text(entry, "version"));
        assert_eq!(wanted[name], version, "{name}: run scripts/vendor.sh");
        let locked = &lock["packages"][format!("node_modules/{name}")];
        assert_eq!(text(locked, "version"), version, "{name}");
        assert!(text(locked, "integrity").starts_with("sha512-"), "{name}");
    }
}
