//! Words that no message, document or comment has: a native reader would stop at them.

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    const FORBIDDEN: [&str; 12] = [
        "mend",
        "mends",
        "mended",
        "anew",
        "whoever",
        "half way",
        "held against",
        "not had",
        "gone on with",
        "mending",
        "half-way",
        "as many as may",
    ];
    const FOLDERS: [&str; 7] =
        ["src", "crates", "docs", "web/app", "web/views", "web/i18n", "examples"];
    const FILES: [&str; 3] = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"];

    fn collect(path: &Path, found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            for entry in std::fs::read_dir(path).expect("a folder") {
                collect(&entry.expect("an entry").path(), found);
            }
        } else if path
            .extension()
            .is_some_and(|kind| ["rs", "md", "js"].iter().any(|it| kind == *it))
        {
            found.push(path.to_owned());
        }
    }

    #[test]
    fn nobody_stops_at_a_word() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        FOLDERS.iter().chain(&FILES).for_each(|name| collect(&root.join(name), &mut files));
        assert!(files.len() > 300, "only {} files", files.len());
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let mut found = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(&file).expect("text").to_lowercase();
            for (number, line) in text.lines().enumerate() {
                for word in FORBIDDEN {
                    let whole = line.match_indices(word).any(|(at, _)| {
                        !is_letter(line[..at].chars().last())
                            && !is_letter(line[at + word.len()..].chars().next())
                    });
                    if whole {
                        found.push(format!("{}:{}: {word}", file.display(), number + 1));
                    }
                }
            }
        }
        assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    }
}
