//! The data folder, and the embedded store in it.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::config::Settings;
use crate::model::COLLECTIONS;
use crate::store::sqlite::{SqliteOptions, SqliteStore};

use super::StartupError;

/// The file of the embedded store, in the data folder.
const STORE_FILE: &str = "clientele.db";

/// Opens the embedded store, as it is.
pub(super) fn open_embedded_store(settings: &Settings) -> Result<SqliteStore, StartupError> {
    let folder = &settings.data_dir;
    make_folder(folder).map_err(|source| StartupError::DataFolder { path: folder.display().to_string(), source })?;
    let options = SqliteOptions { stall: settings.health_check_timeout, ..SqliteOptions::new(COLLECTIONS) };
    Ok(SqliteStore::open(&folder.join(STORE_FILE), options)?)
}

/// Makes the data folder, which is nobody else's business.
pub(super) fn make_folder(folder: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
