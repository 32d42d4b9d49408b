//! Checks the migration files, and has the crate built again when one of them comes, goes or changes:
//! the compiler alone would not notice, and the program would run with the old ones embedded.
//!
//! For a release it compresses the page's files, too; a debug build reads them from the disk instead.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

#[path = "src/web/bundle.rs"]
pub mod bundle;

use schemakeep_files::{directives, files};

fn main() -> ExitCode {
    let folders = ["migrations/postgres", "migrations/sqlite"].map(Path::new);
    for folder in folders {
        println!("cargo:rerun-if-changed={}", folder.display());
    }
    let mut problems = Vec::new();
    let read = folders.map(|folder| read(folder, &mut problems));
    if let [Some(postgres), Some(sqlite)] = &read {
        if let Some(newest) = postgres.iter().map(|pair| pair.version).max() {
            println!("cargo:rustc-env=SCHEMA_VERSION={newest}");
        }
        problems.extend(files::differences((folders[0], postgres), (folders[1], sqlite)));
    }
    // Where the tests find this program.
    if let Ok(script) = env::current_exe() {
        println!("cargo:rustc-env=BUILD_SCRIPT={}", script.display());
    }
    println!("cargo:rustc-check-cfg=cfg(embedded_page)");
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        match embed_page(Path::new("web")) {
            Ok(()) => println!("cargo:rustc-cfg=embedded_page"),
            Err(error) => problems.push(format!("web: {error}")),
        }
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

/// Writes each file of the page and of the viewer with its compressed forms, and the list of them that `src/web/assets.rs`
/// includes.
fn embed_page(folder: &Path) -> io::Result<()> {
    println!("cargo:rerun-if-changed={}", folder.display());
    let out = env::var_os("OUT_DIR").map(PathBuf::from);
    let out = out.ok_or_else(|| io::Error::other("OUT_DIR is not set"))?;
    let bundle = bundle::Bundle::read(folder)?;
    if !bundle.joined {
        println!(
            "cargo::warning=web/dist is not made of the present modules, which are embedded one by one: npm --prefix web run join"
        );
    }
    let mut list = format!("const HASH: &str = {:?};\n", bundle.hash);
    write_files(&out, "FILES", &bundle.files, &mut list)?;
    write_files(&out, "VIEWER_FILES", &bundle::viewer(folder)?, &mut list)?;
    fs::write(out.join("page.rs"), list)
}

/// Writes each file plain and compressed, and adds a constant with them all to the list.
fn write_files(
    out: &Path,
    constant: &str,
    files: &BTreeMap<String, Vec<u8>>,
    list: &mut String,
) -> io::Result<()> {
    let _ = writeln!(list, "const {constant}: &[Embedded] = &[");
    for (number, (path, plain)) in files.iter().enumerate() {
        let _ = write!(list, "    ({path:?}");
        for (coding, bytes) in [("plain", plain), ("br", &brotli(plain)?), ("gz", &gzip(plain)?)] {
            let file = out.join(format!("{constant}-{number}.{coding}"));
            fs::write(&file, bytes)?;
            let _ = write!(list, ", include_bytes!({:?})", file.display().to_string());
        }
        list.push_str("),\n");
    }
    list.push_str("];\n");
    Ok(())
}

fn brotli(plain: &[u8]) -> io::Result<Vec<u8>> {
    // The best quality, and the largest window that every browser takes.
    let mut coded = brotli::CompressorWriter::new(Vec::new(), 4096, 11, 22);
    coded.write_all(plain)?;
    coded.flush()?;
    Ok(coded.into_inner())
}

fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut coded = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    coded.write_all(plain)?;
    coded.finish()
}
