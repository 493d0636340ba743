//! Reads, each on a connection of its thread.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Result, Row, params_from_iter};

use super::access::{self, Access, Reach};
use super::compile::{self, Sql};
use super::connection::{Database, Link};
use super::error::{reading, spoils_connection};
use crate::model::document::{Collection, Document};
use crate::model::id::ObjectId;
use crate::store::{Filter, NoIndex, Query, StoreError, Value};

/// Up to this many documents are sorted rather than looked for one by one in the order's index.
const FEW: usize = 1_000;

/// A reading connection, opened anew after it failed.
#[derive(Debug)]
pub struct Reader {
    database: Database,
    link: Option<Link>,
}

impl Reader {
    pub(super) fn open(database: Database) -> Result<Self> {
        Ok(Self { link: Some(database.reader()?), database })
    }

    /// Runs a read; drops the connection if that turns out to be of no more use.
    pub(super) fn run<R>(&mut self, read: impl FnOnce(&Connection) -> Result<R, StoreError>) -> Result<R, StoreError> {
        let link = match self.link.take() {
            Some(link) => link,
            None => self.database.reader().map_err(reading)?,
        };
        let outcome = read(&link.connection);
        if !outcome.as_ref().err().is_some_and(spoils_connection) {
            self.link = Some(link);
        }
        outcome
    }
}

pub(super) fn get(
    connection: &Connection,
    collection: &'static Collection,
    id: ObjectId,
) -> Result<Option<Document>, StoreError> {
    one(connection, &select_by_id(collection), id).map_err(reading)
}

pub(super) fn get_many(
    connection: &Connection,
    collection: &'static Collection,
    ids: &[ObjectId],
) -> Result<Vec<Document>, StoreError> {
    let sql = select_by_id(collection);
    let all = || -> Result<Vec<_>> {
        let snapshot = connection.unchecked_transaction()?;
        ids.iter().filter_map(|id| one(&snapshot, &sql, *id).transpose()).collect()
    };
    all().map_err(reading)
}

pub(super) fn find(connection: &Connection, query: &Query) -> Result<Vec<Document>, StoreError> {
    let way = choose(connection, query.collection, &query.filters, Some(query.sort.field))?;
    let access = way.ok_or(NoIndex { collection: query.collection.name })?;
    rows(connection, &compile::find(query, &access), document)
}

pub(super) fn count(
    connection: &Connection,
    collection: &'static Collection,
    filters: &[Filter],
) -> Result<u64, StoreError> {
    let way = choose(connection, collection, filters, None)?;
    let access = way.unwrap_or_else(|| access::every(collection, filters));
    number(connection, &compile::count(collection, filters, &access))
}

pub(super) fn group_by(
    connection: &Connection,
    collection: &'static Collection,
    filters: &[Filter],
    field: &'static str,
    limit: usize,
) -> Result<Vec<(Value, u64)>, StoreError> {
    let way = match compile::all_texts(collection, field) {
        Some(texts) => filters.contains(&Filter::Live).then_some(texts),
        None => choose(connection, collection, filters, Some(field))?,
    };
    let way = way.or_else(|| access::together(collection, filters, field));
    let access = way.ok_or(NoIndex { collection: collection.name })?;
    rows(connection, &compile::group_by(collection, filters, field, limit, &access), |row| {
        let value = match row.get_ref(0)? {
            ValueRef::Text(_) => Value::Text(row.get(0)?),
            _ => Value::Number(row.get(0)?),
        };
        Ok((value, row.get::<_, i64>(1)?.unsigned_abs()))
    })
}

pub(super) fn histogram(
    connection: &Connection,
    collection: &'static Collection,
    filters: &[Filter],
    field: &'static str,
    edges: &[i64],
) -> Result<Vec<u64>, StoreError> {
    let snapshot = connection.unchecked_transaction().map_err(reading)?;
    let way = choose(&snapshot, collection, filters, Some(field))?;
    let access = way.ok_or(NoIndex { collection: collection.name })?;
    let mut filters = filters.to_vec();
    edges
        .windows(2)
        .map(|bucket| {
            filters.push(Filter::Range(field, Some(Value::Number(bucket[0])), Some(Value::Number(bucket[1]))));
            let count = number(&snapshot, &compile::count(collection, &filters, &access));
            filters.pop();
            count
        })
        .collect()
}

pub(super) fn ping(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_query_value(None, "user_version", |_| Ok(())).map_err(reading)
}

/// The way that costs least; `None` if no index serves.
///
/// The index of the order serves best if nothing else is asked. Otherwise it may have to pass over many documents that the
/// filters refuse, and one that narrows down serves better, if what it leaves is little enough to sort.
pub(super) fn choose(
    connection: &Connection,
    collection: &'static Collection,
    filters: &[Filter],
    order: Option<&str>,
) -> Result<Option<Access>, StoreError> {
    let mut ways = access::ways(collection, filters, order);
    ways.sort_by_key(|way| (way.reach > Reach::Few, !way.ordered, !way.exact, way.reach));
    let settled = |way: &Access| way.reach == Reach::Few || way.exact && (way.ordered || order.is_none());
    let mut fewest: Option<(usize, Access)> = None;
    if !ways.first().is_none_or(settled) {
        for way in ways.iter().filter(|way| way.by.is_some() && !way.ordered) {
            let bound = fewest.as_ref().map_or(FEW, |(count, _)| *count);
            let count = number(connection, &compile::probe(collection, filters, way, bound))?;
            let count = usize::try_from(count).expect("the probe is bounded");
            if count < bound {
                fewest = Some((count, way.clone()));
            }
        }
    }
    Ok(fewest.map(|(_, way)| way).or_else(|| ways.into_iter().next()))
}

fn select_by_id(collection: &Collection) -> String {
    format!(r#"SELECT json(document) FROM "{}" WHERE id = ?"#, collection.name)
}

fn one(connection: &Connection, sql: &str, id: ObjectId) -> Result<Option<Document>> {
    connection.prepare_cached(sql)?.query_row([id.to_string()], document).optional()
}

fn document(row: &Row<'_>) -> Result<Document> {
    row.get::<_, String>(0).map(Document::from_json)
}

fn number(connection: &Connection, sql: &Sql) -> Result<u64, StoreError> {
    let count = || connection.prepare_cached(&sql.text)?.query_row(params_from_iter(&sql.binds), |row| row.get(0));
    count().map(i64::unsigned_abs).map_err(reading)
}

fn rows<T>(connection: &Connection, sql: &Sql, map: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>, StoreError> {
    let all =
        || connection.prepare_cached(&sql.text)?.query_map(params_from_iter(&sql.binds), map)?.collect::<Result<_>>();
    all().map_err(reading)
}
