//! The store's promise, done naively: a list of customers, walked through for every question.

use std::collections::BTreeMap;

use clientele::model::document::Document;
use clientele::model::id::ObjectId;
use clientele::store::{Conflict, Filter, Query, Value, Write};
use serde_json::Value as Json;

use super::customer::Customer;

/// Customers by id.
#[derive(Clone, Debug, Default)]
pub struct Model(pub BTreeMap<ObjectId, Customer>);

impl Model {
    /// Applies all writes, or none and tells the first conflict.
    pub fn commit(&mut self, writes: &[Write]) -> Result<(), (usize, Conflict)> {
        let mut next = self.clone();
        for (index, write) in writes.iter().enumerate() {
            next.apply(write).map_err(|conflict| (index, conflict))?;
        }
        *self = next;
        Ok(())
    }

    fn apply(&mut self, write: &Write) -> Result<(), Conflict> {
        let (_, id) = write.target();
        let there = self.0.get(&id).map(|customer| customer.version);
        let document = match (write, there) {
            (Write::Insert { .. }, Some(_)) => return Err(Conflict::Duplicate("id")),
            (Write::Replace { .. } | Write::Delete { expected: Some(_), .. }, None) => return Err(Conflict::Missing),
            (Write::Replace { expected, .. } | Write::Delete { expected: Some(expected), .. }, Some(version))
                if *expected != version =>
            {
                return Err(Conflict::Version);
            }
            (Write::Delete { .. }, _) => {
                self.0.remove(&id);
                return Ok(());
            }
            (Write::Insert { document, .. } | Write::Replace { document, .. }, _) => document,
        };
        let customer = parse(document);
        let clash = |other: &Customer| other.id != id && other.deleted_at.is_none() && other.email == customer.email;
        if customer.deleted_at.is_none() && customer.email.is_some() && self.0.values().any(clash) {
            return Err(Conflict::Duplicate("email"));
        }
        self.0.insert(id, customer);
        Ok(())
    }

    pub fn find(&self, query: &Query) -> Vec<Customer> {
        let key = |customer: &Customer| {
            (values(customer, query.sort.field).pop().expect("each has the sort field"), customer.id)
        };
        let mut found = self.matching(&query.filters);
        found.sort_by_key(key);
        if query.sort.descending {
            found.reverse();
        }
        if let Some(after) = &query.after {
            let place = (after.value.clone(), after.id);
            found.retain(|customer| if query.sort.descending { key(customer) < place } else { key(customer) > place });
        }
        found.truncate(query.limit);
        found
    }

    pub fn matching(&self, filters: &[Filter]) -> Vec<Customer> {
        self.0.values().filter(|customer| filters.iter().all(|filter| holds(customer, filter))).cloned().collect()
    }

    pub fn group_by(&self, filters: &[Filter], field: &str, limit: usize) -> Vec<(Value, u64)> {
        let mut counts = BTreeMap::<Value, u64>::new();
        for customer in self.matching(filters) {
            for value in values(&customer, field) {
                *counts.entry(value).or_default() += 1;
            }
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        // Stable: equal counts stay ordered by value.
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts.truncate(limit);
        counts
    }

    pub fn histogram(&self, filters: &[Filter], field: &'static str, edges: &[i64]) -> Vec<u64> {
        let within = |bucket: &[i64]| {
            let range = Filter::Range(field, Some(bucket[0].into()), Some(bucket[1].into()));
            self.matching(filters).iter().filter(|customer| holds(customer, &range)).count() as u64
        };
        edges.windows(2).map(within).collect()
    }
}

pub fn parse(document: &Document) -> Customer {
    document.parse::<Customer>().expect("a customer").as_ref().clone()
}

fn holds(customer: &Customer, filter: &Filter) -> bool {
    let any = |field: &str, test: &dyn Fn(&Value) -> bool| values(customer, field).iter().any(test);
    match filter {
        Filter::Live => customer.deleted_at.is_none(),
        Filter::Deleted => customer.deleted_at.is_some(),
        Filter::Eq(field, wanted) => any(field, &|value| value == wanted),
        Filter::In(field, wanted) => any(field, &|value| wanted.contains(value)),
        Filter::Range(field, from, to) => any(field, &|value| {
            from.as_ref().is_none_or(|from| from <= value) && to.as_ref().is_none_or(|to| value < to)
        }),
        Filter::Prefix(field, prefix) => {
            any(field, &|value| matches!(value, Value::Text(text) if text.starts_with(prefix.as_str())))
        }
        Filter::Absent(field) => values(customer, field).is_empty(),
    }
}

/// The field's values: none if it is absent, each text once if it is a list.
fn values(customer: &Customer, field: &str) -> Vec<Value> {
    let document = serde_json::to_value(customer).expect("customers are JSON");
    let mut values: Vec<Value> = match document.get(field) {
        None => Vec::new(),
        Some(Json::Array(list)) => list.iter().map(value).collect(),
        Some(json) => vec![value(json)],
    };
    values.sort();
    values.dedup();
    values
}

fn value(json: &Json) -> Value {
    serde_json::from_value(json.clone()).expect("a text or a whole number")
}
