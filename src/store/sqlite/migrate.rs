//! Brings a database to this program's version, and its indexes in line with the collections' declarations.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

use super::error::{Foreign, writing};
use super::schema::{self, Derived};
use crate::model::document::Collection;
use crate::store::{MigrateError, Migration, StoreError};

/// Takes a database from one schema version to the next.
type Step = fn(&Transaction<'_>, &'static [&'static Collection]) -> Result<()>;

/// Step *n* (from 0) takes a database from version *n* to *n* + 1. Steps are added at the end and never changed.
const STEPS: &[Step] = &[claim];

/// The schema version of this program, kept in the file as `user_version`.
pub const SCHEMA_VERSION: u32 = STEPS.len() as u32;

/// Marks a file as this program's ("Clnt").
const APPLICATION_ID: i32 = 0x436C_6E74;

/// Brings the database to [`SCHEMA_VERSION`] in one transaction. Idempotent.
pub(super) fn migrate(
    connection: &mut Connection,
    collections: &'static [&'static Collection],
) -> Result<Migration, MigrateError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(writing)?;
    let found = version(&transaction)?;
    if found > SCHEMA_VERSION {
        return Err(MigrateError::Newer { found, known: SCHEMA_VERSION });
    }
    let bring = || -> Result<()> {
        for step in &STEPS[found as usize..] {
            step(&transaction, collections)?;
        }
        align(&transaction, collections)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)
    };
    bring().map_err(writing)?;
    transaction.commit().map_err(writing)?;
    Ok(Migration { from: found, to: SCHEMA_VERSION })
}

/// The schema version of the database; an error if it is not ours.
fn version(transaction: &Transaction<'_>) -> Result<u32, StoreError> {
    let pragma = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(writing);
    let application_id = pragma("application_id")?;
    let tables: u32 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(writing)?;
    if application_id == APPLICATION_ID || (application_id == 0 && tables == 0) {
        return Ok(pragma("user_version")?.unsigned_abs());
    }
    Err(StoreError::Corrupt(Arc::new(Foreign { application_id })))
}

fn claim(transaction: &Transaction<'_>, _: &'static [&'static Collection]) -> Result<()> {
    transaction.pragma_update(None, "application_id", APPLICATION_ID)
}

/// Makes the tables, columns and indexes that are declared and not there, and drops the indexes that are no longer declared.
fn align(transaction: &Transaction<'_>, collections: &'static [&'static Collection]) -> Result<()> {
    for collection in collections {
        transaction.execute_batch(&schema::create_table(collection))?;
        add_fields(transaction, collection)?;
    }
    let wanted: Vec<Derived> = collections.iter().flat_map(|collection| schema::derived(collection)).collect();
    let mut there = existing(transaction)?;
    let missing: Vec<&Derived> = wanted
        .iter()
        .filter(|derived| {
            let same = there.get(&derived.name).is_some_and(|(_, sql)| *sql == derived.create);
            if same {
                there.remove(&derived.name);
            }
            !same
        })
        .collect();
    // Triggers first: dropping a table of texts below them would leave them dangling.
    let (triggers, others): (Vec<_>, Vec<_>) = there.iter().partition(|(_, (kind, _))| kind == "trigger");
    for (name, (kind, _)) in triggers.into_iter().chain(others) {
        transaction.execute_batch(&format!(r#"DROP {kind} IF EXISTS "{name}""#))?;
    }
    for derived in missing {
        transaction.execute_batch(&derived.create)?;
        transaction.execute_batch(&derived.fill)?;
    }
    Ok(())
}

fn add_fields(transaction: &Transaction<'_>, collection: &Collection) -> Result<()> {
    let there: Vec<String> = transaction
        .prepare("SELECT name FROM pragma_table_xinfo(?1)")?
        .query_map([collection.name], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for field in schema::fields(collection) {
        if !there.iter().any(|name| name == field) {
            transaction.execute_batch(&schema::add_field(collection, field))?;
        }
    }
    Ok(())
}

/// What there is of derived things: kind and SQL by name.
fn existing(transaction: &Transaction<'_>) -> Result<BTreeMap<String, (String, String)>> {
    transaction
        .prepare("SELECT name, type, sql FROM sqlite_schema WHERE name LIKE '%.%' AND sql IS NOT NULL")?
        .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
        .collect()
}
