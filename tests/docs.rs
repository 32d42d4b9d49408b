//! The documents against the code: tables, lists, links and commands.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use clap::{Command, CommandFactory};
    use rstest::rstest;
    use schemakeep::SchemaState;
    use taskmanager::cli::Cli;
    use taskmanager::config::VARIABLES;
    use taskmanager::domain::fold::LETTERS;
    use taskmanager::http::limits::LIMITS;
    use taskmanager::http::problem::KINDS;
    use taskmanager::telemetry::metrics::METRICS;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    fn read(path: &str) -> String {
        std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// What stands between `<!-- name…` and `<!-- end -->`, without the heading of the table.
    fn table(path: &str, name: &str) -> Vec<String> {
        let text = read(path);
        let begin = format!("<!-- {name}:");
        let (_, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("no {begin} in {path}"));
        let (table, _) = rest.split_once("<!-- end -->").expect("an end");
        table.lines().filter(|line| line.starts_with("| `")).map(ToOwned::to_owned).collect()
    }

    /// Shows the whole table that should be there, to be copied.
    #[track_caller]
    fn assert_table(path: &str, name: &str, expected: impl Iterator<Item = String>) {
        let expected: Vec<_> = expected.collect();
        let found = table(path, name);
        assert!(found == expected, "{name} in {path} should be\n{}\n", expected.join("\n"));
    }

    #[test]
    fn problems_are_those_of_the_code() {
        let rows = KINDS.iter().map(|kind| {
            format!("| `/problems/{}` | {} | {} |", kind.slug, kind.status.as_u16(), kind.title)
        });
        assert_table("docs/API.md", "problems", rows);
    }

    #[test]
    fn settings_are_those_of_the_code() {
        let rows = VARIABLES.iter().map(|variable| {
            let default = match variable.default {
                words if words.contains(' ') => words.to_owned(),
                word => format!("`{word}`"),
            };
            assert!(!variable.meaning.contains('|'), "{}", variable.name);
            format!("| `{}` | {default} | {} |", variable.name, variable.meaning)
        });
        assert_table("docs/CONFIGURATION.md", "settings", rows);
    }

    #[test]
    fn limits_are_those_of_the_code() {
        let rows = LIMITS
            .iter()
            .map(|limit| format!("| `{}` | {} | {} |", limit.name, limit.amount, limit.meaning));
        assert_table("docs/OPERATIONS.md", "limits", rows);
    }

    #[test]
    fn metrics_are_those_of_the_code() {
        let rows = METRICS.iter().map(|metric| {
            let kind = format!("{:?}", metric.kind).to_lowercase();
            format!("| `{}` | {kind} | {} |", metric.name, metric.help)
        });
        assert_table("docs/OPERATIONS.md", "metrics", rows);
    }

    #[test]
    fn every_state_has_its_exit_code_in_the_table() {
        let rows = table("docs/OPERATIONS.md", "exit codes");
        for state in SchemaState::ALL {
            let (code, word) =
                (format!("| `{}` |", state.exit_code()), format!("`{}`", state.as_str()));
            let found = rows.iter().any(|row| row.starts_with(&code) && row.contains(&word));
            assert!(found, "{code} {word}:\n{}", rows.join("\n"));
        }
    }

    #[test]
    fn folded_letters_are_those_of_the_code() {
        let text = read("docs/API.md");
        let cells = |heading: &str| -> Vec<String> {
            let row = text.lines().find_map(|line| line.strip_prefix(&format!("| {heading} |")));
            let row = row.unwrap_or_else(|| panic!("no row {heading}")).trim_end_matches('|');
            row.split('|').map(|cell| cell.trim().to_owned()).collect()
        };
        let (letters, plain): (Vec<_>, Vec<_>) =
            LETTERS.iter().map(|(letter, plain)| (letter.to_string(), (*plain).to_owned())).unzip();
        assert_eq!(cells("letter"), letters);
        assert_eq!(cells("found as"), plain);
    }

    #[test]
    fn codes_of_violations_are_those_of_the_code() {
        let text = read("docs/API.md");
        let (_, rest) = text.split_once("Codes in `errors`: ").expect("the list");
        let (list, _) = rest.split_once(".\n").expect("its end");
        let listed: BTreeSet<_> =
            list.split(',').map(|code| code.trim().trim_matches('`')).collect();
        let sources: Vec<String> = files(&root().join("src"), "rs")
            .iter()
            .map(|file| std::fs::read_to_string(file).expect("a source file"))
            .collect();
        let used: BTreeSet<&str> = sources.iter().flat_map(|source| codes(source)).collect();
        assert_eq!(listed, used);
    }

    /// What is given to `ValueError::new` as its code; it must be written there, to be found.
    fn codes(source: &str) -> Vec<&str> {
        let calls = source.split("ValueError::new(").skip(1);
        let code = |call: &'_ str| -> Option<(usize, usize)> {
            let begin = call.find(|c: char| !c.is_whitespace())?;
            let length = call[begin..].strip_prefix('"')?.find('"')?;
            Some((begin + 1, length))
        };
        calls
            .map(|call| {
                let (begin, length) = code(call).unwrap_or_else(|| panic!("no code in {call}"));
                &call[begin..begin + length]
            })
            .collect()
    }

    #[test]
    fn the_readme_names_the_two_commands() {
        let readme = read("README.md");
        for command in ["cargo run --release", "make test"] {
            assert!(readme.contains(command), "{command}");
        }
    }

    fn documents() -> Vec<PathBuf> {
        let mut documents = files(&root().join("docs"), "md");
        let entries = std::fs::read_dir(root()).expect("the project");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        documents.extend(paths.filter(|path| path.extension().is_some_and(|name| name == "md")));
        assert!(documents.len() >= 5, "{documents:?}");
        documents
    }

    fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                found.extend(files(&path, extension));
            } else if path.extension().is_some_and(|name| name == extension) {
                found.push(path);
            }
        }
        found
    }

    /// A whole path, or the end of one, as in `run/attempt.rs`.
    #[test]
    fn every_source_file_that_is_named_exists() {
        let folders = ["src", "crates", "tests", "examples"].map(|folder| root().join(folder));
        let mut sources: Vec<_> = folders.iter().flat_map(|folder| files(folder, "rs")).collect();
        sources.push(root().join("build.rs"));
        let mut missing = Vec::new();
        let mut count = 0;
        for document in documents() {
            let text = std::fs::read_to_string(&document).expect("a document");
            let names = text.split('`').skip(1).step_by(2);
            for name in names.filter(|name| !name.contains(['*', '{', ' ', ':'])) {
                let is_there = if Path::new(name).extension().is_some_and(|kind| kind == "rs") {
                    sources.iter().any(|source| source.ends_with(name))
                } else if name.starts_with("src/") || name.starts_with("crates/") {
                    root().join(name).exists()
                } else {
                    continue;
                };
                count += 1;
                if !is_there {
                    missing.push(format!("{}: {name}", document.display()));
                }
            }
        }
        assert!(count > 60, "only {count} found");
        assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
    }

    #[test]
    fn every_relative_link_leads_somewhere() {
        let mut broken = Vec::new();
        for document in documents() {
            let text = std::fs::read_to_string(&document).expect("a document");
            for target in links(&text) {
                if target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
                let file = match path {
                    "" => document.clone(),
                    path => document.parent().expect("a folder").join(path),
                };
                let found = file.exists()
                    && (anchor.is_empty()
                        || anchors(&std::fs::read_to_string(&file).expect("a text"))
                            .contains(anchor));
                if !found {
                    broken.push(format!("{}: {target}", document.display()));
                }
            }
        }
        assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
    }

    fn links(text: &str) -> Vec<&str> {
        let ends = text.split("](").skip(1);
        ends.filter_map(|rest| rest.split_once(')').map(|(target, _)| target)).collect()
    }

    /// The names that a heading gets where documents are shown.
    fn anchors(text: &str) -> BTreeSet<String> {
        let headings = text.lines().filter(|line| line.starts_with('#'));
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let anchor = |heading: &str| {
            let words: String =
                heading.trim_start_matches('#').trim().chars().filter(kept).collect();
            words.to_lowercase().replace(' ', "-")
        };
        headings.map(anchor).collect()
    }

    #[test]
    fn every_command_that_is_named_exists() {
        let targets = make_targets(&read("Makefile"));
        let mut command = Cli::command();
        command.build();
        let mut wrong = Vec::new();
        let mut named = 0;
        for document in documents() {
            let text = std::fs::read_to_string(&document).expect("a document");
            for code in code(&text) {
                let fault = fault(&command, &targets, &code);
                named += usize::from(fault.is_some());
                if let Some(Err(what)) = fault {
                    wrong.push(format!("{}: `{code}`: {what}", document.display()));
                }
            }
        }
        assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
        assert!(named >= 10, "only {named} commands found");
    }

    /// The lines of code blocks, and the code within lines.
    fn code(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (at, part) in text.split("```").enumerate() {
            if at % 2 == 1 {
                found.extend(part.lines().skip(1).map(ToOwned::to_owned));
            } else {
                let spans = part.split('`').skip(1).step_by(2);
                found.extend(spans.map(|span| span.replace('\n', " ")));
            }
        }
        found
    }

    fn make_targets(makefile: &str) -> BTreeSet<String> {
        let lines = makefile.lines().filter(|line| !line.starts_with(['\t', '.', '#', ' ']));
        let targets = lines.filter_map(|line| line.split_once(':'));
        targets.map(|(name, _)| name.to_owned()).collect()
    }

    /// `None` when it is no command of ours, else what is wrong with it.
    fn fault(
        command: &Command,
        targets: &BTreeSet<String>,
        code: &str,
    ) -> Option<Result<(), String>> {
        let assignment =
            |word: &&str| word.contains('=') && word.starts_with(|c: char| c.is_ascii_uppercase());
        let words = code.split_whitespace().skip_while(|word| *word == "$" || assignment(word));
        let words: Vec<_> =
            words.take_while(|word| !matches!(*word, "|" | "&&" | ";" | ">" | "#")).collect();
        match words.split_first()? {
            (&"make", [target, ..]) if targets.contains(*target) => Some(Ok(())),
            (&"make", [target, ..]) => Some(Err(format!("no target {target}"))),
            (&"make", []) => Some(Ok(())),
            (&"taskmanager", arguments) => Some(check(command, arguments)),
            _ => None,
        }
    }

    fn check(command: &Command, arguments: &[&str]) -> Result<(), String> {
        let mut present = command;
        for word in arguments {
            if let Some(flag) = word.strip_prefix("--") {
                let name = flag.split('=').next().unwrap_or(flag).trim_end_matches(']');
                let known =
                    present.get_arguments().any(|argument| argument.get_long() == Some(name));
                if !known {
                    return Err(format!("{} has no --{name}", present.get_name()));
                }
            } else if present.has_subcommands() && word.chars().all(|c| c.is_ascii_lowercase()) {
                let found = present.find_subcommand(word);
                present = found.ok_or_else(|| format!("{} has no {word}", present.get_name()))?;
            }
        }
        Ok(())
    }

    #[rstest]
    #[case("taskmanager", Some(true))]
    #[case("taskmanager migrate status --json", Some(true))]
    #[case("$ DATABASE_URL=sqlite:x taskmanager config --port 81 | less", Some(true))]
    #[case("taskmanager --version", Some(true))]
    #[case("taskmanager migrate …", Some(true))]
    #[case("taskmanager migrate fly", Some(false))]
    #[case("taskmanager fly", Some(false))]
    #[case("taskmanager config --yaml", Some(false))]
    #[case("make test FILE=x", Some(true))]
    #[case("make love", Some(false))]
    #[case("taskmanager.db", None)]
    #[case("cargo run", None)]
    #[case("", None)]
    fn a_command_is_known_or_not(#[case] code: &str, #[case] known: Option<bool>) {
        let mut command = Cli::command();
        command.build();
        let targets = make_targets("help: ## x\n\techo a: b\ntest:\n\trun\n");
        assert_eq!(fault(&command, &targets, code).map(|outcome| outcome.is_ok()), known);
    }

    #[test]
    fn the_reader_of_documents_sees_what_is_there() {
        let text = "a [b](c.md#d) `x y`\n```sh\n$ run\nmore\n```\n# A `b` c-d, e\n";
        assert_eq!(links(text), ["c.md#d"]);
        assert_eq!(code(text), ["x y", "$ run", "more", "b"]);
        assert!(anchors(text).contains("a-b-c-d-e"));
        assert_eq!(codes("ValueError::new(\"a\", x) ValueError::new(\n  \"b\",\n y)"), ["a", "b"]);
    }
}
