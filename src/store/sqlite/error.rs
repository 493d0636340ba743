//! What SQLite's errors mean to the port.

use std::sync::Arc;

use rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;
use rusqlite::{Error, ErrorCode};

use crate::actors::supervision::AskError;
use crate::model::document::{Collection, Index};
use crate::store::{Cause, Conflict, StoreError};

/// Sorts an error that came up while reading.
pub(super) fn reading(error: Error) -> StoreError {
    classify(error, StoreError::Query)
}

/// Sorts an error that came up while writing.
pub(super) fn writing(error: Error) -> StoreError {
    classify(error, StoreError::Transaction)
}

fn classify(error: Error, otherwise: fn(Cause) -> StoreError) -> StoreError {
    let sort = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::CannotOpen) => StoreError::Unreachable,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt,
        _ => otherwise,
    };
    sort(Arc::new(error))
}

/// Sorts the refusal of a pool to do a job.
pub(super) fn refused(error: AskError) -> StoreError {
    match error {
        AskError::DeadlineExceeded => StoreError::TimedOut,
        AskError::Overloaded { retry_after } => StoreError::Overloaded { retry_after },
        AskError::Crashed { .. } => StoreError::Crashed(Arc::new(error)),
        AskError::Unavailable { .. } | AskError::Stopped => StoreError::Unreachable(Arc::new(error)),
    }
}

/// Whether a connection that failed so is worth keeping. The next job opens a new one if it is not.
pub(super) fn spoils_connection(error: &StoreError) -> bool {
    match error {
        StoreError::Corrupt(_) => true,
        StoreError::Unreachable(cause) | StoreError::Query(cause) | StoreError::Transaction(cause) => {
            let code = cause.downcast_ref::<Error>().and_then(Error::sqlite_error_code);
            matches!(
                code,
                Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::FileLockingProtocolFailed)
            )
        }
        StoreError::TimedOut | StoreError::Overloaded { .. } | StoreError::Crashed(_) => false,
    }
}

/// Whether SQLite refused a write because of an index.
pub(super) fn is_constraint(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

/// Which unique value was taken, if that is what the error tells.
///
/// SQLite names the column (`UNIQUE constraint failed: customers.email`), since each unique index is over one column.
pub(super) fn duplicate(error: &Error, collection: &Collection) -> Option<Conflict> {
    let Error::SqliteFailure(failure, Some(message)) = error else { return None };
    if failure.extended_code != SQLITE_CONSTRAINT_UNIQUE {
        return None;
    }
    let (_, column) = message.rsplit_once('.')?;
    collection.indexes.iter().find_map(|index| match index {
        Index::Unique(field) if *field == column => Some(Conflict::Duplicate(field)),
        _ => None,
    })
}

/// The file is an SQLite database, but another program's.
#[derive(Debug, thiserror::Error)]
#[error("the file is another program's database (application id {application_id:#x})")]
pub(super) struct Foreign {
    pub application_id: i32,
}

/// The writer broke off in the middle of a group of commits.
#[derive(Debug, thiserror::Error)]
#[error("the writer broke off during the commit")]
pub(super) struct BrokenOff;
