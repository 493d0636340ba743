//! What is shipped for many nodes: nginx, the image, the composition. Held to the truth where it can be: nginx runs here, with
//! the files as they are shipped, before real nodes.

#[path = "../harness/mod.rs"]
mod harness;

mod compose;
mod front;
mod image;
mod nodes;
mod out;
mod rolling;
mod shared;
mod through;

use std::path::{Path, PathBuf};

/// A file or folder of the repository.
pub fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a file of the repository.
pub fn text_of(path: &str) -> String {
    std::fs::read_to_string(shipped(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
