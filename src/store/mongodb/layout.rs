//! How a collection lies in the database: its indexes, and the fields that are kept beside each document's text for them.
//!
//! Every index of live documents begins with [`LIVE`], which is a boolean that every document has. A partial index would be
//! smaller, but the server must read each document to know that one is live, even where it only counts.
//!
//! A unique index is over a field of its own, which only live documents with a value have, and holds these alone (it is
//! sparse): absent values and those of deleted documents clash with none.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::IndexModel;
use mongodb::bson::Document;
use mongodb::options::IndexOptions;

use crate::model::document::{Collection, Index};
use crate::store::NoIndex;

pub(super) const ID: &str = "_id";
/// Whether the document is live. No field of a document begins with an underscore.
pub(super) const LIVE: &str = "_live";
/// The document's text.
pub(super) const TEXT: &str = "_json";
pub(super) const VERSION: &str = "version";
/// The member that only deleted documents have.
pub(super) const DELETED_AT: &str = "deletedAt";
/// The server's own index over the ids.
pub(super) const KEY_INDEX: &str = "_id_";

/// How the names of this program's indexes end; others are left alone.
const KINDS: [&str; 6] = ["unique", "live", "all", "by", "each", "deleted"];

/// An index of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NativeIndex {
    pub name: String,
    /// The fields that it is over, all rising.
    pub keys: Vec<&'static str>,
    /// No two live documents share a value.
    pub unique: bool,
}

/// One collection.
#[derive(Debug)]
pub(super) struct Layout {
    pub indexes: Vec<NativeIndex>,
    /// Fields kept with their one value.
    pub fields: BTreeSet<&'static str>,
    /// Fields kept with their list of texts.
    pub lists: BTreeSet<&'static str>,
    /// Fields whose values are unique among live documents.
    pub unique: BTreeSet<&'static str>,
}

/// All collections of a store, by name.
pub(super) type Layouts = BTreeMap<&'static str, Layout>;

pub(super) fn layouts(collections: &[&'static Collection]) -> Layouts {
    collections.iter().map(|collection| (collection.name, Layout::of(collection))).collect()
}

/// The layout of a collection, which must be one of the store's.
pub(super) fn of<'a>(layouts: &'a Layouts, collection: &Collection) -> Result<&'a Layout, NoIndex> {
    layouts.get(collection.name).ok_or(NoIndex { collection: collection.name })
}

impl Layout {
    fn of(collection: &Collection) -> Self {
        let mut layout = Self {
            indexes: vec![index("all.deleted".to_owned(), &[LIVE, DELETED_AT, ID])],
            fields: BTreeSet::from([DELETED_AT]),
            lists: BTreeSet::new(),
            unique: BTreeSet::new(),
        };
        for declared in collection.indexes {
            layout.declare(declared);
        }
        layout
    }

    fn declare(&mut self, declared: &'static Index) {
        match declared {
            Index::Unique(field) => {
                self.unique.insert(field);
                self.fields.insert(field);
                self.indexes.push(NativeIndex { unique: true, ..index(format!("{field}.unique"), &[field]) });
            }
            Index::Live(field) => {
                self.fields.insert(field);
                self.indexes.push(index(format!("{field}.live"), &[LIVE, key(field), ID]));
            }
            Index::All(field) => {
                self.fields.insert(field);
                self.indexes.push(index(format!("{field}.all"), &[key(field), ID]));
            }
            Index::Compound { field, then } => {
                self.fields.extend([*field, *then]);
                self.indexes.push(index(format!("{field}.{then}.by"), &[LIVE, key(field), key(then), ID]));
            }
            Index::Multi { field, then } => {
                self.fields.insert(then);
                self.lists.insert(field);
                self.indexes.push(index(format!("{field}.{then}.each"), &[LIVE, key(field), key(then), ID]));
            }
        }
    }

    /// What is kept beside the texts. Documents are kept anew where it is no longer the same.
    pub fn kept(&self) -> Vec<String> {
        let lists = self.lists.iter().map(|field| format!("{field}[]"));
        let unique = self.unique.iter().map(|field| unique_key(field));
        self.fields.iter().map(|field| (*field).to_owned()).chain(lists).chain(unique).collect()
    }
}

fn index(name: String, keys: &[&'static str]) -> NativeIndex {
    let mut distinct: Vec<&'static str> = Vec::new();
    for key in keys {
        // An index may be declared over the ids.
        if !distinct.contains(key) {
            distinct.push(key);
        }
    }
    NativeIndex { name, keys: distinct, unique: false }
}

/// What a field is called in the database.
pub(super) fn key(field: &'static str) -> &'static str {
    if field == "id" { ID } else { field }
}

/// What the field of a unique index is called.
pub(super) fn unique_key(field: &str) -> String {
    format!("_unique_{field}")
}

impl NativeIndex {
    pub fn keys_document(&self) -> Document {
        let key = |key: &&str| if self.unique { unique_key(key) } else { (*key).to_owned() };
        self.keys.iter().map(|field| (key(field), 1.into())).collect()
    }

    pub fn model(&self) -> IndexModel {
        let unique = self.unique.then_some(true);
        let options = IndexOptions::builder().name(self.name.clone()).unique(unique).sparse(unique).build();
        IndexModel::builder().keys(self.keys_document()).options(options).build()
    }
}

/// Whether an index of this name was made by this program.
pub(super) fn is_ours(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, kind)| KINDS.contains(&kind))
}
