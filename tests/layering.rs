//! Which part of the program may know which, and what no source file may hold: read from `src/**/*.rs`.
//!
//! A small reader of Rust, not a compiler: comments and literals are blanked, then paths are followed.

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use rstest::rstest;

    /// Each part, and the parts that it may name.
    const EDGES: [(&str, &[&str]); 14] = [
        ("lib", &[]),
        ("domain", &[]),
        ("config", &[]),
        ("shutdown", &[]),
        ("program", &[]),
        ("telemetry", &["config"]),
        ("store", &["domain", "config", "telemetry", "program"]),
        ("migrate", &["domain", "config", "telemetry", "program"]),
        ("web", &[]),
        ("monitor", &["domain", "store", "migrate", "config", "telemetry", "shutdown"]),
        (
            "http",
            &["domain", "store", "migrate", "monitor", "web", "config", "telemetry", "shutdown"],
        ),
        (
            "app",
            &["domain", "store", "migrate", "monitor", "http", "config", "telemetry", "shutdown"],
        ),
        ("cli", &["domain", "store", "migrate", "http", "app", "config", "telemetry", "shutdown"]),
        ("main", &["cli"]),
    ];
    const LINES_MAX: usize = 400;
    const MAIN_LINES_MAX: usize = 30;
    /// What the domain must not depend on.
    const FOREIGN: [&str; 3] = ["sqlx", "axum", "tokio"];
    const FORBIDDEN: [(&[&str], &str); 4] = [
        (&[".", "unwrap", "("], "unwrap()"),
        (&["todo", "!"], "todo!"),
        (&["dbg", "!"], "dbg!"),
        (&["[", "allow", "("], "#[allow]"),
    ];

    #[test]
    fn every_file_keeps_the_rules() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        find(&root, &mut files);
        assert!(files.len() > 80, "only {} files found", files.len());
        let mut complaints = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a source file");
            let name = file.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
            complaints.extend(check(&name, &text));
        }
        assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    }

    fn find(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                find(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }

    /// Everything that is wrong with a file, `path` being relative to `src`.
    fn check(path: &str, text: &str) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut complain = |line: usize, what: String| {
            complaints.push(format!("src/{path}:{line}: {what}"));
        };
        let module = module_of(path);
        let part = module.first().map_or("lib", String::as_str);
        let part = if path == "main.rs" { "main" } else { part };
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == part) else {
            complain(1, format!("{part} is no part of the program: add it to the table of edges"));
            return complaints;
        };
        if !text.starts_with("//! ") {
            complain(1, "begins without a //! that says what it is for".into());
        }
        let most = if part == "main" { MAIN_LINES_MAX } else { LINES_MAX };
        let lines = text.lines().count();
        if lines > most {
            complain(lines, format!("{lines} lines, more than {most}: two ideas"));
        }
        let tokens = tokens(text);
        for (line, target) in targets(&tokens, &module) {
            if target != part && !allowed.contains(&target.as_str()) {
                complain(line, format!("{part} must not know {target}"));
            }
        }
        for at in 0..tokens.len() {
            let line = tokens[at].line;
            if part == "domain" && FOREIGN.contains(&tokens[at].text.as_str()) {
                complain(line, format!("the domain must not mention {}", tokens[at].text));
            }
            for (forbidden, name) in FORBIDDEN {
                if follows(&tokens[at..], forbidden) {
                    complain(line, format!("{name} has no place here"));
                }
            }
        }
        complaints
    }

    /// `store/query.rs` is `store::query`, `store/mod.rs` is `store`, `lib.rs` and `main.rs` are the root.
    fn module_of(path: &str) -> Vec<String> {
        let path = path.trim_end_matches(".rs");
        let names = path.split('/').filter(|name| !matches!(*name, "mod" | "lib" | "main"));
        names.map(ToOwned::to_owned).collect()
    }

    #[derive(Debug)]
    struct Token {
        text: String,
        line: usize,
    }

    fn follows(tokens: &[Token], texts: &[&str]) -> bool {
        tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(t, text)| t.text == *text)
    }

    /// Words and single signs; `::` is one sign.
    fn tokens(text: &str) -> Vec<Token> {
        let code = blanked(text);
        let mut tokens = Vec::new();
        let mut line = 1;
        let mut rest = code.chars().peekable();
        while let Some(c) = rest.next() {
            let mut text = String::from(c);
            if c == '\n' {
                line += 1;
            } else if c.is_alphanumeric() || c == '_' {
                while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    text.push(c);
                }
                tokens.push(Token { text, line });
            } else if !c.is_whitespace() {
                if c == ':' {
                    text.extend(rest.next_if_eq(&':'));
                }
                tokens.push(Token { text, line });
            }
        }
        tokens
    }

    /// The text with comments and literals made blank, line for line.
    fn blanked(text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let mut code = String::new();
        let mut at = 0;
        while at < chars.len() {
            let end = at + blank_length(&chars[at..], code.chars().last());
            if end == at {
                code.push(chars[at]);
                at += 1;
            } else {
                code.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
                at = end;
            }
        }
        code
    }

    /// How long the comment or literal is that begins here; zero where none does.
    fn blank_length(rest: &[char], before: Option<char>) -> usize {
        let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        match rest {
            ['/', '/', ..] => rest.iter().take_while(|c| **c != '\n').count(),
            ['/', '*', ..] => block_comment(rest),
            ['"', ..] => quoted(rest),
            ['r', '"' | '#', ..] if !in_word => raw_string(rest),
            ['\'', '\\', ..] => 3 + rest[3..].iter().take_while(|c| **c != '\'').count(),
            ['\'', _, '\'', ..] => 3,
            _ => 0,
        }
    }

    fn block_comment(rest: &[char]) -> usize {
        let (mut depth, mut at) = (0_usize, 0);
        while at < rest.len() {
            match &rest[at..] {
                ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
                ['*', '/', ..] if depth == 1 => return at + 2,
                ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
                _ => at += 1,
            }
        }
        rest.len()
    }

    fn quoted(rest: &[char]) -> usize {
        let mut at = 1;
        while at < rest.len() && rest[at] != '"' {
            at += if rest[at] == '\\' { 2 } else { 1 };
        }
        (at + 1).min(rest.len())
    }

    /// Zero for a raw identifier, such as `r#ref`.
    fn raw_string(rest: &[char]) -> usize {
        let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
        if rest.get(1 + hashes) != Some(&'"') {
            return 0;
        }
        let closing: Vec<char> = std::iter::once('"').chain(vec!['#'; hashes]).collect();
        let body = &rest[2 + hashes..];
        let end = body.windows(closing.len()).position(|window| window == closing);
        2 + hashes + end.map_or(body.len(), |end| end + closing.len())
    }

    /// The parts that paths lead to from the root, with their lines: `crate::part`, `taskmanager::part`, groups of
    /// them, and as many `super` as lead to the root.
    fn targets(tokens: &[Token], module: &[String]) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        let mut depth = Depth::default();
        let mut at = 0;
        while at < tokens.len() {
            depth.pass(tokens, at);
            let before = at.checked_sub(1).map_or("", |before| tokens[before].text.as_str());
            let begins = before != "::" && before != "$";
            let after_root = match tokens[at].text.as_str() {
                "crate" | "taskmanager" if begins => Some(at + 1),
                "super" if begins => {
                    let supers =
                        tokens[at..].chunks(2).take_while(|pair| follows(pair, &["super", "::"]));
                    let supers = supers.count();
                    (supers == module.len() + depth.modules()).then_some(at + 2 * supers - 1)
                }
                _ => None,
            };
            if let Some(after) = after_root.filter(|after| follows(&tokens[*after..], &["::"])) {
                found.extend(first_names(&tokens[after + 1..]));
            }
            at += 1;
        }
        found
    }

    /// The name that comes next, or the first of each path of the group that does.
    fn first_names(tokens: &[Token]) -> Vec<(usize, String)> {
        let with_line = |token: &Token| (token.line, token.text.clone());
        let Some(first) = tokens.first() else { return Vec::new() };
        if first.text != "{" {
            return vec![with_line(first)];
        }
        let (mut depth, mut names, mut begins) = (0, Vec::new(), false);
        for token in tokens {
            match token.text.as_str() {
                "{" => (depth, begins) = (depth + 1, depth == 0),
                "}" if depth == 1 => break,
                "}" => depth -= 1,
                "," => begins = depth == 1,
                _ if begins => {
                    names.push(with_line(token));
                    begins = false;
                }
                _ => {}
            }
        }
        names
    }

    /// Modules written out in the file, around the present place.
    #[derive(Default)]
    struct Depth {
        braces: usize,
        opened_at: Vec<usize>,
    }

    impl Depth {
        fn pass(&mut self, tokens: &[Token], at: usize) {
            match tokens[at].text.as_str() {
                "{" => {
                    self.braces += 1;
                    if at >= 2 && tokens[at - 2].text == "mod" {
                        self.opened_at.push(self.braces);
                    }
                }
                "}" => {
                    self.opened_at.pop_if(|opened| *opened == self.braces);
                    self.braces = self.braces.saturating_sub(1);
                }
                _ => {}
            }
        }

        fn modules(&self) -> usize {
            self.opened_at.len()
        }
    }

    #[rstest]
    #[case::use_up("store/a.rs", "use crate::http::X;", "store must not know http")]
    #[case::sideways("store/a.rs", "use crate::migrate::X;", "store must not know migrate")]
    #[case::sideways_back("migrate/a.rs", "use crate::store;", "migrate must not know store")]
    #[case::path("http/a.rs", "fn f() { crate::cli::f() }", "http must not know cli")]
    #[case::group("store/a.rs", "use crate::{domain::{A, B}, app::X};", "store must not know app")]
    #[case::nested("store/a.rs", "use crate::{domain::A, config::{B, C}, http};", "http")]
    #[case::lines("store/a.rs", "\nuse crate\n  ::http::X;", "a.rs:4: store must not know http")]
    #[case::by_super("store/a.rs", "use super::super::http::X;", "store must not know http")]
    #[case::by_super_mod("store/mod.rs", "use super::http::X;", "store must not know http")]
    #[case::by_super_tests("app.rs", "mod tests { use super::super::cli::X; }", "cli")]
    #[case::after_tests("app.rs", "mod a { fn f() { {} } } use super::cli::X;", "cli")]
    #[case::leaf("config/a.rs", "use crate::telemetry;", "config must not know telemetry")]
    #[case::root("lib.rs", "fn f() { crate::cli::f() }", "lib must not know cli")]
    #[case::main("main.rs", "use taskmanager::app::App;", "main must not know app")]
    #[case::domain("domain/a.rs", "use crate::config::X;", "domain must not know config")]
    #[case::foreign("domain/a.rs", "fn f(e: sqlx::Error) {}", "must not mention sqlx")]
    #[case::stranger("extra/a.rs", "", "extra is no part")]
    #[case::unwrap("store/a.rs", "fn f() { x\n  .unwrap(); }", "unwrap()")]
    #[case::todo("store/a.rs", "fn f() { todo !() }", "todo!")]
    #[case::dbg("store/a.rs", "fn f() { dbg !(1) }", "dbg!")]
    #[case::allow("store/a.rs", "#![ allow(dead_code)]", "#[allow]")]
    #[case::after_char("store/a.rs", "const A: char = '\"'; use crate::http;", "http")]
    #[case::after_raw("store/a.rs", "const A: &str = r#\"\"\"#; use crate::http;", "http")]
    #[case::after_lifetime("store/a.rs", "fn f<'a>(x: &'a u8) { crate::http::f() }", "http")]
    fn sees(#[case] path: &str, #[case] code: &str, #[case] complaint: &str) {
        let complaints = check(path, &format!("//! Bad.\n{code}\n"));
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].contains(complaint), "{complaints:?}");
    }

    #[test]
    fn sees_a_file_without_words_and_one_with_too_many() {
        assert_eq!(check("store/a.rs", "fn f() {}\n").len(), 1);
        assert_eq!(check("store/a.rs", &"//! a\n".repeat(400)), [""; 0]);
        assert_eq!(check("store/a.rs", &"//! a\n".repeat(401)).len(), 1);
        assert_eq!(check("main.rs", &"//! a\n".repeat(31)).len(), 1);
    }

    #[rstest]
    #[case("store/a.rs", "use crate::{domain::A, config};\nuse crate::store::B;\nuse super::C;")]
    #[case("store/a/b.rs", "use super::super::http;")]
    #[case("store/a.rs", "mod tests { use super::super::http; }")]
    #[case("store/a.rs", "// use crate::http;\n/* crate::http /* */ crate::http */")]
    #[case("store/a.rs", "const A: &str = \"\\\"crate::http .unwrap()\"; const B: char = '\\'';")]
    #[case("domain/a.rs", "/// Not sqlx.\nfn f() { \"tokio\"; r#ref; unwrap_or(); }")]
    #[case("store/a.rs", "macro_rules! m { () => { $crate::http::f() } }")]
    #[case("store/a.rs", "pub(in crate::store) fn f() -> other::crate_::http {}")]
    fn lets_pass(#[case] path: &str, #[case] code: &str) {
        assert_eq!(check(path, &format!("//! Good.\n{code}\n")), [""; 0]);
    }
}
