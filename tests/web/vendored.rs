//! The libraries in `web/vendor` and `web/swagger-ui/vendor`: which they are, under which licence, and that nobody has changed them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Licences that ask for no more than to be named.
const LICENCES: [&str; 3] = ["MIT", "Apache-2.0", "BSD-3-Clause"];

/// Where they are, below `web`.
const FOLDERS: [&str; 2] = ["vendor", "swagger-ui/vendor"];

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

/// Every package, and the folder that it is in.
fn packages() -> Vec<(&'static str, Value)> {
    let of = |folder| {
        let list = json(&format!("{folder}/VENDOR.json"));
        list.as_array()
            .expect("packages")
            .iter()
            .map(|one| (folder, one.clone()))
            .collect::<Vec<_>>()
    };
    FOLDERS.into_iter().flat_map(of).collect()
}

#[test]
fn every_file_is_the_one_that_was_vendored() {
    for (folder, package) in packages() {
        let files = package["files"].as_array().expect("files");
        for file in files {
            let path = text(file, "path");
            let bytes = std::fs::read(web().join(folder).join(path)).expect("a vendored file");
            let digest = Sha256::digest(&bytes).iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            assert_eq!(digest, text(file, "sha256"), "{path}: run scripts/vendor.sh");
        }
        let licence = files.iter().any(|file| text(file, "path").ends_with("LICENSE"));
        assert!(licence, "{}: no licence file", text(&package, "name"));
        assert!(LICENCES.contains(&text(&package, "license")), "{package}");
    }
}

#[test]
fn every_file_is_listed() {
    let listed: BTreeSet<PathBuf> = packages()
        .iter()
        .flat_map(|(folder, package)| {
            let files = package["files"].as_array().expect("files").iter();
            files.map(|file| web().join(folder).join(text(file, "path"))).collect::<Vec<_>>()
        })
        .collect();
    let mut folders = FOLDERS.map(|folder| web().join(folder)).to_vec();
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            if path.is_dir() {
                folders.push(path.clone());
            } else if name != "VENDOR.json" && !name.ends_with(".d.ts") {
                found.insert(path);
            }
        }
    }
    assert_eq!(found, listed);
}

/// Also of libraries within a bundle, so that a check of advisories sees them.
#[test]
fn versions_are_exact_and_the_same_everywhere() {
    let (package, lock) = (json("package.json"), json("package-lock.json"));
    let wanted = package["dependencies"].as_object().expect("dependencies");
    let mut known = BTreeMap::new();
    for (_, entry) in packages() {
        known.insert(text(&entry, "name").to_owned(), text(&entry, "version").to_owned());
        for (name, version) in entry["bundles"].as_object().into_iter().flatten() {
            known.insert(name.clone(), version.as_str().expect("a version").to_owned());
        }
    }
    assert_eq!(known.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
    for (name, version) in known {
        assert_eq!(wanted[&name], version, "{name}: run scripts/vendor.sh");
        let locked = &lock["packages"][format!("node_modules/{name}")];
        assert_eq!(text(locked, "version"), version, "{name}");
        assert!(text(locked, "integrity").starts_with("sha512-"), "{name}");
    }
}

/// The bundle says itself what is in it.
#[test]
fn the_bundles_libraries_are_those_that_are_listed() {
    let notice = web().join("swagger-ui/vendor/swagger-ui-bundle.js.LICENSE.txt");
    let notice = std::fs::read_to_string(notice).expect("the notice");
    let versions: Vec<_> = notice
        .split("DOMPurify ")
        .skip(1)
        .map(|rest| rest.split(' ').next().unwrap_or_default())
        .collect();
    assert_eq!(versions, [text(&json("package.json")["dependencies"], "dompurify")]);
    let bundle = web().join("swagger-ui/vendor/swagger-ui-bundle.js");
    let bundle = std::fs::read_to_string(bundle).expect("the bundle");
    assert!(bundle.contains(&format!("version=\"{}\"", versions[0])));
}
