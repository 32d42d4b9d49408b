//! The rules' table in the documentation is the one in the program.

use std::fmt::Write as _;

use schemakeep::Dialect;
use schemakeep::lint::RULES;

#[test]
fn the_documentation_has_every_rule() {
    let mut table = "| rule | | where | finds |\n|---|---|---|---|\n".to_owned();
    for rule in RULES {
        let place = match rule.dialects {
            [Dialect::Postgres] => "PostgreSQL",
            [Dialect::Sqlite] => "SQLite",
            _ => "both",
        };
        let (name, severity, about) = (rule.name, rule.severity.as_str(), rule.about);
        let about = about.replace('|', "\\|");
        writeln!(table, "| `{name}` | {severity} | {place} | {about} |").unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/MIGRATIONS.md");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(&table), "docs/MIGRATIONS.md should have\n\n{table}");
}

#[test]
fn names_are_unique_and_in_kebab_case() {
    for (at, rule) in RULES.iter().enumerate() {
        let plain = rule.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(plain, "{}", rule.name);
        assert!(!RULES[..at].iter().any(|other| other.name == rule.name), "{}", rule.name);
    }
}
