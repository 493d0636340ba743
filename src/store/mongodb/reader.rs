//! Reads: each is one command to the primary, of what most nodes have.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use mongodb::bson::oid::ObjectId as Oid;
use mongodb::bson::{Bson, Document as BsonDocument, RawDocumentBuf, doc};
use mongodb::options::{CollectionOptions, FindOptions, Hint, ReadConcern};
use mongodb::{Collection as Native, Database};

use super::documents::{ABSENT, document, oid};
use super::error::{Foreign, reading};
use super::filter;
use super::layout::{self, ID, KEY_INDEX, Layouts, TEXT, key};
use super::plan::{self, Way};
use crate::model::document::{Collection, Document};
use crate::model::id::ObjectId;
use crate::store::{Filter, NoIndex, Query, StoreError, Value};

/// Documents in the first message of an answer, so that no list that the port's callers ask for takes two.
const BATCH_MAX: u32 = 10_000;

/// Where reads are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    pub database: &'a Database,
    pub layouts: &'a Layouts,
}

impl Reader<'_> {
    /// A collection. What most nodes have is never rolled back, and the primary shows every commit that was answered.
    pub fn native(&self, collection: &Collection) -> Native<RawDocumentBuf> {
        let options = CollectionOptions::builder().read_concern(ReadConcern::majority()).build();
        self.database.collection_with_options(collection.name, options)
    }

    pub async fn get(&self, collection: &'static Collection, id: ObjectId) -> Result<Option<Document>, StoreError> {
        let found = self.native(collection).find_one(doc! { ID: oid(id) }).projection(text_alone()).await;
        found.map_err(reading)?.map(|stored| document(collection, &stored)).transpose()
    }

    pub async fn get_many(
        &self,
        collection: &'static Collection,
        ids: &[ObjectId],
    ) -> Result<Vec<Document>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<Oid> = ids.iter().map(|id| oid(*id)).collect();
        let native = self.native(collection);
        let found = native.find(doc! { ID: { "$in": &asked } });
        let found = found.projection(doc! { TEXT: 1 }).batch_size(BATCH_MAX).await.map_err(reading)?;
        let found: Vec<RawDocumentBuf> = found.try_collect().await.map_err(reading)?;
        let mut by_id = HashMap::with_capacity(found.len());
        for stored in found {
            let id = stored.get_object_id(ID).map_err(|_| Foreign { collection: collection.name })?;
            by_id.insert(id, document(collection, &stored)?);
        }
        Ok(asked.iter().filter_map(|id| by_id.get(id).cloned()).collect())
    }

    pub async fn find(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        let Find { filter, options } = find(self.layouts, query)?;
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let found = self.native(query.collection).find(filter).with_options(options).await.map_err(reading)?;
        let found: Vec<RawDocumentBuf> = found.try_collect().await.map_err(reading)?;
        found.iter().map(|stored| document(query.collection, stored)).collect()
    }

    pub async fn explain(&self, query: &Query) -> Result<String, StoreError> {
        let Find { filter, options } = find(self.layouts, query)?;
        let mut find = doc! { "find": query.collection.name, "filter": filter };
        let native = |options: &FindOptions| mongodb::bson::serialize_to_document(options);
        find.extend(native(&options).map_err(|error| reading(error.into()))?);
        find.remove("batchSize");
        let plan = self.database.run_command(doc! { "explain": find, "verbosity": "queryPlanner" }).await;
        Ok(plan.map_err(reading)?.to_string())
    }

    pub async fn count(&self, collection: &'static Collection, filters: &[Filter]) -> Result<u64, StoreError> {
        let layout = layout::of(self.layouts, collection)?;
        let way = plan::every(layout, filters);
        let stages = vec![doc! { "$group": { ID: Bson::Null, "count": { "$sum": 1 } } }];
        let counted = self.aggregate(collection, filter::all_of(layout, filters), way, stages).await?;
        Ok(counted.first().map_or(0, |group| whole(group.get("count")).unsigned_abs()))
    }

    pub async fn group_by(
        &self,
        collection: &'static Collection,
        filters: &[Filter],
        field: &'static str,
        limit: usize,
    ) -> Result<Vec<(Value, u64)>, StoreError> {
        let layout = layout::of(self.layouts, collection)?;
        let list = layout.lists.contains(field);
        let way = plan::choose(layout, filters, Some(field)).filter(|_| !list || filters.contains(&Filter::Live));
        let way = way.ok_or(NoIndex { collection: collection.name })?;
        let value = format!("${}", key(field));
        let mut stages = Vec::new();
        if list {
            stages.push(doc! { "$unwind": &value });
        }
        stages.extend([
            doc! { "$group": { ID: &value, "count": { "$sum": 1 } } },
            doc! { "$match": { ID: { "$ne": ABSENT } } },
            doc! { "$sort": { "count": -1, ID: 1 } },
            doc! { "$limit": i64::try_from(limit.max(1)).unwrap_or(i64::MAX) },
        ]);
        let groups = self.aggregate(collection, filter::all_of(layout, filters), way, stages).await?;
        let told = groups.iter().take(limit).map(|group| {
            let value = match group.get(ID) {
                Some(Bson::String(text)) => Value::Text(text.clone()),
                Some(Bson::ObjectId(id)) => Value::Text(id.to_hex()),
                number => Value::Number(whole(number)),
            };
            (value, whole(group.get("count")).unsigned_abs())
        });
        Ok(told.collect())
    }

    pub async fn histogram(
        &self,
        collection: &'static Collection,
        filters: &[Filter],
        field: &'static str,
        edges: &[i64],
    ) -> Result<Vec<u64>, StoreError> {
        let layout = layout::of(self.layouts, collection)?;
        let mut counts = vec![0; edges.len().saturating_sub(1)];
        let way = plan::choose(layout, filters, Some(field)).ok_or(NoIndex { collection: collection.name })?;
        let [first, .., last] = edges else { return Ok(counts) };
        let mut filters = filters.to_vec();
        filters.push(Filter::Range(field, Some((*first).into()), Some((*last).into())));
        let bucket = bucket_of(&format!("${}", key(field)), edges, 0);
        let stages = vec![doc! { "$group": { ID: bucket, "count": { "$sum": 1 } } }];
        let groups = self.aggregate(collection, filter::all_of(layout, &filters), way, stages).await?;
        for group in groups {
            let bucket = usize::try_from(whole(group.get(ID))).ok().and_then(|bucket| counts.get_mut(bucket));
            if let Some(count) = bucket {
                *count = whole(group.get("count")).unsigned_abs();
            }
        }
        Ok(counts)
    }

    /// Runs a pipeline over the documents that pass the filter.
    async fn aggregate(
        &self,
        collection: &'static Collection,
        filter: BsonDocument,
        way: Way<'_>,
        stages: Vec<BsonDocument>,
    ) -> Result<Vec<BsonDocument>, StoreError> {
        let pipeline = std::iter::once(doc! { "$match": filter }).chain(stages);
        let native = self.native(collection);
        let mut aggregate = native.aggregate(pipeline).batch_size(BATCH_MAX);
        if let Some(hint) = hint(way) {
            aggregate = aggregate.hint(hint);
        }
        let found = aggregate.await.map_err(reading)?;
        found.try_collect().await.map_err(reading)
    }
}

/// What the server is asked for a list.
#[derive(Debug)]
pub(super) struct Find {
    pub filter: BsonDocument,
    pub options: FindOptions,
}

/// A query as the server is asked it.
pub(super) fn find(layouts: &Layouts, query: &Query) -> Result<Find, NoIndex> {
    let layout = layout::of(layouts, query.collection)?;
    let way = plan::choose(layout, &query.filters, Some(query.sort.field));
    let way = way.ok_or(NoIndex { collection: query.collection.name })?;
    let field = key(query.sort.field);
    let mut filter = filter::all_of(layout, &query.filters);
    if let Some(position) = &query.after {
        filter = filter::behind(filter, query.sort, position);
    }
    let direction = if query.sort.descending { -1 } else { 1 };
    let mut sort = doc! { field: direction };
    if field != ID {
        sort.insert(ID, direction);
    }
    let options = FindOptions::builder()
        .sort(sort)
        .limit(i64::try_from(query.limit).unwrap_or(i64::MAX))
        .batch_size(u32::try_from(query.limit).unwrap_or(BATCH_MAX).min(BATCH_MAX))
        .projection(text_alone())
        .hint(hint(way))
        .build();
    Ok(Find { filter, options })
}

fn hint(way: Way<'_>) -> Option<Hint> {
    match way {
        Way::By(index) => Some(Hint::Name(index.name.clone())),
        Way::ByKey => Some(Hint::Name(KEY_INDEX.to_owned())),
        Way::ByOneOf => None,
    }
}

fn text_alone() -> BsonDocument {
    doc! { ID: 0, TEXT: 1 }
}

/// The number of the bucket that `value` lies in, found by halving: with a thousand buckets ten comparisons a document.
/// `first` is the number of the bucket that begins at the first edge.
fn bucket_of(value: &str, edges: &[i64], first: usize) -> Bson {
    if edges.len() <= 2 {
        return Bson::Int64(first as i64);
    }
    let middle = edges.len() / 2;
    let below = bucket_of(value, &edges[..=middle], first);
    let above = bucket_of(value, &edges[middle..], first + middle);
    Bson::Document(doc! { "$cond": [{ "$lt": [value, edges[middle]] }, below, above] })
}

fn whole(number: Option<&Bson>) -> i64 {
    match number {
        Some(Bson::Int32(number)) => i64::from(*number),
        Some(Bson::Int64(number)) => *number,
        Some(Bson::Double(number)) => *number as i64,
        _ => 0,
    }
}
