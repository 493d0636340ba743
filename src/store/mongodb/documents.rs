//! Documents as they are stored: their text, exactly as it was written, and beside it the fields that indexes are over.

use std::sync::Arc;

use mongodb::bson::oid::ObjectId as Oid;
use mongodb::bson::{Bson, Document as BsonDocument, RawDocumentBuf};
use serde_json::{Map, Value as Json};

use super::error::{Foreign, NoObject};
use super::layout::{DELETED_AT, ID, LIVE, Layout, TEXT, VERSION, key, unique_key};
use crate::model::document::{Collection, Document};
use crate::model::id::ObjectId;
use crate::store::{StoreError, Value};

/// Stands for an absent value and an empty list, so that an index finds them like any other: truth values are kept as numbers.
pub(super) const ABSENT: Bson = Bson::Boolean(false);

/// What is stored of a document.
pub(super) fn stored(
    layout: &Layout,
    collection: &'static Collection,
    id: ObjectId,
    version: u64,
    document: &Document,
) -> Result<BsonDocument, StoreError> {
    let members: Map<String, Json> = serde_json::from_str(document.json())
        .map_err(|source| StoreError::Corrupt(Arc::new(NoObject { collection: collection.name, source })))?;
    let mut stored = BsonDocument::new();
    stored.insert(ID, oid(id));
    stored.insert(VERSION, version_number(version));
    let live = members.get(DELETED_AT).is_none_or(Json::is_null);
    stored.insert(LIVE, live);
    for field in layout.fields.iter().filter(|field| !matches!(**field, "id" | VERSION)) {
        stored.insert(*field, members.get(*field).and_then(single).unwrap_or(ABSENT));
    }
    for field in &layout.unique {
        if let Some(value) = members.get(*field).and_then(single).filter(|_| live) {
            stored.insert(unique_key(field), value);
        }
    }
    for field in &layout.lists {
        stored.insert(key(field), texts(members.get(*field)));
    }
    stored.insert(TEXT, document.json());
    Ok(stored)
}

/// The document of what is stored.
pub(super) fn document(collection: &'static Collection, stored: &RawDocumentBuf) -> Result<Document, StoreError> {
    let text = stored.get_str(TEXT).map_err(|_| Foreign { collection: collection.name })?;
    Ok(Document::from_json(text))
}

/// A value of a field, if it is one that can be compared.
fn single(json: &Json) -> Option<Bson> {
    match json {
        Json::String(text) => Some(Bson::String(text.clone())),
        Json::Bool(truth) => Some(Bson::Int64(i64::from(*truth))),
        Json::Number(number) => number.as_i64().map(Bson::Int64).or_else(|| number.as_f64().map(Bson::Double)),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The texts of a list, each once.
fn texts(json: Option<&Json>) -> Bson {
    let list = json.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut texts: Vec<&str> = list.iter().filter_map(Json::as_str).collect();
    texts.sort_unstable();
    texts.dedup();
    if texts.is_empty() { ABSENT } else { texts.into() }
}

/// A value to compare with, as fields hold it.
pub(super) fn bson(value: &Value) -> Bson {
    match value {
        Value::Number(number) => Bson::Int64(*number),
        Value::Text(text) => Bson::String(text.clone()),
    }
}

pub(super) fn oid(id: ObjectId) -> Oid {
    Oid::parse_str(id.to_string()).expect("both are twelve bytes in hexadecimal digits")
}

/// A version as the database has it. Beyond what that can hold there is none, so that such an expectation is met by no
/// document.
pub(super) fn version_number(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(-1)
}
