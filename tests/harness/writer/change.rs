//! What a writer knows, and how it may change that.

use std::collections::BTreeSet;

/// A customer as its writer last knew it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) company: Option<String>,
    pub(super) version: u64,
    pub(super) deleted: bool,
    pub(super) groups: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: u64,
}

/// A change that leaves one event. Customers and groups are told by their place in the writer's lists.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Create { name: String, email: String },
    Rename { customer: usize, name: String },
    Employ { customer: usize, company: String },
    Delete { customer: usize },
    Found { name: String },
    Add { group: usize, customers: Vec<usize> },
    Remove { group: usize, customers: Vec<usize> },
}
