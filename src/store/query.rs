//! What can be asked of a store.
//!
//! Every field named here is one that the collection declares an index for, or `id`, which always has one. Where a query leaves
//! out [`Filter::Live`], the field it is sorted by needs an [`Index::All`](crate::model::document::Index::All), unless a filter on
//! `id` or on such a field narrows it down. The texts of a multi-value field are grouped for live documents only.

use crate::model::document::Collection;
use crate::model::id::ObjectId;
use serde::{Deserialize, Serialize};

/// A value to compare with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number; times are numbers too.
    Number(i64),
    /// A text.
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<crate::model::time::Time> for Value {
    fn from(time: crate::model::time::Time) -> Self {
        Self::Number(time.as_millis())
    }
}

impl From<ObjectId> for Value {
    fn from(id: ObjectId) -> Self {
        Self::Text(id.to_string())
    }
}

/// A condition. On a multi-value field it holds if it holds for any of the field's texts.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// The document is live: it has no `deletedAt`.
    Live,
    /// The document was deleted: it has a `deletedAt`.
    Deleted,
    /// The field has this value.
    Eq(&'static str, Value),
    /// The field has one of these values; at most 1,000.
    In(&'static str, Vec<Value>),
    /// The field lies in `from <= field < to`.
    Range(&'static str, Option<Value>, Option<Value>),
    /// The field is a text that begins so. Compared byte by byte.
    Prefix(&'static str, String),
    /// The field is absent, or an empty list.
    Absent(&'static str),
}

impl Filter {
    /// The field that it is about, if it is about one.
    pub(super) fn field(&self) -> Option<&'static str> {
        match self {
            Self::Live | Self::Deleted => None,
            Self::Eq(field, _)
            | Self::In(field, _)
            | Self::Range(field, _, _)
            | Self::Prefix(field, _)
            | Self::Absent(field) => Some(field),
        }
    }
}

/// The text right behind all texts that begin with `prefix`; `None` if every later text does.
pub(super) fn end_of_prefix(prefix: &str) -> Option<Value> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // Texts are ordered by their UTF-8 bytes, which is the order of code points; surrogates are none.
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            end.push(next);
            return Some(Value::Text(end));
        }
    }
    None
}

/// The order of a list: by a field, then by id in the same direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The field. All documents of the collection have it.
    pub field: &'static str,
    /// From the largest to the smallest.
    pub descending: bool,
}

/// A place in a sorted list: that of the document with this value and id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The sort field's value.
    pub value: Value,
    /// The document's id.
    pub id: ObjectId,
}

/// Asks for a list.
#[derive(Clone, Debug)]
pub struct Query {
    /// Where to look.
    pub collection: &'static Collection,
    /// All of these hold.
    pub filters: Vec<Filter>,
    /// In which order.
    pub sort: Sort,
    /// Begin right behind this place; `None`: at the start.
    pub after: Option<Position>,
    /// How many at most.
    pub limit: usize,
}
