//! Tables and indexes as SQLite has them.
//!
//! A collection is a table of `id`, `version` and the `document` (JSONB), with a virtual column for each indexed field.
//! Whatever else is there (indexes, the tables of multi-value fields and the triggers that keep these) can be made anew from
//! the documents, and has a dot in its name, which no collection has.

use std::collections::BTreeSet;

use crate::model::document::{Collection, Index};

/// The member that only deleted documents have.
pub(super) const DELETED_AT: &str = "deletedAt";

/// Something that is derived from the documents.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Derived {
    pub name: String,
    /// Makes it. SQLite keeps the very text, by which it is recognised later.
    pub create: String,
    /// Fills it from documents that were there before; empty where SQLite does so by itself.
    pub fill: String,
}

pub(super) fn unique_index(collection: &Collection, field: &str) -> String {
    format!("{}.{field}.unique", collection.name)
}

pub(super) fn live_index(collection: &Collection, field: &str) -> String {
    format!("{}.{field}.live", collection.name)
}

pub(super) fn all_index(collection: &Collection, field: &str) -> String {
    format!("{}.{field}.all", collection.name)
}

pub(super) fn compound_index(collection: &Collection, field: &str, then: &str) -> String {
    format!("{}.{field}.by.{then}", collection.name)
}

/// The deleted documents of the collection, by when they were deleted.
pub(super) fn deleted_index(collection: &Collection) -> String {
    format!("{}.deleted", collection.name)
}

/// The live documents whose multi-value `field` is absent or empty, by `then`.
pub(super) fn absent_index(collection: &Collection, field: &str, then: &str) -> String {
    format!("{}.{field}.absent.{then}", collection.name)
}

/// The table of a multi-value field: a row (`value`, `sort`, `id`) for each text of each live document.
pub(super) fn texts_table(collection: &Collection, field: &str, then: &str) -> String {
    format!("{}.{field}.each.{then}", collection.name)
}

/// SQLite's own name for the index behind the primary key.
pub(super) fn key_index(collection: &Collection) -> String {
    format!("sqlite_autoindex_{}_1", collection.name)
}

/// The condition that a document's multi-value `field` is absent or empty. The index and the query must have the same words.
pub(super) fn no_texts(document: &str, field: &str) -> String {
    format!("coalesce(json_array_length({document}, '$.{field}'), 0) = 0")
}

/// Makes the collection's table, with its documents and nothing else.
pub(super) fn create_table(collection: &Collection) -> String {
    let name = collection.name;
    format!(
        r#"CREATE TABLE IF NOT EXISTS "{name}" (id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL, document BLOB NOT NULL)"#
    )
}

/// The fields that need a virtual column: those indexed by one value, and `deletedAt`.
pub(super) fn fields(collection: &Collection) -> BTreeSet<&'static str> {
    let indexed = collection.indexes.iter().flat_map(|index| match index {
        Index::Unique(field) | Index::Live(field) | Index::All(field) => vec![*field],
        Index::Compound { field, then } => vec![*field, *then],
        Index::Multi { then, .. } => vec![*then],
    });
    // These two are columns of the table itself.
    indexed.chain([DELETED_AT]).filter(|field| !matches!(*field, "id" | "version")).collect()
}

/// Adds the virtual column of a field.
pub(super) fn add_field(collection: &Collection, field: &str) -> String {
    let name = collection.name;
    format!(r#"ALTER TABLE "{name}" ADD COLUMN "{field}" GENERATED ALWAYS AS (document ->> '$.{field}') VIRTUAL"#)
}

/// All that the collection's declarations ask for beside its table.
pub(super) fn derived(collection: &Collection) -> Vec<Derived> {
    let mut all = vec![index(collection, deleted_index(collection), "", &[DELETED_AT, "id"], "deletedAt IS NOT NULL")];
    for declared in collection.indexes {
        match declared {
            Index::Unique(field) => {
                all.push(index(collection, unique_index(collection, field), "UNIQUE ", &[field], LIVE));
            }
            Index::Live(field) => all.push(index(collection, live_index(collection, field), "", &[field, "id"], LIVE)),
            Index::All(field) => all.push(index(collection, all_index(collection, field), "", &[field, "id"], "")),
            Index::Compound { field, then } => {
                all.push(index(collection, compound_index(collection, field, then), "", &[field, then, "id"], LIVE));
            }
            Index::Multi { field, then } => {
                let absent = format!("{LIVE} AND {}", no_texts("document", field));
                all.push(index(collection, absent_index(collection, field, then), "", &[then, "id"], &absent));
                all.extend(texts(collection, field, then));
            }
        }
    }
    all
}

const LIVE: &str = "deletedAt IS NULL";

fn index(collection: &Collection, name: String, unique: &str, columns: &[&str], condition: &str) -> Derived {
    let columns = columns.iter().map(|column| format!(r#""{column}""#)).collect::<Vec<_>>().join(", ");
    let condition = if condition.is_empty() { String::new() } else { format!(" WHERE {condition}") };
    let create = format!(r#"CREATE {unique}INDEX "{name}" ON "{}" ({columns}){condition}"#, collection.name);
    Derived { name, create, fill: String::new() }
}

/// The table of a multi-value field, and the triggers that keep it in step with the documents, whoever writes them.
fn texts(collection: &Collection, field: &str, then: &str) -> Vec<Derived> {
    let (name, table) = (texts_table(collection, field, then), collection.name);
    // The texts of a document, NEW or OLD.
    let texts = |row: &str| {
        format!(
            "SELECT each.value FROM json_each({row}.document, '$.{field}') AS each WHERE {row}.deletedAt IS NULL AND each.type = 'text'"
        )
    };
    let add = format!(
        r#"INSERT OR IGNORE INTO "{name}" (value, sort, id) SELECT value, NEW."{then}", NEW.id FROM ({});"#,
        texts("NEW")
    );
    // In this form SQLite finds the rows by the primary key; a list of (value, sort, id) would be looked for row by row.
    let remove = |values: String| {
        format!(r#"DELETE FROM "{name}" WHERE value IN ({values}) AND sort = OLD."{then}" AND id = OLD.id;"#)
    };
    let (old, new) = (texts("OLD"), texts("NEW"));
    let trigger = |event: &str, body: String| {
        let name = format!("{name}.{event}");
        let create = format!(r#"CREATE TRIGGER "{name}" AFTER {event} ON "{table}" BEGIN {body} END"#);
        Derived { name, create, fill: String::new() }
    };
    let create = format!(
        r#"CREATE TABLE "{name}" (value TEXT NOT NULL, sort NOT NULL, id TEXT NOT NULL, PRIMARY KEY (value, sort, id)) WITHOUT ROWID"#
    );
    let fill = format!(
        r#"INSERT OR IGNORE INTO "{name}" (value, sort, id) SELECT each.value, c."{then}", c.id FROM "{table}" AS c, json_each(c.document, '$.{field}') AS each WHERE c.deletedAt IS NULL AND each.type = 'text'"#
    );
    vec![
        Derived { name: name.clone(), create, fill },
        trigger("INSERT", add.clone()),
        // Rows that stay are left alone: an update of a name must not touch the pages of all its words.
        trigger("UPDATE", remove(format!(r#"{old} EXCEPT {new} AND NEW."{then}" IS OLD."{then}""#)) + " " + &add),
        trigger("DELETE", remove(old)),
    ]
}
