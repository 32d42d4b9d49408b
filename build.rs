//! Checks the migration files, and has the crate built again when one of them comes, goes or changes:
//! the compiler alone would not notice, and the program would run with the old ones embedded.

use std::path::Path;
use std::process::ExitCode;

#[path = "src/migrate/directives.rs"]
pub mod directives;
#[path = "src/migrate/files.rs"]
pub mod files;

fn main() -> ExitCode {
    let folders = ["migrations/postgres", "migrations/sqlite"].map(Path::new);
    for folder in folders {
        println!("cargo:rerun-if-changed={}", folder.display());
    }
    let mut problems = Vec::new();
    let read = folders.map(|folder| read(folder, &mut problems));
    if let [Some(postgres), Some(sqlite)] = &read {
        problems.extend(files::differences((folders[0], postgres), (folders[1], sqlite)));
    }
    for problem in &problems {
        println!("cargo::error={problem}");
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(folder: &Path, problems: &mut Vec<String>) -> Option<Vec<files::Pair>> {
    let pairs = files::read_folder(folder).map_err(|found| problems.extend(found)).ok()?;
    for pair in &pairs {
        for (way, text) in [("up", &pair.up), ("down", &pair.down)] {
            if let Err(rule) = directives::Directives::parse(text) {
                let file = folder.join(format!("{}_{}.{way}.sql", pair.version, pair.name));
                problems.push(format!("{}: {rule}", file.display()));
            }
        }
    }
    Some(pairs)
}
