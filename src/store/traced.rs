//! A store each of whose calls has a span, for a program that exports traces.

use std::sync::Arc;

use async_trait::async_trait;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::{CommitError, Filter, MigrateError, Migration, Query, Store, StoreError, StoreStats, Value, Write};
use crate::actors::supervision::span_in_trace;
use crate::model::document::{Collection, Document};
use crate::model::id::ObjectId;

/// Opens a span for each call that is made within a trace. Spans tell the collection, never what is looked for in it.
#[derive(Debug)]
pub struct TracedStore(Arc<dyn Store>);

impl TracedStore {
    /// Goes around `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }
}

#[async_trait]
impl Store for TracedStore {
    fn has_room(&self) -> Result<(), StoreError> {
        self.0.has_room()
    }

    async fn get(&self, collection: &'static Collection, id: ObjectId) -> Result<Option<Document>, StoreError> {
        traced(span("get", collection), self.0.get(collection, id)).await
    }

    async fn get_many(&self, collection: &'static Collection, ids: Vec<ObjectId>) -> Result<Vec<Document>, StoreError> {
        traced(span("get_many", collection), self.0.get_many(collection, ids)).await
    }

    async fn find(&self, query: Query) -> Result<Vec<Document>, StoreError> {
        traced(span("find", query.collection), self.0.find(query)).await
    }

    async fn count(&self, collection: &'static Collection, filters: Vec<Filter>) -> Result<u64, StoreError> {
        traced(span("count", collection), self.0.count(collection, filters)).await
    }

    async fn group_by(
        &self,
        collection: &'static Collection,
        filters: Vec<Filter>,
        field: &'static str,
        limit: usize,
    ) -> Result<Vec<(Value, u64)>, StoreError> {
        traced(span("group_by", collection), self.0.group_by(collection, filters, field, limit)).await
    }

    async fn histogram(
        &self,
        collection: &'static Collection,
        filters: Vec<Filter>,
        field: &'static str,
        edges: Vec<i64>,
    ) -> Result<Vec<u64>, StoreError> {
        traced(span("histogram", collection), self.0.histogram(collection, filters, field, edges)).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        traced(commit_span(writes.len()), self.0.commit(writes)).await
    }

    async fn migrate(&self) -> Result<Migration, MigrateError> {
        self.0.migrate().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.0.ping().await
    }

    fn memory_used(&self) -> u64 {
        self.0.memory_used()
    }

    fn stats(&self) -> StoreStats {
        self.0.stats()
    }
}

/// Does `call` within its span, which notes that it failed.
async fn traced<T, E>(span: Span, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let outcome = call.instrument(span.clone()).await;
    if outcome.is_err() {
        span.record("otel.status_code", "ERROR");
    }
    outcome
}

fn span(operation: &'static str, collection: &Collection) -> Span {
    span_in_trace(|| {
        tracing::info_span!(
            "store",
            otel.name = format!("store.{operation} {}", collection.name),
            otel.kind = "client",
            otel.status_code = Empty,
            db.operation.name = operation,
            db.collection.name = collection.name,
        )
    })
}

fn commit_span(writes: usize) -> Span {
    span_in_trace(|| {
        tracing::info_span!(
            "store",
            otel.name = "store.commit",
            otel.kind = "client",
            otel.status_code = Empty,
            db.operation.name = "commit",
            db.operation.batch.size = writes,
        )
    })
}
