//! Which crate and which module may use which, read from the manifests and from the imports.

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::{Path, PathBuf};

    use rstest::rstest;

    /// Each crate of the engine, and the crates of the engine that it may use.
    const CRATES: [(&str, &[&str]); 8] = [
        ("testkit", &[]),
        ("schemakeep-files", &[]),
        ("schemakeep-db", &[]),
        ("schemakeep-sql", &["schemakeep-files", "schemakeep-db"]),
        ("schemakeep-schema", &["schemakeep-files", "schemakeep-db", "schemakeep-sql"]),
        (
            "schemakeep",
            &["schemakeep-files", "schemakeep-db", "schemakeep-sql", "schemakeep-schema"],
        ),
        (
            "schemakeep-backup",
            &[
                "schemakeep-files",
                "schemakeep-db",
                "schemakeep-sql",
                "schemakeep-schema",
                "schemakeep",
            ],
        ),
        (
            "schemakeep-cli",
            &[
                "schemakeep-files",
                "schemakeep-db",
                "schemakeep-sql",
                "schemakeep-schema",
                "schemakeep",
                "schemakeep-backup",
            ],
        ),
    ];
    /// The modules of the service from top to bottom: each may use those after it.
    const MODULES: [&str; 12] = [
        "cli",
        "app",
        "http",
        "web",
        "monitor",
        "store",
        "program",
        "telemetry",
        "config",
        "shutdown",
        "domain",
        "main",
    ];
    /// What the domain must not depend on.
    const FOREIGN_TO_DOMAIN: [&str; 4] = ["sqlx", "axum", "tokio", "schemakeep::"];

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn the_crates_keep_their_arrows() {
        let folders = std::fs::read_dir(root().join("crates")).expect("crates");
        let found: BTreeSet<String> = folders
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        let known = CRATES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(found, known);
        for (name, allowed) in CRATES {
            let manifest = root().join("crates").join(name).join("Cargo.toml");
            let manifest = std::fs::read_to_string(manifest).expect("a manifest");
            let used = manifest.lines().filter_map(|line| line.split_once(['.', ' ']));
            for (used, _) in used.filter(|(used, _)| used.starts_with("schemakeep")) {
                assert!(allowed.contains(&used), "{name} must not use {used}");
            }
            assert!(!manifest.contains("\ntaskmanager"), "{name} must not know the service");
        }
    }

    #[test]
    fn the_service_keeps_its_arrows() {
        let mut wrong = Vec::new();
        for (module, used, file) in imports(&root().join("src")) {
            let place = |name: &str| MODULES.iter().position(|module| *module == name);
            let (from, to) = (place(&module), place(&used));
            if from.is_none() || (from >= to && module != "main") {
                wrong.push(format!("{}: {module} must not use {used}", file.display()));
            }
        }
        assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
        for file in files(&root().join("src/domain")) {
            let text = code(&file);
            let foreign = FOREIGN_TO_DOMAIN.iter().find(|foreign| text.contains(**foreign));
            assert_eq!(foreign, None, "{}", file.display());
        }
    }

    #[rstest]
    fn no_circle_between_modules(
        #[values(
            "src",
            "crates/schemakeep-files/src",
            "crates/schemakeep-db/src",
            "crates/schemakeep-sql/src",
            "crates/schemakeep-schema/src",
            "crates/schemakeep/src",
            "crates/schemakeep-backup/src",
            "crates/schemakeep-cli/src"
        )]
        folder: &str,
    ) {
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (module, used, _) in imports(&root().join(folder)) {
            uses.entry(module).or_default().insert(used);
        }
        // A module that uses none of those that are left is at the bottom.
        loop {
            let left: BTreeSet<String> = uses.keys().cloned().collect();
            let before = uses.len();
            uses.retain(|_, used| !used.is_disjoint(&left));
            if uses.len() == before {
                break;
            }
        }
        assert!(uses.is_empty(), "a circle among {uses:#?}");
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                found.extend(files(&path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
        found
    }

    /// The text of a file without its comments and its tests.
    fn code(file: &Path) -> String {
        let text = std::fs::read_to_string(file).expect("a source file");
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
        text.lines()
            .map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n")
            .collect()
    }

    /// A module below the root, another that it names by a path, and the file that does.
    fn imports(folder: &Path) -> Vec<(String, String, PathBuf)> {
        let modules: BTreeSet<String> = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .filter(|name| name != "lib")
            .collect();
        let mut found = Vec::new();
        for file in files(folder) {
            let path = file.strip_prefix(folder).expect("below it").with_extension("");
            let names: Vec<_> = path.iter().filter_map(|name| name.to_str()).collect();
            let depth = names.len() - usize::from(names.last() == Some(&"mod"));
            let Some(module) = names.first().filter(|name| **name != "lib") else { continue };
            let text = code(&file);
            let by_super = "super::".repeat(depth);
            for prefix in ["crate::", "taskmanager::", &by_super] {
                for (at, _) in text.match_indices(prefix) {
                    if text[..at].ends_with([':', '_'])
                        || text[..at].ends_with(char::is_alphanumeric)
                    {
                        continue;
                    }
                    let targets = first_names(&text[at + prefix.len()..]);
                    let targets = targets.into_iter().filter(|name| name != module);
                    let targets = targets.filter(|name| modules.contains(name));
                    found.extend(targets.map(|name| ((*module).to_owned(), name, file.clone())));
                }
            }
        }
        found
    }

    /// The name that a path goes on with, or the first name of each path in its braces.
    fn first_names(path: &str) -> Vec<String> {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let name = |path: &str| path.chars().take_while(|c| is_name(*c)).collect::<String>();
        let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
        let (mut depth, mut names, mut begins) = (0, Vec::new(), true);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                c if begins && is_name(c) => {
                    names.push(name(&group[at..]));
                    begins = false;
                }
                _ => {}
            }
        }
        names
    }

    #[test]
    fn sees_imports() {
        let folder = tempfile::tempdir().expect("a folder");
        for (file, text) in [
            ("lib.rs", "use crate::a;"),
            ("a.rs", "// crate::c\nuse crate::{\n    b::{X, Y},\n};\n"),
            ("b/mod.rs", "fn f() { super::c::g() }\n#[cfg(test)]\nmod tests {\n use crate::a;\n}"),
            ("b/deep.rs", "use super::c;\nuse super::super::a::X;"),
            ("c.rs", "use some_crate::a;"),
        ] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let found: BTreeSet<_> =
            imports(folder.path()).into_iter().map(|(from, to, _)| (from, to)).collect();
        let expected = [("a", "b"), ("b", "a"), ("b", "c")];
        assert_eq!(found, expected.map(|(from, to)| (from.to_owned(), to.to_owned())).into());
    }

    #[test]
    fn reads_paths() {
        assert_eq!(first_names("a::B;"), ["a"]);
        assert_eq!(first_names("{a::{B, C}, d, e::f};\nuse x"), ["a", "d", "e"]);
    }
}
