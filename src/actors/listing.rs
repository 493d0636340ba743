//! Lists by pages: what is asked for and what comes back.

use std::sync::Arc;

use crate::model::document::{Document, Record};
use crate::model::time::Time;
pub use crate::store::Position;
use crate::store::{Filter, Query, Sort, Store, Value};

use super::error::OperationError;

/// Asks for one page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// How many at most: 1 to 100.
    pub limit: usize,
    /// Begin right behind this place; `None`: at the start.
    pub after: Option<Position>,
    /// Also count all that there are.
    pub total: bool,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { limit: 20, after: None, total: false }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it, in order.
    pub items: Vec<T>,
    /// The place of its last item, if there is more behind it.
    pub next: Option<Position>,
    /// How many there are on all pages, if that was asked for.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// The same page with each item turned into another.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(turn).collect(), next: self.next, total: self.total }
    }
}

/// The newest first: how lists are sorted unless they say otherwise.
pub(super) const NEWEST_FIRST: Sort = Sort { field: "createdAt", descending: true };

/// Reads one page of the records that pass the filters, sorted by when they were made.
pub(super) async fn read_page<R: Record>(
    store: &dyn Store,
    filters: Vec<Filter>,
    sort: Sort,
    request: PageRequest,
    created: impl Fn(&R) -> Time,
) -> Result<Page<Arc<R>>, OperationError> {
    read_page_by(store, filters, sort, request, |record| created(record).into()).await
}

/// Reads one page of the records that pass the filters; `place` tells a record's value in the sort field.
pub(super) async fn read_page_by<R: Record>(
    store: &dyn Store,
    filters: Vec<Filter>,
    sort: Sort,
    request: PageRequest,
    place: impl Fn(&R) -> Value,
) -> Result<Page<Arc<R>>, OperationError> {
    store.has_room()?;
    let total = match request.total {
        true => Some(store.count(R::COLLECTION, filters.clone()).await?),
        false => None,
    };
    // One more than asked for tells whether there is another page.
    let limit = request.limit + 1;
    let documents = store.find(Query { collection: R::COLLECTION, filters, sort, after: request.after, limit }).await?;
    let has_more = documents.len() > request.limit;
    let items = documents.iter().take(request.limit).map(Document::parse).collect::<Result<Vec<Arc<R>>, _>>()?;
    let next = items.last().filter(|_| has_more).map(|last| Position { value: place(last), id: last.id() });
    Ok(Page { items, next, total })
}
