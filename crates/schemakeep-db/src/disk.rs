//! The room on a file system.

use std::io;
use std::path::Path;

/// The folder that a file lies in, or is to lie in.
pub fn folder_of(file: &Path) -> &Path {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Bytes that this user may still write where `folder` is.
///
/// # Errors
///
/// The system's, as where the folder is not there.
pub fn free(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// A size for people: `742 bytes`, `12.3 MB`.
#[must_use]
pub fn size_words(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} bytes");
    }
    // In tenths of a unit, so that nothing is lost to floating point.
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::size_words;

    #[rstest]
    #[case(0, "0 bytes")]
    #[case(999, "999 bytes")]
    #[case(1_000, "1.0 kB")]
    #[case(999_999, "999.9 kB")]
    #[case(12_345_678, "12.3 MB")]
    #[case(5_000_000_000_000_000, "5000.0 TB")]
    fn sizes_for_people(#[case] bytes: u64, #[case] words: &str) {
        assert_eq!(size_words(bytes), words);
    }
}
