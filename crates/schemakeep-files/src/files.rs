//! The rules for migration files, and reading a folder of them.
//!
//! Shared with `build.rs`, so it uses the standard library only. It knows names, pairs and bytes; what
//! the comments at the top of a file mean is the business of `directives`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Whether a file goes forward or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `.up.sql`
    Up,
    /// `.down.sql`
    Down,
}

impl Direction {
    /// The word in file names and in the log table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// The parts of a migration file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// The moment of its making, `YYYYMMDDHHMMSS`, as a number.
    pub version: i64,
    /// What it does: `create_tasks`.
    pub name: String,
    /// Forward or back.
    pub direction: Direction,
}

impl FileName {
    /// Takes a file's name apart.
    ///
    /// # Errors
    ///
    /// Says which rule the name breaks.
    pub fn parse(file: &str) -> Result<Self, String> {
        let (stem, direction) = match (file.strip_suffix(".up.sql"), file.strip_suffix(".down.sql"))
        {
            (Some(stem), _) => (stem, Direction::Up),
            (_, Some(stem)) => (stem, Direction::Down),
            _ => return Err("its name must end in .up.sql or .down.sql".to_owned()),
        };
        let Some((digits, name)) = stem.split_once('_') else {
            return Err("its name must be YYYYMMDDHHMMSS_verb_object".to_owned());
        };
        let well_formed = digits.len() == 14 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let version = digits.parse().ok().filter(|_| well_formed).filter(|v| is_date_time(*v));
        let Some(version) = version else {
            return Err(format!(
                "its version {digits:?} must be 14 digits, YYYYMMDDHHMMSS, that are a real date and time"
            ));
        };
        if !is_verb_object(name) {
            return Err(format!(
                "{name:?} must be a verb and an object in a-z, 0-9 and single _, such as create_tasks"
            ));
        }
        Ok(Self { version, name: name.to_owned(), direction })
    }
}

fn is_verb_object(name: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    name.split('_').count() >= 2 && name.split('_').all(word)
}

fn is_date_time(version: i64) -> bool {
    let part = |divisor: i64, modulus: i64| version / divisor % modulus;
    let (year, month, day) =
        (version / 10_000_000_000, part(100_000_000, 100), part(1_000_000, 100));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    year >= 1970
        && (1..=days).contains(&day)
        && part(10_000, 100) < 24
        && part(100, 100) < 60
        && part(1, 100) < 60
}

/// Checks a file's bytes and returns them as text.
///
/// # Errors
///
/// Says which rule the bytes break. CR and BOM change the checksum with the checkout, and a BOM
/// hides a directive on the first line.
pub fn check_text(bytes: Vec<u8>) -> Result<String, &'static str> {
    if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) {
        return Err("it begins with a byte order mark; save it as UTF-8 without one");
    }
    if bytes.contains(&b'\r') {
        return Err("it holds a carriage return; save it with LF line ends");
    }
    if bytes.contains(&0) {
        return Err("it holds a NUL byte");
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    if text.trim().is_empty() {
        return Err("it is empty");
    }
    Ok(text)
}

/// Both files of one migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub version: i64,
    /// The name of both, as in the file names.
    pub name: String,
    /// Text of the `.up.sql` file.
    pub up: String,
    /// Text of the `.down.sql` file.
    pub down: String,
}

/// Reads and checks all files of a folder; the pairs come in the order of their versions.
///
/// # Errors
///
/// One sentence for each file and rule broken.
pub fn read_folder(folder: &Path) -> Result<Vec<Pair>, Vec<String>> {
    let at = |file: &str, rule: &str| format!("{}: {rule}", folder.join(file).display());
    let cannot = |error| vec![format!("{}: cannot be read: {error}", folder.display())];
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();

    let mut problems = Vec::new();
    let mut found: BTreeMap<i64, Vec<(FileName, String)>> = BTreeMap::new();
    for file in names {
        let parsed = FileName::parse(&file);
        let text = fs::read(folder.join(&file)).map_err(|error| format!("cannot be read: {error}"));
        let text = text.and_then(|bytes| check_text(bytes).map_err(str::to_owned));
        problems.extend(parsed.as_ref().err().map(|rule| at(&file, rule)));
        problems.extend(text.as_ref().err().map(|rule| at(&file, rule)));
        if let Ok(name) = parsed {
            // Also with a bad text: the file beside it is not alone.
            found.entry(name.version).or_default().push((name, text.unwrap_or_default()));
        }
    }

    let mut pairs = Vec::new();
    for (version, files) in found {
        match pair(version, files) {
            Ok(pair) => pairs.push(pair),
            Err(rule) => problems.push(at(&version.to_string(), &rule)),
        }
    }
    if problems.is_empty() { Ok(pairs) } else { Err(problems) }
}

fn pair(version: i64, files: Vec<(FileName, String)>) -> Result<Pair, String> {
    let (mut up, mut down, mut names) = (None, None, Vec::new());
    for (file, text) in files {
        let side = if file.direction == Direction::Up { &mut up } else { &mut down };
        *side = Some(text);
        if !names.contains(&file.name) {
            names.push(file.name);
        }
    }
    let [name] = names.as_slice() else {
        return Err(format!("two migrations have this version: {}", names.join(", ")));
    };
    let missing = |way: &str| format!("{name} has no .{way}.sql file beside it");
    let up = up.ok_or_else(|| missing("up"))?;
    let down = down.ok_or_else(|| missing("down"))?;
    Ok(Pair { version, name: name.clone(), up, down })
}

/// Compares two folders that must hold the same versions under the same names, and returns one
/// sentence for each migration that only one of them has.
#[must_use]
pub fn differences(left: (&Path, &[Pair]), right: (&Path, &[Pair])) -> Vec<String> {
    let only = |(here, pairs): (&Path, &[Pair]), (there, others): (&Path, &[Pair])| {
        let lacks = |pair: &&Pair| {
            !others.iter().any(|other| (other.version, &other.name) == (pair.version, &pair.name))
        };
        let sentence = |pair: &Pair| {
            let file = here.join(format!("{}_{}", pair.version, pair.name));
            format!(
                "{}: {} has no migration of this version and name",
                file.display(),
                there.display()
            )
        };
        pairs.iter().filter(lacks).map(sentence).collect::<Vec<_>>()
    };
    let mut sentences = only(left, right);
    sentences.extend(only(right, left));
    sentences
}
