//! A file system of a few hundred kilobytes, for disks that fill up or may not be written.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A folder with a file system of its own, taken away when dropped.
#[derive(Debug)]
pub struct Tmpfs(TempDir);

impl Tmpfs {
    /// Mounts one of a size such as `512k`; `None` where this user may not.
    ///
    /// # Panics
    ///
    /// When there is no folder for it.
    #[must_use]
    pub fn mount(size: &str) -> Option<Self> {
        let folder = TempDir::new().expect("a temp folder");
        let mounted =
            mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], folder.path());
        mounted.then_some(Self(folder))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Lets nobody write to it, root included, or lets them again. Files open for writing prevent that.
    ///
    /// # Panics
    ///
    /// When the system refuses.
    pub fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(mount(&["-o", &options], self.path()), "remount {options}");
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily, because a process that is being killed may still have a file open.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn mount(arguments: &[&str], folder: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(folder).output();
    output.is_ok_and(|output| output.status.success())
}
