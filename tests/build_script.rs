//! The build script itself, run on copies of what it reads: what it refuses, in which words, and what it writes.

#![expect(clippy::expect_used, reason = "a test that fails here says so")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output};

use rstest::rstest;
use taskmanager::web::bundle::{Bundle, viewer};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A copy of the migrations, changed.
fn changed(change: impl FnOnce(&Path)) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    for dialect in ["postgres", "sqlite"] {
        let to = folder.path().join("migrations").join(dialect);
        fs::create_dir_all(&to).expect("a folder");
        for entry in fs::read_dir(root().join("migrations").join(dialect)).expect("migrations") {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
        }
    }
    change(&folder.path().join("migrations"));
    Command::new(env!("BUILD_SCRIPT"))
        .env("PROFILE", "debug")
        .current_dir(folder.path())
        .output()
        .expect("the script")
}

#[test]
fn takes_the_shipped_files_and_is_run_again_when_one_comes_or_goes() {
    let output = changed(|_| {});
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    // Cargo looks at everything in a folder that is named so.
    for dialect in ["postgres", "sqlite"] {
        let line = format!("cargo:rerun-if-changed=migrations/{dialect}");
        assert!(said.lines().any(|said| said == line), "{said}");
    }
}

const CREATE: &str = "20261121090000_create_tasks";

#[rstest]
#[case::name("postgres/add_labels.up.sql", "SELECT 1;", "YYYYMMDDHHMMSS")]
#[case::no_date("postgres/20261341090000_add_labels.up.sql", "SELECT 1;", "real date and time")]
#[case::one_word("sqlite/20261122090000_labels.up.sql", "SELECT 1;", "a verb and an object")]
#[case::stray("sqlite/notes.txt", "x", ".up.sql or .down.sql")]
#[case::duplicate(
    "postgres/20261121090000_make_tasks.up.sql",
    "SELECT 1;",
    "two migrations have this version"
)]
#[case::no_down("postgres/20261122090000_add_labels.up.sql", "SELECT 1;", "no .down.sql")]
#[case::carriage_return(
    "sqlite/20261121090000_create_tasks.up.sql",
    "SELECT 1;\r\n",
    "carriage return"
)]
#[case::byte_order_mark(
    "sqlite/20261121090000_create_tasks.up.sql",
    "\u{feff}SELECT 1;",
    "byte order mark"
)]
#[case::empty("sqlite/20261121090000_create_tasks.up.sql", "\n", "is empty")]
#[case::directive(
    "sqlite/20261121090000_create_tasks.up.sql",
    "-- compat: aditive\nSELECT 1;",
    "compat"
)]
fn refuses_a_bad_file_by_its_name(#[case] file: &str, #[case] text: &str, #[case] words: &str) {
    let output = changed(|folder| fs::write(folder.join(file), text).expect("a file"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success(), "{said}");
    let errors: Vec<&str> = said.lines().filter(|l| l.starts_with("cargo::error=")).collect();
    let version = file.split(['/', '_']).nth(1).expect("a version");
    assert!(errors.iter().any(|e| e.contains(words) && e.contains(version)), "{errors:#?}");
}

#[test]
fn refuses_a_migration_that_only_one_database_has() {
    let output = changed(|folder| {
        for way in ["up", "down"] {
            let file = folder.join("sqlite").join(format!("{CREATE}.{way}.sql"));
            fs::remove_file(file).expect("a file");
        }
    });
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("has no migration of this version and name"), "{said}");
}

/// What a release holds of the page: every file that is served, and compressed forms of it that are the same.
#[test]
fn embeds_the_page_of_a_release() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("BUILD_SCRIPT"))
        .env("PROFILE", "release")
        .env("OUT_DIR", folder.path())
        .current_dir(root())
        .output()
        .expect("the script");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    for line in ["cargo:rustc-cfg=embedded_page", "cargo:rerun-if-changed=web"] {
        assert!(said.lines().any(|said| said == line), "{said}");
    }
    let list = fs::read_to_string(folder.path().join("page.rs")).expect("the list");
    let bundle = Bundle::read(&root().join("web")).expect("the page");
    assert!(list.contains(&format!("const HASH: &str = {:?};", bundle.hash)), "{list}");
    let viewer = viewer(&root().join("web")).expect("the viewer");
    let files = bundle.files.len() + viewer.len();
    assert_eq!(list.matches("include_bytes!").count(), 3 * files);
    let numbered = |constant, files: &BTreeMap<String, Vec<u8>>| -> Vec<_> {
        let files = files.iter().enumerate();
        files
            .map(|(number, (path, plain))| (constant, number, path.clone(), plain.clone()))
            .collect()
    };
    let mut compressed = 0;
    for (constant, number, path, plain) in
        [numbered("FILES", &bundle.files), numbered("VIEWER_FILES", &viewer)].concat()
    {
        assert!(list.contains(&format!("({path:?}, include_bytes!")), "{path}");
        let file = |coding: &str| {
            fs::read(folder.path().join(format!("{constant}-{number}.{coding}"))).expect("a file")
        };
        assert_eq!(file("plain"), plain, "{path}");
        let (mut brotli, mut gzip) = (Vec::new(), Vec::new());
        brotli::Decompressor::new(&*file("br"), 4096).read_to_end(&mut brotli).expect("brotli");
        flate2::read::GzDecoder::new(&*file("gz")).read_to_end(&mut gzip).expect("gzip");
        assert!(brotli == plain && gzip == plain, "{path}");
        if constant == "FILES" {
            compressed += file("br").len();
        }
    }
    // The page, all of its views and the charts.
    assert!(compressed < 80_000, "{compressed} bytes");
    assert!(bundle.joined && !said.contains("cargo::warning"), "{said}");
}

#[test]
fn embeds_no_page_in_a_debug_build() {
    let output = changed(|_| {});
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!said.contains("cargo:rustc-cfg=embedded_page"), "{said}");
    assert!(!said.contains("cargo:rerun-if-changed=web"), "{said}");
}

#[test]
fn refuses_a_page_whose_imports_lead_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = tempfile::tempdir().expect("a folder");
    for name in ["app", "i18n", "styles", "vendor", "views", "swagger-ui/vendor"] {
        fs::create_dir_all(folder.path().join("web").join(name)).expect("a folder");
    }
    fs::write(folder.path().join("web/index.html"), "<!-- preload -->").expect("a file");
    let main = "import { a } from \"./there.js\";\nimport(\"./later.js\");\n";
    fs::write(folder.path().join("web/app/main.js"), main).expect("a file");
    let run = || {
        let output = Command::new(env!("BUILD_SCRIPT"))
            .env("PROFILE", "release")
            .env("OUT_DIR", out.path())
            .current_dir(folder.path())
            .output()
            .expect("the script");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(run().contains("cargo::error=web: app/main.js imports ./there.js: no such file"));
    fs::write(folder.path().join("web/app/there.js"), "export const a = 1;").expect("a file");
    assert!(
        run().contains("cargo:rustc-cfg=embedded_page"),
        "what is imported later may be missing"
    );
    assert!(run().contains("cargo::warning=web/dist is not made of the present modules"));
}
