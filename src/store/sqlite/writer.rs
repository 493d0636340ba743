//! Writes: what waits in the queue becomes one transaction, so that many commits share one flush to disk.

use std::sync::Arc;

use rusqlite::{Connection, Result, Savepoint, Transaction, TransactionBehavior};

use super::connection::{Database, Link};
use super::error::{duplicate, is_constraint, spoils_connection, writing};
use super::migrate;
use super::queue::{CommitQueue, Pending};
use crate::model::document::{Collection, Document};
use crate::model::id::ObjectId;
use crate::store::{CommitError, Conflict, MigrateError, Migration, StoreError, Write};

/// Commits that share a transaction, at most.
pub(super) const GROUP_MAX: usize = 256;

/// The writing connection, opened anew after it failed.
#[derive(Debug)]
pub struct Writer {
    database: Database,
    link: Option<Link>,
    queue: Arc<CommitQueue>,
}

impl Writer {
    pub(super) fn open(database: Database, queue: Arc<CommitQueue>) -> Result<Self> {
        Ok(Self { link: Some(database.writer()?), database, queue })
    }

    /// Commits what waits, as one group, and then answers each. Does nothing if nothing waits.
    ///
    /// Should it panic, the connection is dropped, which rolls back, and whoever waits sees his reply dropped.
    pub(super) fn flush(&mut self) {
        let group = self.queue.take(GROUP_MAX);
        if group.is_empty() {
            return;
        }
        match self.run(|connection| commit_group(connection, &group)) {
            Ok(outcomes) => answer(group, outcomes),
            Err(error) => {
                let outcomes = vec![Err(CommitError::Store(error)); group.len()];
                answer(group, outcomes);
            }
        }
    }

    pub(super) fn migrate(&mut self, collections: &'static [&'static Collection]) -> Result<Migration, MigrateError> {
        let mut refused = None;
        let migration = self.run(|connection| {
            migrate::migrate(connection, collections).or_else(|error| match error {
                MigrateError::Store(error) => Err(error),
                newer @ MigrateError::Newer { .. } => {
                    refused = Some(newer);
                    Ok(Migration { from: 0, to: 0 })
                }
            })
        })?;
        refused.map_or(Ok(migration), Err)
    }

    fn run<R>(&mut self, write: impl FnOnce(&mut Connection) -> Result<R, StoreError>) -> Result<R, StoreError> {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => self.database.writer().map_err(writing)?,
        };
        let outcome = write(&mut link.connection);
        if !outcome.as_ref().err().is_some_and(spoils_connection) {
            self.link = Some(link);
        }
        outcome
    }
}

fn answer(group: Vec<Pending>, outcomes: Vec<Result<(), CommitError>>) {
    for (pending, outcome) in group.into_iter().zip(outcomes) {
        // Whoever no longer waits has withdrawn his interest, not his commit.
        let _ = pending.reply.send(outcome);
    }
}

/// Runs each commit of the group in a savepoint of one transaction. An error is the whole group's: nothing of it is there.
fn commit_group(connection: &mut Connection, group: &[Pending]) -> Result<Vec<Result<(), CommitError>>, StoreError> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(writing)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for pending in group {
        let outcome = commit_one(&mut transaction, &pending.writes);
        if transaction.is_autocommit() {
            // SQLite itself rolled all of it back, so that what went before is gone too.
            let error = match outcome {
                Err(CommitError::Store(error)) => error,
                _ => StoreError::Transaction(Arc::new(super::error::BrokenOff)),
            };
            return Err(error);
        }
        outcomes.push(outcome);
    }
    transaction.commit().map_err(writing)?;
    Ok(outcomes)
}

/// Applies all of the writes or, dropping the savepoint, none.
fn commit_one(transaction: &mut Transaction<'_>, writes: &[Write]) -> Result<(), CommitError> {
    let savepoint = transaction.savepoint().map_err(writing)?;
    for (index, write) in writes.iter().enumerate() {
        match apply(&savepoint, write) {
            Ok(None) => {}
            Ok(Some(conflict)) => return Err(CommitError::Conflict { index, conflict }),
            Err(error) => return Err(writing(error).into()),
        }
    }
    Ok(savepoint.commit().map_err(writing)?)
}

fn apply(savepoint: &Savepoint<'_>, write: &Write) -> Result<Option<Conflict>> {
    let outcome = match write {
        Write::Insert { collection, id, version, document } => insert(savepoint, collection, *id, *version, document),
        Write::Replace { collection, id, expected, version, document } => {
            replace(savepoint, collection, *id, *expected, *version, document)
        }
        Write::Delete { collection, id, expected } => delete(savepoint, collection, *id, *expected),
    };
    let (collection, _) = write.target();
    match outcome {
        Err(error) => duplicate(&error, collection).map(Some).ok_or(error),
        outcome => outcome,
    }
}

fn insert(
    connection: &Connection,
    collection: &Collection,
    id: ObjectId,
    version: u64,
    document: &Document,
) -> Result<Option<Conflict>> {
    let sql = format!(r#"INSERT INTO "{}" (id, version, document) VALUES (?, ?, jsonb(?))"#, collection.name);
    let inserted = connection.prepare_cached(&sql)?.execute((id.to_string(), stored(version), document.json()));
    match inserted {
        Ok(_) => Ok(None),
        // SQLite may have looked at another unique index first, but the id comes first.
        Err(error) if is_constraint(&error) && is_there(connection, collection, id)? => {
            Ok(Some(Conflict::Duplicate("id")))
        }
        Err(error) => Err(error),
    }
}

fn replace(
    connection: &Connection,
    collection: &Collection,
    id: ObjectId,
    expected: u64,
    version: u64,
    document: &Document,
) -> Result<Option<Conflict>> {
    let sql =
        format!(r#"UPDATE "{}" SET version = ?, document = jsonb(?) WHERE id = ? AND version = ?"#, collection.name);
    let changed = connection.prepare_cached(&sql)?.execute((
        stored(version),
        document.json(),
        id.to_string(),
        stored(expected),
    ))?;
    if changed == 1 { Ok(None) } else { unmatched(connection, collection, id).map(Some) }
}

fn delete(
    connection: &Connection,
    collection: &Collection,
    id: ObjectId,
    expected: Option<u64>,
) -> Result<Option<Conflict>> {
    let Some(expected) = expected else {
        let sql = format!(r#"DELETE FROM "{}" WHERE id = ?"#, collection.name);
        connection.prepare_cached(&sql)?.execute([id.to_string()])?;
        return Ok(None);
    };
    let sql = format!(r#"DELETE FROM "{}" WHERE id = ? AND version = ?"#, collection.name);
    let changed = connection.prepare_cached(&sql)?.execute((id.to_string(), stored(expected)))?;
    if changed == 1 { Ok(None) } else { unmatched(connection, collection, id).map(Some) }
}

/// A version as SQLite has it. Beyond what it can hold there is none, so that such an expectation is met by no document.
fn stored(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(-1)
}

/// Why no document had this id and the version expected.
fn unmatched(connection: &Connection, collection: &Collection, id: ObjectId) -> Result<Conflict> {
    is_there(connection, collection, id).map(|there| if there { Conflict::Version } else { Conflict::Missing })
}

fn is_there(connection: &Connection, collection: &Collection, id: ObjectId) -> Result<bool> {
    let sql = format!(r#"SELECT 1 FROM "{}" WHERE id = ?"#, collection.name);
    connection.prepare_cached(&sql)?.exists([id.to_string()])
}

#[cfg(test)]
#[path = "faults.rs"]
mod faults;
