//! What the page's own files keep to: imports that lead somewhere, texts in both languages, no address but ours.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use taskmanager::web::bundle::{self, Bundle};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("web")
}

fn files() -> BTreeMap<String, String> {
    let bundle = Bundle::modules(&folder()).expect("the page");
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).expect("UTF-8");
    bundle.files.iter().map(|(path, bytes)| (path.clone(), text(bytes))).collect()
}

fn is_module(path: &str) -> bool {
    bundle::content_type(path).is_some_and(|kind| kind.starts_with("text/javascript"))
}

/// Our own modules.
fn own() -> impl Iterator<Item = (String, String)> {
    let ours = |path: &String| is_module(path) && !path.starts_with("vendor/");
    files().into_iter().filter(move |(path, _)| ours(path))
}

/// `import("…")`, which [`bundle::imports`] leaves out.
fn later_imports(module: &str) -> impl Iterator<Item = &str> {
    module.split("import(").skip(1).filter_map(|rest| {
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest[1..].split(quote).next()
    })
}

/// What is served is what these sources say; `make lint` makes it once more, to the byte.
#[test]
fn the_joined_modules_are_made_of_these() {
    let bundle = Bundle::read(&folder()).expect("the page");
    assert!(bundle.joined, "web/dist is of other modules: npm --prefix web run join");
    let files: Vec<_> = bundle.files.keys().filter(|path| is_module(path)).collect();
    assert!(!files.is_empty() && files.iter().all(|path| path.starts_with("dist/")), "{files:?}");
}

/// A module that was changed is served at once, as it is written.
#[test]
fn a_changed_module_is_not_served_as_it_was() {
    let copy = tempfile::tempdir().expect("a folder");
    for (path, file) in bundle::list(&folder()).expect("files") {
        let to = copy.path().join(path);
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        std::fs::copy(file, to).expect("a copy");
    }
    let sources = Path::new("dist/SOURCES");
    std::fs::copy(folder().join(sources), copy.path().join(sources)).expect("a copy");
    let read = || Bundle::read(copy.path()).expect("the page");
    let before = read();
    assert!(before.joined && before.files.contains_key("dist/main.js"));
    let main = copy.path().join("app/main.js");
    let text = std::fs::read_to_string(&main).expect("a module");
    std::fs::write(&main, format!("{text}// changed\n")).expect("a module");
    let after = read();
    assert!(!after.joined && after.hash != before.hash);
    assert!(after.files["app/main.js"].ends_with(b"// changed\n"));
    assert!(after.files.keys().all(|path| !path.starts_with("dist/")));
}

#[test]
fn every_import_leads_to_a_file() {
    let files = files();
    let mut seen = 0;
    for (path, text) in files.iter().filter(|(path, _)| is_module(path)) {
        let later = later_imports(text).map(ToOwned::to_owned);
        // Types in comments are imported in the same words.
        for import in bundle::imports(text).into_iter().chain(later) {
            let target = bundle::resolve(path, &import);
            assert!(target.is_some_and(|to| files.contains_key(&to)), "{path} imports {import}");
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} imports");
}

#[test]
fn every_module_is_used() {
    let files = files();
    let mut used = BTreeSet::from(["app/main.js".to_owned()]);
    for (path, text) in files.iter().filter(|(path, _)| is_module(path)) {
        let later = later_imports(text).map(ToOwned::to_owned);
        used.extend(
            bundle::imports(text)
                .into_iter()
                .chain(later)
                .filter_map(|i| bundle::resolve(path, &i)),
        );
    }
    for path in files.keys().filter(|path| is_module(path)) {
        assert!(used.contains(path), "{path} is not used");
    }
    let page = &files["index.html"];
    let styles = files.keys().filter(|path| path.starts_with("styles/"));
    for style in styles {
        let linked = page.contains(&format!("/{style}\""));
        let named = files.values().any(|text| text.contains(style.trim_start_matches("styles/")));
        assert!(linked || named, "{style} is not used");
    }
}

/// The keys of a file of texts: `  "some.key": …`.
fn keys(path: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder().join(path)).expect("texts");
    let keys = text.lines().filter_map(|line| line.strip_prefix("  \"")?.split_once("\":"));
    keys.map(|(key, _)| key.to_owned()).collect()
}

#[test]
fn both_languages_have_the_same_texts() {
    let (english, french) = (keys("i18n/en.js"), keys("i18n/fr.js"));
    assert!(english.len() > 100, "only {} texts", english.len());
    assert_eq!(english, french, "the same keys in the same order");
    let unique: BTreeSet<_> = english.iter().collect();
    assert_eq!(unique.len(), english.len(), "a key twice");
}

/// What stands in braces in each text.
fn places(path: &str) -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(folder().join(path)).expect("texts");
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let Some((key, value)) = line.strip_prefix("  \"").and_then(|l| l.split_once("\":")) else {
            continue;
        };
        let inside = value.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let names = inside.filter(|name| name.chars().all(|c| c.is_ascii_lowercase()));
        found.insert(key.to_owned(), names.map(ToOwned::to_owned).collect());
    }
    found
}

#[test]
fn a_text_has_the_same_places_for_values_in_both_languages() {
    assert_eq!(places("i18n/en.js"), places("i18n/fr.js"));
}

/// Those of the API, and two for when it cannot say.
const SCHEMA_STATES: [&str; 9] = [
    "current",
    "behind",
    "ahead_compatible",
    "ahead_incompatible",
    "diverged",
    "drifted",
    "failed",
    "unreachable",
    "unknown",
];

/// What templates such as `status.${…}` make of texts' keys.
const MADE: [(&str, &[&str]); 8] = [
    ("status", &["todo", "in_progress", "done"]),
    ("priority", &["high", "medium", "low"]),
    ("view", &["board", "list", "figures", "schema"]),
    ("connection", &["connecting", "live", "polling", "lost"]),
    ("schema.state", &SCHEMA_STATES),
    ("schema.means", &SCHEMA_STATES),
    ("schema.standing", &["applied", "unfinished", "pending", "unknown"]),
    (
        "field",
        &[
            "number",
            "title",
            "description",
            "status",
            "priority",
            "assignee",
            "due_date",
            "updated_at",
        ],
    ),
];

#[test]
fn every_text_is_used_and_every_used_text_is_there() {
    let keys = keys("i18n/en.js");
    let code: String =
        own().filter(|(path, _)| !path.starts_with("i18n/")).map(|(_, text)| text).collect();
    for key in &keys {
        let quoted = code.contains(&format!("\"{key}\""));
        let made = MADE.iter().any(|(begin, ends)| {
            let end = key.strip_prefix(begin).and_then(|rest| rest.strip_prefix('.'));
            end.is_some_and(|end| ends.contains(&end)) && code.contains(&format!("{begin}.${{"))
        });
        assert!(quoted || made, "{key} is not used");
    }
    let calls: Vec<&str> = code.split("t(\"").collect();
    let mut asked = 0;
    for pair in calls.windows(2) {
        // Not the end of another name, such as `closest`.
        if pair[0].ends_with(|c: char| c.is_alphanumeric() || "_.$".contains(c)) {
            continue;
        }
        let key = pair[1].split('"').next().unwrap_or_default();
        assert!(keys.iter().any(|known| known == key), "{key} is no text");
        asked += 1;
    }
    assert!(asked > 50, "only {asked} texts are asked for");
}

#[test]
fn nothing_leads_elsewhere() {
    for (path, text) in files() {
        for found in text.split("://").skip(1) {
            let host: String =
                found.chars().take_while(|c| !c.is_whitespace() && *c != '"').collect();
            // Names of XML, not addresses.
            let name = host.starts_with("www.w3.org/") || host.starts_with("www.w3.org");
            assert!(name || path.starts_with("vendor/"), "{path}: {host}");
        }
        let calls =
            ["fetch(\"http", "fetch('http", "fetch(`http", "@import", "url(http", "importScripts"];
        for call in calls {
            assert!(!text.contains(call), "{path}: {call}");
        }
    }
}

/// The policy forbids them; here they are found before a browser does.
#[test]
fn no_style_and_no_handler_stands_in_markup() {
    for (path, text) in own() {
        for forbidden in
            [" style=\"", " style='", "innerHTML", "insertAdjacentHTML", "eval(", "new Function"]
        {
            assert!(!text.contains(forbidden), "{path}: {forbidden}");
        }
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for (path, text) in own() {
        assert!(text.starts_with("/**"), "{path} begins without a comment");
        let lines = text.lines().count();
        assert!(lines <= 400, "{path}: {lines} lines, two ideas");
    }
}
