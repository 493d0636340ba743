//! What the driver's errors mean to the port.

use std::error::Error as _;
use std::sync::Arc;

use mongodb::error::{Error, ErrorKind, WriteFailure};

use crate::store::{Cause, StoreError};

pub(super) const DUPLICATE_KEY: i32 = 11_000;
pub(super) const NAMESPACE_EXISTS: i32 = 48;
pub(super) const INDEX_NOT_FOUND: i32 = 27;
const WRITE_CONFLICT: i32 = 112;
const NO_SUCH_TRANSACTION: i32 = 251;
/// The server gave up because of a time limit.
const TIME_LIMIT: [i32; 3] = [50, 202, 262];
/// It is not the primary (any more), or shuts down, and did nothing.
const NOT_PRIMARY: [i32; 3] = [10_107, 13_435, 13_436];
/// It was interrupted by a change of the primary or its own end, or lost its connection to others.
const INTERRUPTED: [i32; 8] = [6, 7, 89, 91, 189, 9_001, 11_600, 11_602];

/// Sorts an error that came up while reading.
pub(super) fn reading(error: Error) -> StoreError {
    classify(error, StoreError::Query)
}

/// Sorts an error that came up while writing.
pub(super) fn writing(error: Error) -> StoreError {
    classify(error, StoreError::Transaction)
}

fn classify(error: Error, otherwise: fn(Cause) -> StoreError) -> StoreError {
    let code = code(&error);
    if code.is_some_and(|code| TIME_LIMIT.contains(&code)) {
        return StoreError::TimedOut;
    }
    let lost = is_lost(&error) || code.is_some_and(|code| NOT_PRIMARY.contains(&code) || INTERRUPTED.contains(&code));
    let sort = match *root(&error).kind {
        _ if lost => StoreError::Unreachable,
        ErrorKind::Bson(_) | ErrorKind::InvalidResponse { .. } => StoreError::Corrupt,
        _ => otherwise,
    };
    sort(Arc::new(error))
}

/// What came of a write that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing was done; it is worth another attempt.
    Undone,
    /// It may have been done.
    Doubtful,
    /// Nothing was done, and nothing will be.
    Refused,
}

/// What came of a write that stands alone.
pub(super) fn fate(error: &Error) -> Fate {
    let code = code(error);
    match *root(error).kind {
        _ if code.is_some_and(|code| code == WRITE_CONFLICT || NOT_PRIMARY.contains(&code)) => Fate::Undone,
        _ if code.is_some_and(|code| INTERRUPTED.contains(&code)) => Fate::Doubtful,
        ErrorKind::ConnectionPoolCleared { .. } => Fate::Undone,
        ErrorKind::Io(_) | ErrorKind::InvalidResponse { .. } => Fate::Doubtful,
        ErrorKind::BulkWrite(ref bulk) if !bulk.write_concern_errors.is_empty() => Fate::Doubtful,
        _ if code.is_some_and(|code| TIME_LIMIT.contains(&code)) => Fate::Doubtful,
        _ => Fate::Refused,
    }
}

/// What came of a write in a transaction, which is nothing as long as that is not committed.
pub(super) fn fate_in_transaction(error: &Error) -> Fate {
    let transient = error.contains_label(mongodb::error::TRANSIENT_TRANSACTION_ERROR);
    let gone = code(error) == Some(NO_SUCH_TRANSACTION);
    let selected = !matches!(*root(error).kind, ErrorKind::ServerSelection { .. });
    if selected && (transient || gone || fate(error) != Fate::Refused) { Fate::Undone } else { Fate::Refused }
}

/// Whether the commit of a transaction is to be sent again: it may be done, and may still be waiting.
pub(super) fn is_commit_open(error: &Error) -> bool {
    let unknown = error.contains_label(mongodb::error::UNKNOWN_TRANSACTION_COMMIT_RESULT);
    let ended =
        error.contains_label(mongodb::error::TRANSIENT_TRANSACTION_ERROR) || code(error) == Some(NO_SUCH_TRANSACTION);
    let away = matches!(*root(error).kind, ErrorKind::ServerSelection { .. });
    unknown || (!ended && (away || fate(error) == Fate::Doubtful))
}

/// What came of a transaction whose commit failed and is not open.
pub(super) fn fate_of_commit(error: &Error) -> Fate {
    if code(error) == Some(WRITE_CONFLICT) {
        return Fate::Undone;
    }
    let ended =
        error.contains_label(mongodb::error::TRANSIENT_TRANSACTION_ERROR) || code(error) == Some(NO_SUCH_TRANSACTION);
    // The server knows of no such transaction any more; it may have been done when the commit was sent before.
    if ended || is_commit_open(error) { Fate::Doubtful } else { fate(error) }
}

/// The server was not reached, or was lost.
fn is_lost(error: &Error) -> bool {
    matches!(
        *root(error).kind,
        ErrorKind::Io(_)
            | ErrorKind::ServerSelection { .. }
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::DnsResolve { .. }
            | ErrorKind::Authentication { .. }
            | ErrorKind::InvalidTlsConfig { .. }
            | ErrorKind::IncompatibleServer { .. }
            | ErrorKind::Shutdown
    )
}

/// The server's code for what went wrong.
pub(super) fn code(error: &Error) -> Option<i32> {
    match &*root(error).kind {
        ErrorKind::Command(command) => Some(command.code),
        ErrorKind::Write(WriteFailure::WriteError(write)) => Some(write.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => Some(concern.code),
        ErrorKind::BulkWrite(bulk) => {
            let first = bulk.write_errors.iter().min_by_key(|(index, _)| **index).map(|(_, write)| write.code);
            first.or_else(|| bulk.write_concern_errors.first().map(|concern| concern.code))
        }
        _ => None,
    }
}

/// The error below that of a bulk write, if another one broke it off.
fn root(error: &Error) -> &Error {
    match &*error.kind {
        ErrorKind::BulkWrite(bulk) if bulk.write_errors.is_empty() => {
            error.source().and_then(|source| source.downcast_ref()).unwrap_or(error)
        }
        _ => error,
    }
}

/// What is there cannot be used as it is.
pub(super) fn unreachable(cause: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unreachable(Arc::new(cause))
}

/// The connection string is none.
#[derive(Debug, thiserror::Error)]
#[error("the connection string is not valid: it is mongodb://host:port/database, or mongodb+srv://")]
pub(super) struct InvalidUri;

/// The server is alone, without transactions.
#[derive(Debug, thiserror::Error)]
#[error(
    "the MongoDB server is not a member of a replica set, and so has no transactions: start it as one \
     (`mongod --replSet rs0`), then say `rs.initiate()` once in mongosh; a single server is enough"
)]
pub(super) struct NoReplicaSet;

/// The server lacks commands that are needed.
#[derive(Debug, thiserror::Error)]
#[error("the MongoDB server is too old: 8.0 or newer is needed")]
pub(super) struct TooOld;

/// A document in the database is not as this program stores it.
#[derive(Debug, thiserror::Error)]
#[error("a document of {collection} has no text")]
pub(super) struct Foreign {
    pub collection: &'static str,
}

impl From<Foreign> for StoreError {
    fn from(error: Foreign) -> Self {
        Self::Corrupt(Arc::new(error))
    }
}

/// A document that is to be stored is no JSON object.
#[derive(Debug, thiserror::Error)]
#[error("a document for {collection} is no JSON object")]
pub(super) struct NoObject {
    pub collection: &'static str,
    pub source: serde_json::Error,
}

/// A commit was broken off in this process.
#[derive(Debug, thiserror::Error)]
#[error("the commit was broken off in this process")]
pub(super) struct BrokenOff;
