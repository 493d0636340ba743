//! What stores keep: documents in collections, found by the indexes that the collections declare.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::id::ObjectId;

/// A collection of documents of one kind.
pub struct Collection {
    /// Its name in every store: lower case and underscores.
    pub name: &'static str,
    /// The indexes that a store keeps for it. No query may do without one.
    pub indexes: &'static [Index],
}

impl fmt::Debug for Collection {
    /// Its name alone: queries and writes all name one, and its indexes would hide them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// An index that a store keeps. Fields are top-level members of the document: texts, numbers or, where said, lists of texts.
#[derive(Debug)]
pub enum Index {
    /// No two *live* documents (those without `deletedAt`) share this field's value. Absent values do not clash.
    Unique(&'static str),
    /// Live documents by this field and then by id: for filters, sorting and counting.
    Live(&'static str),
    /// All documents, deleted ones too, by this field and then by id.
    All(&'static str),
    /// Live documents by `field`, then by `then`, then by id: a filter on one, sorted by the other.
    Compound {
        /// The field that is filtered by equality.
        field: &'static str,
        /// The field that the list is sorted by.
        then: &'static str,
    },
    /// Live documents by each text in the list `field`, then by `then`, then by id.
    Multi {
        /// The field that holds a list of texts.
        field: &'static str,
        /// The field that the list is sorted by. It never changes during a document's life.
        then: &'static str,
    },
}

/// A kind of document: how it is told to a store.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Where documents of this kind are kept.
    const COLLECTION: &'static Collection;

    /// The document's id.
    fn id(&self) -> ObjectId;

    /// Its version: 1 when it is made, one more with each change.
    fn version(&self) -> u64;
}

/// A document as a store keeps it: JSON text, parsed at most once.
#[derive(Clone)]
pub struct Document(Arc<Inner>);

struct Inner {
    json: Box<str>,
    parsed: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Document {
    /// Wraps JSON text.
    pub fn from_json(json: impl Into<Box<str>>) -> Self {
        Self(Arc::new(Inner { json: json.into(), parsed: OnceLock::new() }))
    }

    /// The document of a record.
    pub fn of<R: Record>(record: &R) -> Self {
        Self::from_json(serde_json::to_string(record).expect("records are made of texts, numbers and lists"))
    }

    /// The JSON text.
    pub fn json(&self) -> &str {
        &self.0.json
    }

    /// The record that this document tells of. The first call parses, later ones share its result.
    ///
    /// # Errors
    /// The text is not such a record: the store's content was damaged, or was written by another program.
    pub fn parse<R: Record>(&self) -> Result<Arc<R>, MalformedDocument> {
        if let Some(parsed) = self.0.parsed.get().and_then(|any| Arc::clone(any).downcast().ok()) {
            return Ok(parsed);
        }
        let record: Arc<R> = serde_json::from_str(&self.0.json)
            .map(Arc::new)
            .map_err(|source| MalformedDocument { collection: R::COLLECTION.name, source })?;
        let _ = self.0.parsed.set(record.clone());
        Ok(record)
    }
}

impl fmt::Debug for Document {
    /// Documents hold personal data and hashes: only their size is told.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes)", self.0.json.len())
    }
}

/// A stored document does not read as what its collection holds.
#[derive(Debug, thiserror::Error)]
#[error("a document of {collection} is malformed")]
pub struct MalformedDocument {
    /// The collection it was found in.
    pub collection: &'static str,
    source: serde_json::Error,
}
