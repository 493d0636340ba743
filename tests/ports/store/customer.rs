//! The documents that the suite keeps, with an index of each kind.

use clientele::model::document::{Collection, Document, Index, Record};
use clientele::model::id::ObjectId;
use clientele::store::{Filter, Query, Sort, Store, Value, Write};
use serde::{Deserialize, Serialize};

pub static CUSTOMERS: Collection = Collection {
    name: "customers",
    indexes: &[
        Index::Unique("email"),
        Index::Live("createdAt"),
        Index::Live("name"),
        Index::Live("country"),
        Index::All("createdAt"),
        Index::Compound { field: "status", then: "createdAt" },
        Index::Multi { field: "tags", then: "createdAt" },
    ],
};

pub static EVENTS: Collection = Collection { name: "events", indexes: &[Index::All("customer")] };

/// All that the suite needs.
pub static COLLECTIONS: &[&Collection] = &[&CUSTOMERS, &EVENTS];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    pub id: ObjectId,
    pub version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    pub name: String,
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    pub tags: Vec<String>,
    pub created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<i64>,
}

impl Record for Customer {
    const COLLECTION: &'static Collection = &CUSTOMERS;

    fn id(&self) -> ObjectId {
        self.id
    }

    fn version(&self) -> u64 {
        self.version
    }
}

/// Tells that something happened to a customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub id: ObjectId,
    pub customer: ObjectId,
}

impl Record for Event {
    const COLLECTION: &'static Collection = &EVENTS;

    fn id(&self) -> ObjectId {
        self.id
    }

    fn version(&self) -> u64 {
        1
    }
}

pub fn id(n: usize) -> ObjectId {
    format!("{n:024x}").parse().expect("24 digits")
}

/// A live customer, with everything derived from `n`; made at time `n`.
pub fn customer(n: usize) -> Customer {
    Customer {
        id: id(n),
        version: 1,
        email: Some(format!("{n}@example.com")),
        name: format!("Customer {n}"),
        status: "active".to_owned(),
        country: None,
        tags: Vec::new(),
        created_at: n as i64,
        deleted_at: None,
    }
}

impl Customer {
    /// The next version, changed.
    pub fn changed(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        next.version += 1;
        change(&mut next);
        next
    }

    /// The write that puts this version in the place of the one before.
    pub fn replacing(&self) -> Write {
        Write::replace(self, self.version - 1)
    }
}

pub async fn insert_all(store: &dyn Store, customers: &[Customer]) {
    for chunk in customers.chunks(500) {
        store.commit(chunk.iter().map(Write::insert).collect()).await.expect("nothing stands against it");
    }
}

pub fn parse(documents: &[Document]) -> Vec<Customer> {
    documents.iter().map(|document| document.parse::<Customer>().expect("a customer").as_ref().clone()).collect()
}

pub async fn get(store: &dyn Store, id: ObjectId) -> Option<Customer> {
    let document = store.get(&CUSTOMERS, id).await.expect("the store answers");
    document.map(|document| document.parse::<Customer>().expect("a customer").as_ref().clone())
}

/// All customers that pass the filters, oldest first.
pub async fn find(store: &dyn Store, filters: &[Filter]) -> Vec<Customer> {
    let sort = Sort { field: "createdAt", descending: false };
    let query = Query { collection: &CUSTOMERS, filters: filters.to_vec(), sort, after: None, limit: 10_000 };
    parse(&store.find(query).await.expect("the store answers"))
}

/// The live customers with this value, by their number.
pub async fn live_with(store: &dyn Store, field: &'static str, value: impl Into<Value>) -> Vec<ObjectId> {
    find(store, &[Filter::Live, Filter::Eq(field, value.into())]).await.iter().map(|customer| customer.id).collect()
}
