//! Brings a database to this program's version, and its indexes in line with the collections' declarations.
//!
//! Several nodes may do so at once: each step is one that may be done twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use mongodb::bson::{Document as BsonDocument, RawDocumentBuf, doc};
use mongodb::options::{CollectionOptions, ReadConcern, ReplaceOneModel, WriteModel};
use mongodb::{Collection as Native, Database, Namespace};

use super::documents::{document, stored};
use super::error::{DUPLICATE_KEY, Foreign, INDEX_NOT_FOUND, NAMESPACE_EXISTS, code, reading, writing};
use super::layout::{self, ID, KEY_INDEX, Layout, Layouts, VERSION, is_ours};
use crate::model::document::Collection;
use crate::store::{MigrateError, Migration, StoreError};

/// The schema version of this program, kept in the database.
pub const SCHEMA_VERSION: u32 = 1;

/// The collection of the one document that tells the schema version, and what is kept of each collection's documents.
const SCHEMA: &str = "clientele_schema";
const SCHEMA_ID: &str = "schema";
const KEPT: &str = "kept";
/// Documents that are kept anew in one command.
const BATCH: usize = 500;
/// How long a step may take that does not read every document.
const STEP: Duration = Duration::from_secs(10);

/// A database to migrate.
pub(super) struct Migrator<'a> {
    pub database: &'a Database,
    pub layouts: &'a Layouts,
    pub collections: &'static [&'static Collection],
}

impl Migrator<'_> {
    /// Brings the database to [`SCHEMA_VERSION`].
    pub async fn run(&self) -> Result<Migration, MigrateError> {
        let schema = match self.schema().await? {
            Some(schema) => Some(schema),
            None => self.schema_of_empty().await?,
        };
        let found = schema.as_ref().map_or(0, version);
        if found > SCHEMA_VERSION {
            return Err(MigrateError::Newer { found, known: SCHEMA_VERSION });
        }
        for collection in self.collections {
            let layout = layout::of(self.layouts, collection).map_err(StoreError::from)?;
            self.create(collection).await?;
            let kept =
                schema.as_ref().and_then(|schema| schema.get_document(KEPT).ok()?.get_array(collection.name).ok());
            let kept: Option<Vec<&str>> = kept.map(|fields| fields.iter().filter_map(|field| field.as_str()).collect());
            if kept.is_some_and(|kept| kept != layout.kept()) {
                // First: a new unique index needs it.
                self.keep_anew(collection, layout).await?;
            }
            self.align(collection, layout).await?;
        }
        self.mark().await?;
        Ok(Migration { from: found, to: SCHEMA_VERSION })
    }

    async fn schema(&self) -> Result<Option<BsonDocument>, StoreError> {
        let options = CollectionOptions::builder().read_concern(ReadConcern::majority()).build();
        let schema: Native<BsonDocument> = self.database.collection_with_options(SCHEMA, options);
        step(async { schema.find_one(doc! { ID: SCHEMA_ID }).await }).await?.map_err(reading)
    }

    /// Sees that a database without a schema holds nothing, which would be another program's. If another node has just made
    /// the schema, its.
    async fn schema_of_empty(&self) -> Result<Option<BsonDocument>, StoreError> {
        for collection in self.collections {
            let native: Native<BsonDocument> = self.database.collection(collection.name);
            if step(async { native.find_one(doc! {}).await }).await?.map_err(reading)?.is_none() {
                continue;
            }
            let schema = self.schema().await?;
            return schema.map(Some).ok_or_else(|| Foreign { collection: collection.name }.into());
        }
        Ok(None)
    }

    /// Made beforehand: the first write of a transaction would make it and meet others that do.
    async fn create(&self, collection: &Collection) -> Result<(), StoreError> {
        let created = step(async { self.database.create_collection(collection.name).await }).await?;
        created.or_else(|error| unless(error, NAMESPACE_EXISTS))
    }

    /// Makes the indexes that are declared and not there, and drops those that are no longer declared.
    async fn align(&self, collection: &Collection, layout: &Layout) -> Result<(), StoreError> {
        let native: Native<BsonDocument> = self.database.collection(collection.name);
        let listed = step(async { native.list_indexes().await?.try_collect::<Vec<_>>().await }).await?;
        let mut there: BTreeMap<String, BsonDocument> = BTreeMap::new();
        for index in listed.map_err(reading)? {
            let name = index.options.as_ref().and_then(|options| options.name.clone()).unwrap_or_default();
            there.insert(name, definition(&index));
        }
        let mut missing = Vec::new();
        for index in &layout.indexes {
            let wanted = index.model();
            match there.remove(&index.name) {
                Some(found) if found == definition(&wanted) => {}
                Some(_) => {
                    self.drop_index(&native, &index.name).await?;
                    missing.push(wanted);
                }
                None => missing.push(wanted),
            }
        }
        for name in there.keys().filter(|name| *name != KEY_INDEX && is_ours(name)) {
            self.drop_index(&native, name).await?;
        }
        if !missing.is_empty() {
            // Takes as long as there are documents.
            native.create_indexes(missing).await.map_err(writing)?;
        }
        Ok(())
    }

    async fn drop_index(&self, native: &Native<BsonDocument>, name: &str) -> Result<(), StoreError> {
        step(async { native.drop_index(name).await }).await?.or_else(|error| unless(error, INDEX_NOT_FOUND))
    }

    /// Keeps what the indexes need of each document. One that is changed meanwhile is kept by who changes it.
    async fn keep_anew(&self, collection: &'static Collection, layout: &Layout) -> Result<(), StoreError> {
        let native: Native<RawDocumentBuf> = self.database.collection(collection.name);
        let mut last = None;
        loop {
            let filter = last.map_or_else(|| doc! {}, |last| doc! { ID: { "$gt": last } });
            let page = async {
                let page = native.find(filter).sort(doc! { ID: 1 }).limit(BATCH as i64);
                page.batch_size(BATCH as u32).await?.try_collect::<Vec<_>>().await
            };
            let page = step(page).await?.map_err(reading)?;
            let models: Result<Vec<WriteModel>, StoreError> =
                page.iter().map(|there| self.kept_anew(collection, layout, there)).collect();
            let Some(end) = page.last().and_then(|there| there.get_object_id(ID).ok()) else { return Ok(()) };
            let models = models?;
            step(async { self.database.client().bulk_write(models).await }).await?.map_err(writing)?;
            last = Some(end);
        }
    }

    fn kept_anew(
        &self,
        collection: &'static Collection,
        layout: &Layout,
        there: &RawDocumentBuf,
    ) -> Result<WriteModel, StoreError> {
        let foreign = |_| Foreign { collection: collection.name };
        let id = there.get_object_id(ID).map_err(foreign)?;
        let version = there.get_i64(VERSION).map_err(foreign)?;
        let text = document(collection, there)?;
        let id_of_ours = crate::model::id::ObjectId::from_bytes(id.bytes());
        let replacement = stored(layout, collection, id_of_ours, version.unsigned_abs(), &text)?;
        let namespace = Namespace::new(self.database.name(), collection.name);
        let filter = doc! { ID: id, VERSION: version };
        Ok(ReplaceOneModel::builder().namespace(namespace).filter(filter).replacement(replacement).build().into())
    }

    /// Writes down the version, unless a newer program has just written down its own.
    async fn mark(&self) -> Result<(), MigrateError> {
        let schema: Native<BsonDocument> = self.database.collection(SCHEMA);
        let kept: BsonDocument =
            self.layouts.iter().map(|(name, layout)| ((*name).to_owned(), layout.kept().into())).collect();
        let change = doc! { "$set": { KEPT: kept }, "$max": { VERSION: i64::from(SCHEMA_VERSION) } };
        let mark = || step(async { schema.update_one(doc! { ID: SCHEMA_ID }, change.clone()).upsert(true).await });
        let mut marked = mark().await?;
        // Two that make it at once: one is refused, and finds it made.
        if marked.as_ref().is_err_and(|error| code(error) == Some(DUPLICATE_KEY)) {
            marked = mark().await?;
        }
        marked.map_err(writing)?;
        Ok(())
    }
}

/// Does a step that must not take long.
async fn step<T>(work: impl Future<Output = T>) -> Result<T, StoreError> {
    tokio::time::timeout(STEP, work).await.map_err(|_| StoreError::TimedOut)
}

fn unless(error: mongodb::error::Error, harmless: i32) -> Result<(), StoreError> {
    if code(&error) == Some(harmless) { Ok(()) } else { Err(writing(error)) }
}

fn version(schema: &BsonDocument) -> u32 {
    schema.get_i64(VERSION).ok().and_then(|version| u32::try_from(version).ok()).unwrap_or(0)
}

/// What makes two indexes of the same name differ.
fn definition(index: &mongodb::IndexModel) -> BsonDocument {
    let keys: BsonDocument = index.keys.keys().map(|key| (key.clone(), 1.into())).collect();
    let options = index.options.as_ref();
    let unique = options.and_then(|options| options.unique).unwrap_or(false);
    let sparse = options.and_then(|options| options.sparse).unwrap_or(false);
    doc! { "keys": keys, "unique": unique, "sparse": sparse }
}

/// The store is another program's.
impl From<Foreign> for MigrateError {
    fn from(error: Foreign) -> Self {
        Self::Store(StoreError::Corrupt(Arc::new(error)))
    }
}
