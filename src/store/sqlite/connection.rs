//! Opens connections, each set up alike.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Result};

use super::Durability;

/// How long a connection waits for a lock that another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// What each connection may keep of the database in memory.
const PAGE_CACHE_BYTES: u64 = 2 << 20;
/// The write-ahead log is copied back once it holds this many pages (4 MiB)...
const CHECKPOINT_PAGES: u32 = 1_000;
/// ... and cut to this size if it had grown beyond it.
const JOURNAL_BYTES_MAX: u32 = 16 << 20;
/// Prepared statements kept; the port's shapes of queries over all collections are about as many.
const STATEMENTS_MAX: usize = 64;

/// Where the database is and how it is opened; counts the connections that are open.
#[derive(Clone, Debug)]
pub(super) struct Database {
    path: PathBuf,
    durability: Durability,
    open: Arc<AtomicU64>,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Link {
    pub connection: Connection,
    open: Arc<AtomicU64>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Relaxed);
    }
}

impl Database {
    pub fn new(path: &Path, durability: Durability) -> Self {
        Self { path: path.to_owned(), durability, open: Arc::default() }
    }

    /// Makes the file if it is absent, readable by its owner alone, and turns on write-ahead logging, which stays with the file.
    pub fn create(&self) -> Result<()> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // A failure is told by SQLite right below, in its own words.
        let _ = options.open(&self.path);
        let link = self.writer()?;
        link.connection.pragma_update(None, "journal_mode", "WAL")
    }

    /// A connection that may write.
    pub fn writer(&self) -> Result<Link> {
        self.connect(false)
    }

    /// A connection that reads only.
    pub fn reader(&self) -> Result<Link> {
        self.connect(true)
    }

    fn connect(&self, query_only: bool) -> Result<Link> {
        // Never CREATE: a file that went away while the server ran must not come back empty.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        let (synchronous, fullfsync) = match self.durability {
            Durability::PowerLoss => ("FULL", true),
            Durability::Kill => ("NORMAL", false),
        };
        let kibibytes = -i64::try_from(PAGE_CACHE_BYTES / 1024).expect("the cache is a few MiB");
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "fullfsync", fullfsync)?;
        connection.pragma_update(None, "checkpoint_fullfsync", fullfsync)?;
        connection.pragma_update(None, "cache_size", kibibytes)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "mmap_size", 0)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "journal_size_limit", JOURNAL_BYTES_MAX)?;
        connection.pragma_update(None, "query_only", query_only)?;
        self.open.fetch_add(1, Relaxed);
        Ok(Link { connection, open: Arc::clone(&self.open) })
    }

    /// The most that the page caches hold now: for each open connection its cache's bound, or the database's size if that is less.
    pub fn page_caches_bytes(&self) -> u64 {
        let file = std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len());
        self.open.load(Relaxed) * file.min(PAGE_CACHE_BYTES)
    }

    /// What the database and its write-ahead log take on disk now.
    pub fn file_and_log_bytes(&self) -> (u64, u64) {
        let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        (bytes(&self.path), bytes(log.as_ref()))
    }
}
