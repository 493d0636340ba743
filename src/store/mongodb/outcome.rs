//! Which write of a commit the state of the store forbids, read out of the server's answer.

use std::collections::HashMap;

use mongodb::bson::doc;
use mongodb::error::{Error, ErrorKind, PartialBulkWriteResult, WriteError};
use mongodb::options::{DeleteOneModel, InsertOneModel, ReplaceOneModel, WriteModel};
use mongodb::{Database, Namespace};

use super::documents::{oid, stored, version_number};
use super::error::{DUPLICATE_KEY, code};
use super::layout::{self, ID, KEY_INDEX, Layouts, VERSION};
use crate::model::id::ObjectId;
use crate::store::{Conflict, StoreError, Write};
use mongodb::results::VerboseBulkWriteResult;

/// The write as the server is told it: it changes nothing but the document with this id and version.
pub(super) fn model(database: &Database, layouts: &Layouts, write: &Write) -> Result<WriteModel, StoreError> {
    let (collection, id) = write.target();
    let namespace = Namespace::new(database.name(), collection.name);
    let layout = layout::of(layouts, collection)?;
    Ok(match write {
        Write::Insert { version, document, .. } => InsertOneModel::builder()
            .namespace(namespace)
            .document(stored(layout, collection, id, *version, document)?)
            .build()
            .into(),
        Write::Replace { expected, version, document, .. } => ReplaceOneModel::builder()
            .namespace(namespace)
            .filter(doc! { ID: oid(id), VERSION: version_number(*expected) })
            .replacement(stored(layout, collection, id, *version, document)?)
            .build()
            .into(),
        Write::Delete { expected: None, .. } => {
            DeleteOneModel::builder().namespace(namespace).filter(doc! { ID: oid(id) }).build().into()
        }
        Write::Delete { expected: Some(expected), .. } => DeleteOneModel::builder()
            .namespace(namespace)
            .filter(doc! { ID: oid(id), VERSION: version_number(*expected) })
            .build()
            .into(),
    })
}

/// What stands against a write, as far as the server's answer to it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Against {
    /// No document has this id and the version expected.
    Unmatched,
    /// A unique index has this value already: of this field, or of the id.
    Taken(&'static str),
}

/// The first write that found no document to change.
pub(super) fn first_unmatched(writes: &[Write], done: &VerboseBulkWriteResult) -> Option<usize> {
    writes.iter().enumerate().find(|(index, write)| is_unmatched(write, *index, done)).map(|(index, _)| index)
}

fn is_unmatched(write: &Write, index: usize, done: &VerboseBulkWriteResult) -> bool {
    match write {
        Write::Replace { .. } => done.update_results.get(&index).is_some_and(|result| result.matched_count == 0),
        Write::Delete { expected: Some(_), .. } => {
            done.delete_results.get(&index).is_some_and(|result| result.deleted_count == 0)
        }
        Write::Insert { .. } | Write::Delete { expected: None, .. } => false,
    }
}

/// The first write that a failed answer tells to be forbidden; `None`: it failed for another reason.
pub(super) fn against(writes: &[Write], error: &Error) -> Option<(usize, Against)> {
    let ErrorKind::BulkWrite(bulk) = &*error.kind else { return None };
    // What follows a write that matched nothing may fail because of that.
    if let Some(PartialBulkWriteResult::Verbose(done)) = &bulk.partial_result
        && let Some(index) = first_unmatched(writes, done)
    {
        return Some((index, Against::Unmatched));
    }
    if code(error) != Some(DUPLICATE_KEY) {
        return None;
    }
    let (index, failed) = bulk.write_errors.iter().min_by_key(|(index, _)| **index)?;
    Some((*index, Against::Taken(taken(writes.get(*index)?, failed)?)))
}

/// Which field's value was taken: the server names the index.
fn taken(write: &Write, failed: &WriteError) -> Option<&'static str> {
    let (_, behind) = failed.message.split_once("index: ")?;
    let index = behind.split_whitespace().next()?;
    if index == KEY_INDEX {
        return Some("id");
    }
    let field = index.strip_suffix(".unique")?;
    let (collection, _) = write.target();
    collection.indexes.iter().find_map(|declared| match declared {
        crate::model::document::Index::Unique(unique) if *unique == field => Some(*unique),
        _ => None,
    })
}

/// The version that the documents have after the first of the writes; `None` for those that these erase.
pub(super) fn after(writes: &[Write]) -> HashMap<(&'static str, ObjectId), Option<u64>> {
    let state = |write: &Write| {
        let (collection, id) = write.target();
        let version = match write {
            Write::Insert { version, .. } | Write::Replace { version, .. } => Some(*version),
            Write::Delete { .. } => None,
        };
        ((collection.name, id), version)
    };
    writes.iter().map(state).collect()
}

/// What the port calls it. `there` tells whether the write's document is there.
pub(super) fn conflict(against: Against, write: &Write, there: bool) -> Conflict {
    match against {
        Against::Unmatched if there => Conflict::Version,
        Against::Unmatched => Conflict::Missing,
        // The server may have looked at another unique index first, but the id comes first.
        Against::Taken(_) if there && matches!(write, Write::Insert { .. }) => Conflict::Duplicate("id"),
        Against::Taken(field) => Conflict::Duplicate(field),
    }
}
