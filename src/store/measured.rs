//! A store that measures the one behind it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use async_trait::async_trait;
use tokio::time::Instant;

use super::{CommitError, Filter, MigrateError, Migration, Query, Store, StoreError, StoreStats, Value, Write};
use crate::actors::supervision::{Distribution, Histogram};
use crate::model::document::{Collection, Document};
use crate::model::id::ObjectId;

/// What a store is asked to do.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Get,
    GetMany,
    Find,
    Count,
    GroupBy,
    Histogram,
    Commit,
}

/// How the operations are told, in the order of [`Operation`].
const OPERATIONS: [&str; 7] = ["get", "get_many", "find", "count", "group_by", "histogram", "commit"];

/// How an operation ended.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Ok,
    Conflict,
    Overloaded,
    Unreachable,
    TimedOut,
    Crashed,
    Failed,
}

/// How the outcomes are told, in the order of [`Outcome`].
const OUTCOMES: [&str; 7] = ["ok", "conflict", "overloaded", "unreachable", "timed_out", "crashed", "failed"];

/// Counts what another store is asked to do, how it ends and how long it takes. What is given up by its asker is not counted.
#[derive(Debug)]
pub struct MeasuredStore {
    store: Arc<dyn Store>,
    figures: [Figures; OPERATIONS.len()],
}

#[derive(Debug, Default)]
struct Figures {
    outcomes: [AtomicU64; OUTCOMES.len()],
    duration: Histogram,
}

/// What was done of one kind.
#[derive(Clone, Debug)]
pub struct OperationStats {
    /// The kind: the name of a method of [`Store`].
    pub operation: &'static str,
    /// How often it ended how: `ok`, `conflict`, `overloaded`, `unreachable`, `timed_out`, `crashed`, `failed`.
    pub outcomes: [(&'static str, u64); OUTCOMES.len()],
    /// How long it took, the wait in queues included.
    pub duration: Distribution,
}

impl MeasuredStore {
    /// Measures `store` from now on.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, figures: Default::default() }
    }

    /// What was done so far, one for each kind of operation.
    pub fn operations(&self) -> Vec<OperationStats> {
        let told = |(operation, figures): (&&'static str, &Figures)| OperationStats {
            operation,
            outcomes: std::array::from_fn(|outcome| (OUTCOMES[outcome], figures.outcomes[outcome].load(Relaxed))),
            duration: figures.duration.distribution(),
        };
        OPERATIONS.iter().zip(&self.figures).map(told).collect()
    }

    async fn measured<T, E>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E>
    where
        for<'e> Outcome: From<&'e E>,
    {
        let begun = Instant::now();
        let done = work.await;
        let figures = &self.figures[operation as usize];
        figures.duration.record(begun.elapsed());
        let outcome = done.as_ref().err().map_or(Outcome::Ok, Outcome::from);
        figures.outcomes[outcome as usize].fetch_add(1, Relaxed);
        done
    }
}

impl From<&StoreError> for Outcome {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Overloaded { .. } => Outcome::Overloaded,
            StoreError::Crashed(_) => Outcome::Crashed,
            StoreError::Unreachable(_) => Outcome::Unreachable,
            StoreError::TimedOut => Outcome::TimedOut,
            StoreError::Query(_) | StoreError::Transaction(_) | StoreError::Corrupt(_) => Outcome::Failed,
        }
    }
}

impl From<&CommitError> for Outcome {
    fn from(error: &CommitError) -> Self {
        match error {
            CommitError::Conflict { .. } => Outcome::Conflict,
            CommitError::Store(error) => error.into(),
        }
    }
}

#[async_trait]
impl Store for MeasuredStore {
    fn has_room(&self) -> Result<(), StoreError> {
        self.store.has_room()
    }

    async fn get(&self, collection: &'static Collection, id: ObjectId) -> Result<Option<Document>, StoreError> {
        self.measured(Operation::Get, self.store.get(collection, id)).await
    }

    async fn get_many(&self, collection: &'static Collection, ids: Vec<ObjectId>) -> Result<Vec<Document>, StoreError> {
        self.measured(Operation::GetMany, self.store.get_many(collection, ids)).await
    }

    async fn find(&self, query: Query) -> Result<Vec<Document>, StoreError> {
        self.measured(Operation::Find, self.store.find(query)).await
    }

    async fn count(&self, collection: &'static Collection, filters: Vec<Filter>) -> Result<u64, StoreError> {
        self.measured(Operation::Count, self.store.count(collection, filters)).await
    }

    async fn group_by(
        &self,
        collection: &'static Collection,
        filters: Vec<Filter>,
        field: &'static str,
        limit: usize,
    ) -> Result<Vec<(Value, u64)>, StoreError> {
        self.measured(Operation::GroupBy, self.store.group_by(collection, filters, field, limit)).await
    }

    async fn histogram(
        &self,
        collection: &'static Collection,
        filters: Vec<Filter>,
        field: &'static str,
        edges: Vec<i64>,
    ) -> Result<Vec<u64>, StoreError> {
        self.measured(Operation::Histogram, self.store.histogram(collection, filters, field, edges)).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        self.measured(Operation::Commit, self.store.commit(writes)).await
    }

    async fn migrate(&self) -> Result<Migration, MigrateError> {
        self.store.migrate().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }

    fn memory_used(&self) -> u64 {
        self.store.memory_used()
    }

    fn stats(&self) -> StoreStats {
        self.store.stats()
    }
}
