//! Where the page's files come from: embedded and compressed, or read from the folder in a debug build.

use std::collections::BTreeMap;

use axum::body::Bytes;

use super::bundle::{self, Bundle};

/// A file as it can be sent.
#[derive(Clone, Debug)]
pub(super) struct Asset {
    pub(super) content_type: &'static str,
    /// Weak, as it names the content and not its coding.
    pub(super) etag: String,
    pub(super) plain: Bytes,
    /// Compressed forms, best first, with the names of their codings; none where the compression layer is to
    /// do it.
    pub(super) coded: Vec<(&'static str, Bytes)>,
}

/// All files, and the hash under which they are asked for.
#[derive(Clone, Debug)]
pub(super) struct Assets {
    pub(super) hash: String,
    files: BTreeMap<String, Asset>,
}

impl Assets {
    pub(super) fn page(&self) -> Option<&Asset> {
        self.files.get(bundle::PAGE)
    }

    /// A file by its name alone.
    pub(super) fn named(&self, name: &str) -> Option<&Asset> {
        self.files.get(name)
    }

    /// A file other than the page, if the hash is the present one.
    pub(super) fn find(&self, hash: &str, path: &str) -> Option<&Asset> {
        self.files.get(path).filter(|_| hash == self.hash && path != bundle::PAGE)
    }

    fn insert(&mut self, path: &str, plain: Bytes, coded: Vec<(&'static str, Bytes)>) {
        let Some(content_type) = bundle::content_type(path) else { return };
        let etag = format!("W/\"{}\"", bundle::digest(&plain));
        self.files.insert(path.to_owned(), Asset { content_type, etag, plain, coded });
    }
}

impl From<Bundle> for Assets {
    fn from(bundle: Bundle) -> Self {
        let mut assets = Self { hash: bundle.hash, files: BTreeMap::new() };
        for (path, bytes) in bundle.files {
            assets.insert(&path, bytes.into(), Vec::new());
        }
        assets
    }
}

#[cfg(embedded_page)]
mod source {
    //! What `build.rs` put into the program.

    use std::sync::{Arc, LazyLock};

    use axum::body::Bytes;

    use super::Assets;

    /// A path, its content, and that content in brotli and in gzip.
    type Embedded = (&'static str, &'static [u8], &'static [u8], &'static [u8]);

    include!(concat!(env!("OUT_DIR"), "/page.rs"));

    static ASSETS: LazyLock<Arc<Assets>> = LazyLock::new(|| read(HASH, FILES));
    static VIEWER: LazyLock<Arc<Assets>> = LazyLock::new(|| read("", VIEWER_FILES));

    fn read(hash: &str, files: &[Embedded]) -> Arc<Assets> {
        let mut assets = Assets { hash: hash.to_owned(), files: std::collections::BTreeMap::new() };
        for (path, plain, brotli, gzip) in files {
            let coded =
                vec![("br", Bytes::from_static(brotli)), ("gzip", Bytes::from_static(gzip))];
            assets.insert(path, Bytes::from_static(plain), coded);
        }
        Arc::new(assets)
    }

    #[expect(clippy::unnecessary_wraps, reason = "reading the folder, its other form, can fail")]
    pub(in super::super) fn assets() -> std::io::Result<Arc<Assets>> {
        Ok(Arc::clone(&ASSETS))
    }

    #[expect(clippy::unnecessary_wraps, reason = "reading the folder, its other form, can fail")]
    pub(in super::super) fn viewer() -> std::io::Result<Arc<Assets>> {
        Ok(Arc::clone(&VIEWER))
    }
}

#[cfg(not(embedded_page))]
mod source {
    //! The folder of this source tree, looked at again for each request.

    use std::io;
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::SystemTime;

    use super::{Assets, Bundle, bundle};

    /// What tells that a folder has changed: its files, when they were written, and how long they are.
    type Stamp = Vec<(PathBuf, Option<SystemTime>, u64)>;

    static LAST: Mutex<Option<(Stamp, Arc<Assets>)>> = Mutex::new(None);

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web");

    pub(in super::super) fn viewer() -> io::Result<Arc<Assets>> {
        let files = bundle::viewer(Path::new(FOLDER))?;
        Ok(Arc::new(Assets::from(Bundle { hash: String::new(), files, joined: false })))
    }

    pub(in super::super) fn assets() -> io::Result<Arc<Assets>> {
        let folder = Path::new(FOLDER);
        let stamp = stamp(folder)?;
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, assets)) = last.as_ref().filter(|(known, _)| *known == stamp) {
            return Ok(Arc::clone(assets));
        }
        let assets = Arc::new(Assets::from(Bundle::read(folder)?));
        *last = Some((stamp, Arc::clone(&assets)));
        Ok(assets)
    }

    fn stamp(folder: &Path) -> io::Result<Stamp> {
        let stamp = |(_, file): (String, PathBuf)| {
            let known = std::fs::metadata(&file)?;
            Ok((file, known.modified().ok(), known.len()))
        };
        bundle::list(folder)?.into_iter().map(stamp).collect()
    }
}

pub(super) use source::{assets, viewer};
