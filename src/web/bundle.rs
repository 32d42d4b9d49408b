//! The page's files as they are served: which they are, the hash of them all, and `index.html` with both in it.
//!
//! The modules are served joined, as `web/dist/` has them, since a browser that fetches sixty files shows the page
//! later than one that fetches five; as long as they are not what is in the folders now, they are served one by one.
//! Pure but for reading the folder. Also part of `build.rs`, so it knows nothing of the rest of the program.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::{fs, io};

use sha2::{Digest, Sha256};

/// What the page itself is called in the bundle.
pub const PAGE: &str = "index.html";
/// Where the page's own script begins.
const ENTRY: &str = "app/main.js";
/// Stands in the page for the hash of all files.
const HASH_MARK: &str = "{hash}";
/// Stands in the page for the links that fetch every module at once.
const PRELOAD_MARK: &str = "<!-- preload -->";
/// What is served, and as what. All else in the folder is for who works on it.
const TYPES: [(&str, &str); 6] = [
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("png", "image/png"),
    ("txt", "text/plain; charset=utf-8"),
    ("svg", "image/svg+xml"),
];
/// Folders of the page; others hold what npm installs.
const FOLDERS: [&str; 5] = ["app", "i18n", "styles", "vendor", "views"];
/// Where the joined modules are; made by `web/join.mjs`.
const JOINED: &str = "dist";
/// Which sources they were made of: the hash of all.
const JOINED_OF: &str = "dist/SOURCES";

/// Every file that is served, by its path below the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Of all files together, in hexadecimal: part of their URLs.
    pub hash: String,
    /// Contents by path, with `/` whatever the system.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Whether the modules are joined; they are not while `web/dist/` is made of others than those in the folders.
    pub joined: bool,
}

impl Bundle {
    /// Reads the folder and completes the page, of the joined modules if they are made of the present ones.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, there is no page, or a module imports what is not there.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let modules = Self::modules(folder)?;
        let of = fs::read_to_string(folder.join(JOINED_OF)).unwrap_or_default();
        if of.trim() == modules.hash { Self::joined(folder, modules) } else { Ok(modules) }
    }

    /// Reads the folder and completes the page, of modules one by one.
    ///
    /// # Errors
    ///
    /// As [`Bundle::read`].
    pub fn modules(folder: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for (path, file) in list(folder)? {
            if !path.starts_with(JOINED) {
                files.insert(path, fs::read(file)?);
            }
        }
        Self::of(files)
    }

    /// The same page of the joined modules, and of what they fetch later.
    fn joined(folder: &Path, modules: Self) -> io::Result<Self> {
        let mut files = modules.files;
        files.retain(|path, _| !is_module(path) && path != PAGE);
        for (path, file) in list(folder)? {
            if let Some(name) = path.strip_prefix(JOINED).and_then(|rest| rest.strip_prefix('/')) {
                let path = if name == PAGE { name } else { path.as_str() };
                files.insert(path.to_owned(), fs::read(file)?);
            }
        }
        Ok(Self { joined: true, ..Self::complete(files, |_| Ok(Vec::new()))? })
    }

    /// Completes the page among the files.
    ///
    /// # Errors
    ///
    /// As [`Bundle::read`].
    pub fn of(files: BTreeMap<String, Vec<u8>>) -> io::Result<Self> {
        Self::complete(files, modules)
    }

    fn complete(
        mut files: BTreeMap<String, Vec<u8>>,
        preloaded: impl Fn(&BTreeMap<String, Vec<u8>>) -> Result<Vec<String>, String>,
    ) -> io::Result<Self> {
        let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let hash = hash(&files);
        let modules = preloaded(&files).map_err(invalid)?;
        let page = files.get(PAGE).and_then(|page| std::str::from_utf8(page).ok());
        let page = page.ok_or_else(|| invalid(format!("no text in {PAGE}")))?;
        let links: Vec<String> = modules
            .iter()
            .map(|path| format!("<link rel=\"modulepreload\" href=\"/assets/{HASH_MARK}/{path}\">"))
            .collect();
        let page = page.replace(PRELOAD_MARK, &links.join("\n")).replace(HASH_MARK, &hash);
        files.insert(PAGE.to_owned(), page.into_bytes());
        Ok(Self { hash, files, joined: false })
    }
}

/// The files of the viewer of the OpenAPI document: their names and contents.
///
/// # Errors
///
/// When a file cannot be read.
pub fn viewer(folder: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for folder in [folder.join("swagger-ui"), folder.join("swagger-ui/vendor")] {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_file() && content_type(name).is_some() {
                files.insert(name.to_owned(), fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

/// The files of the folder that are served: their paths in the bundle and on the disk, in order.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn list(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = vec![(PAGE.to_owned(), folder.join(PAGE))];
    let mut folders: Vec<String> = FOLDERS.map(ToOwned::to_owned).to_vec();
    if folder.join(JOINED).is_dir() {
        folders.push(JOINED.to_owned());
    }
    while let Some(path) = folders.pop() {
        for entry in fs::read_dir(folder.join(&path))? {
            let entry = entry?;
            let below = format!("{path}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                folders.push(below);
            } else if content_type(&below).is_some() {
                found.push((below, entry.path()));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The `Content-Type` of a path, `None` when such files are not served.
#[must_use]
pub fn content_type(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    TYPES.iter().find(|(known, _)| *known == extension).map(|(_, kind)| *kind)
}

fn is_module(path: &str) -> bool {
    content_type(path).is_some_and(|kind| kind.starts_with("text/javascript"))
}

/// The first half of a SHA-256, in hexadecimal: names contents, and is no secret.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes)[..16].iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn hash(files: &BTreeMap<String, Vec<u8>>) -> String {
    let names: Vec<String> =
        files.iter().map(|(path, bytes)| format!("{path} {}\n", digest(bytes))).collect();
    digest(names.concat().as_bytes())[..16].to_owned()
}

/// Every module that the page's script needs to begin, itself first.
fn modules(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<String>, String> {
    let mut found = vec![ENTRY.to_owned()];
    let mut seen = BTreeSet::from([ENTRY.to_owned()]);
    let mut queue = VecDeque::from([ENTRY.to_owned()]);
    while let Some(path) = queue.pop_front() {
        let bytes = files.get(&path).ok_or_else(|| format!("no module {path}"))?;
        for import in imports(&String::from_utf8_lossy(bytes)) {
            let target = resolve(&path, &import);
            let target = target.filter(|target| files.contains_key(target));
            let target = target.ok_or_else(|| format!("{path} imports {import}: no such file"))?;
            if seen.insert(target.clone()) {
                found.push(target.clone());
                queue.push_back(target);
            }
        }
    }
    Ok(found)
}

/// What a module imports before it runs: `from "…"` and `import "…"`, but not `import("…")`.
#[must_use]
pub fn imports(module: &str) -> Vec<String> {
    let mut found = Vec::new();
    for quote in ['"', '\''] {
        // What stands before a quote, and what follows it up to the next.
        let parts: Vec<&str> = module.split(quote).collect();
        for pair in parts.windows(2) {
            let before = pair[0].trim_end();
            let imported = ["from", "import"].iter().any(|word| {
                before.strip_suffix(word).is_some_and(|rest| {
                    !rest.ends_with(|c: char| c.is_alphanumeric() || "_$.".contains(c))
                })
            });
            if imported && !pair[1].is_empty() && !pair[1].contains(char::is_whitespace) {
                found.push(pair[1].to_owned());
            }
        }
    }
    found
}

/// The path that an import leads to; `None` when it leaves the folder or names a package.
#[must_use]
pub fn resolve(module: &str, import: &str) -> Option<String> {
    if !import.starts_with("./") && !import.starts_with("../") {
        return None;
    }
    let mut parts: Vec<&str> = module.split('/').collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
