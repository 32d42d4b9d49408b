//! Types the recipes of `docs/MIGRATIONS.md` and `docs/AUTOGENERATE.md` again and holds what comes out against what the
//! pages show.
//!
//! `UPDATE_RECIPES=1` writes what comes out into the pages instead.

#![expect(clippy::expect_used, reason = "a test that fails here says so")]

use std::path::Path;
use std::process::Command;

/// What differs from one run to the next: versions, moments, durations and sizes.
fn lasting(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, after) = rest.split_at(length);
        if length == 14 {
            text.push_str("YYYYMMDDHHMMSS");
            rest = after;
        } else if length == 8 && after.starts_with('T') && after.get(7..8) == Some("Z") {
            text.push_str("YYYYMMDDTHHMMSSZ");
            rest = &after[8..];
        } else if let Some((unit, after)) = after
            .strip_prefix('.')
            .map(|fraction| fraction.trim_start_matches(|c: char| c.is_ascii_digit()))
            .and_then(|unit| unit.split_at_checked(3))
            .filter(|(unit, _)| [" ms", " kB", " MB", " GB", " TB"].contains(unit))
        {
            // How large a disk is, or a file, depends on the machine.
            text.push_str(if unit == " ms" { "N ms" } else { "N MB" });
            rest = after;
        } else if length == 4
            && after.starts_with('-')
            && after.len() >= 16
            && after.as_bytes()[6] == b'T'
        {
            text.push_str("YYYY-MM-DDTHH:MM:SSZ");
            rest = &after[16..];
        } else {
            text.push_str(digits);
            rest = after;
        }
    }
    (text + rest).trim_end().to_owned()
}

fn typed(command: &str, folder: &Path, variables: &[(&str, String)]) -> Vec<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_taskmanager")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .output()
        .expect("bash");
    String::from_utf8_lossy(&output.stdout).lines().map(lasting).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[test]
fn what_the_page_on_migrations_shows_is_what_comes_out() {
    compare("docs/MIGRATIONS.md", &[]);
}

#[test]
fn what_the_page_on_autogenerate_shows_is_what_comes_out() {
    let server = std::env::var("TEST_POSTGRES_URL").expect("a server: run `make test`");
    compare("docs/AUTOGENERATE.md", &[("REHEARSAL_DATABASE_URL", server)]);
}

/// Types what a page shows, in a copy of this repository.
fn compare(path: &str, variables: &[(&str, String)]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    for copied in ["migrations", "schema"] {
        copy(&root.join(copied), &folder.path().join(copied));
    }
    let page = std::fs::read_to_string(root.join(path)).expect("the page");
    let begin = page.find("<!-- recipes -->").expect("the recipes");
    let end = begin + page[begin..].find("<!-- end -->").expect("their end");

    let (mut shown, mut inside, mut commands) = (Vec::new(), false, 0);
    for line in page[begin..end].lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        }
        match line.strip_prefix("$ ").filter(|_| inside) {
            Some(command) => {
                commands += 1;
                shown.push(line.to_owned());
                shown.extend(typed(command, folder.path(), variables));
            }
            None if inside && !line.starts_with("```") => {}
            None => shown.push(line.to_owned()),
        }
    }
    assert!(commands > 20, "only {commands} commands were found");
    let shown = shown.join("\n") + "\n";
    if std::env::var_os("UPDATE_RECIPES").is_some() {
        let text = format!("{}{shown}{}", &page[..begin], &page[end..]);
        std::fs::write(root.join(path), text).expect("the page");
    } else {
        assert_eq!(
            page[begin..end],
            shown,
            "run it with UPDATE_RECIPES=1 and look at the difference"
        );
    }
}

#[test]
fn versions_moments_and_durations_are_left_out() {
    assert_eq!(
        lasting("applied 20261121090000  create tasks (1.25 ms)"),
        "applied YYYYMMDDHHMMSS  create tasks (N ms)"
    );
    assert_eq!(lasting("2026-11-21T09:03:50Z  0.9 ms"), "YYYY-MM-DDTHH:MM:SSZ  N ms");
    assert_eq!(
        lasting("backups/a-20261121T124246Z-20261121090300.db, 73.7 kB"),
        "backups/a-YYYYMMDDTHHMMSSZ-YYYYMMDDHHMMSS.db, N MB"
    );
    assert_eq!(lasting("line   3  5 tasks, 1.5 s"), "line   3  5 tasks, 1.5 s");
}
