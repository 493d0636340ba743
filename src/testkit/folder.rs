//! A folder that lives as long as its owner.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder of one's own among the system's temporary ones, deleted with its contents when this is dropped.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// # Panics
    /// When it cannot be made.
    pub(super) fn temporary() -> Self {
        let name = format!("clientele-test-{}-{:016x}", std::process::id(), fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a temporary folder can be made");
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be deleted is left to the system, as all temporary folders are.
        let _ = fs::remove_dir_all(&self.0);
    }
}
