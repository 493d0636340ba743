//! Which index a query goes by.
//!
//! SQLite is told the index by name (`INDEXED BY`): it knows nothing of how values are distributed, and a list must never
//! be sorted as a whole to show its first page.

use super::schema;
use crate::model::document::{Collection, Index};
use crate::store::Filter;

/// A way to the documents.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Access {
    pub source: Source,
    /// How well it narrows down what is walked through.
    pub reach: Reach,
    /// Which of the filters narrows it.
    pub by: Option<usize>,
    /// The documents come in the order asked for.
    pub ordered: bool,
    /// The index says everything that the filters ask: no document is passed over.
    pub exact: bool,
}

/// What is walked through.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source {
    /// An index of the collection's table.
    Index {
        name: String,
        /// No two of its documents share a value, so that the value alone orders them.
        unique: bool,
    },
    /// The table of a multi-value field, at the rows that pass the filter `by`, or all rows if there is none.
    Texts {
        table: String,
        /// The field that `sort` holds.
        then: &'static str,
        /// A document may have more than one such row.
        repeats: bool,
    },
}

/// From the narrowest to the widest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// A handful of documents at most: those with a unique value, or with given ids.
    Few,
    /// The documents with one value.
    Value,
    /// Those with one of several.
    Values,
    /// Those that begin alike.
    Prefix,
    /// Those between two bounds, or all that were deleted.
    Range,
    /// All.
    All,
}

/// The ways by which documents can be found that pass `filters`, in the order of field `order` where one is given.
/// Each narrows them down or orders them.
pub(super) fn ways(collection: &'static Collection, filters: &[Filter], order: Option<&str>) -> Vec<Access> {
    let asked = Asked { collection, filters, order };
    let declared = collection.indexes.iter().flat_map(|index| asked.by_declared(index));
    declared.chain(asked.by_key()).chain(asked.by_deleted()).collect()
}

/// The way that walks through every document that could be meant.
pub(super) fn every(collection: &'static Collection, filters: &[Filter]) -> Access {
    let live = filters.contains(&Filter::Live);
    let index = collection.indexes.iter().find_map(|index| match index {
        Index::Live(field) if live => Some(schema::live_index(collection, field)),
        _ => None,
    });
    let name = index.unwrap_or_else(|| schema::key_index(collection));
    Access { source: plain(name), reach: Reach::All, by: None, ordered: false, exact: false }
}

/// The way that brings together the live documents with the same value of `field`, where no index is over that field alone.
pub(super) fn together(collection: &'static Collection, filters: &[Filter], field: &str) -> Option<Access> {
    let name = collection.indexes.iter().find_map(|index| match index {
        Index::Compound { field: first, then } if *first == field => {
            Some(schema::compound_index(collection, field, then))
        }
        _ => None,
    })?;
    let live = filters.contains(&Filter::Live);
    live.then(|| Access { source: plain(name), reach: Reach::All, by: None, ordered: false, exact: false })
}

fn reach(filter: &Filter) -> Reach {
    match filter {
        Filter::Eq(..) | Filter::Absent(_) => Reach::Value,
        Filter::In(..) => Reach::Values,
        Filter::Prefix(..) => Reach::Prefix,
        Filter::Range(..) | Filter::Deleted => Reach::Range,
        Filter::Live => Reach::All,
    }
}

struct Asked<'a> {
    collection: &'static Collection,
    filters: &'a [Filter],
    order: Option<&'a str>,
}

impl Asked<'_> {
    fn by_declared(&self, index: &'static Index) -> Vec<Access> {
        let collection = self.collection;
        if !matches!(index, Index::All(_)) && !self.filters.contains(&Filter::Live) {
            return Vec::new();
        }
        match index {
            Index::Unique(field) => {
                let source = Source::Index { name: schema::unique_index(collection, field), unique: true };
                self.by_field(source, field).map(|way| self.few(way)).into_iter().collect()
            }
            Index::Live(field) => {
                self.by_field(plain(schema::live_index(collection, field)), field).into_iter().collect()
            }
            Index::All(field) => {
                let way = self.by_field(plain(schema::all_index(collection, field)), field);
                way.map(|way| self.with_deleted(way)).into_iter().collect()
            }
            Index::Compound { field, then } => {
                let source = plain(schema::compound_index(collection, field, then));
                self.on(field).map(|by| self.by_two(source.clone(), by, field, then)).collect()
            }
            Index::Multi { field, then } => self.on(field).map(|by| self.by_texts(by, field, then)).collect(),
        }
    }

    /// An index over one field.
    fn by_field(&self, source: Source, field: &'static str) -> Option<Access> {
        let ordered = self.order == Some(field);
        let by = self.on(field).min_by_key(|by| reach(&self.filters[*by]));
        if by.is_none() && !ordered {
            return None;
        }
        let reach = by.map_or(Reach::All, |by| reach(&self.filters[by]));
        Some(Access { source, reach, by, ordered, exact: self.only_about(&[field]) })
    }

    /// An index over `field` and `then`, at the place that the filter `by` on the first shows.
    fn by_two(&self, source: Source, by: usize, field: &str, then: &str) -> Access {
        let ordered = self.is_equality(by) && self.order == Some(then);
        let exact = self.only_about(&[field, then]);
        Access { source, reach: reach(&self.filters[by]), by: Some(by), ordered, exact }
    }

    /// The table of the texts of `field`, or the index of the documents without any.
    fn by_texts(&self, by: usize, field: &'static str, then: &'static str) -> Access {
        if matches!(self.filters[by], Filter::Absent(_)) {
            return self.by_two(plain(schema::absent_index(self.collection, field, then)), by, field, then);
        }
        let table = schema::texts_table(self.collection, field, then);
        let repeats = !self.is_equality(by);
        let mut way = self.by_two(Source::Texts { table, then, repeats }, by, field, then);
        way.exact &= self.on(field).count() == 1;
        way
    }

    fn by_key(&self) -> Option<Access> {
        let way = self.by_field(plain(schema::key_index(self.collection)), "id")?;
        Some(self.few(self.with_deleted(way)))
    }

    fn by_deleted(&self) -> Option<Access> {
        let by = self.filters.iter().position(|filter| *filter == Filter::Deleted)?;
        let ordered = self.order == Some(schema::DELETED_AT);
        let source = plain(schema::deleted_index(self.collection));
        Some(Access {
            source,
            reach: Reach::Range,
            by: Some(by),
            ordered,
            exact: self.only_about(&[schema::DELETED_AT]),
        })
    }

    /// An index of values that no two documents share.
    fn few(&self, mut way: Access) -> Access {
        if way.by.is_some_and(|by| matches!(self.filters[by], Filter::Eq(..) | Filter::In(..))) {
            way.reach = Reach::Few;
        }
        way
    }

    /// An index that holds live and deleted documents.
    fn with_deleted(&self, mut way: Access) -> Access {
        way.exact &= !self.filters.iter().any(|filter| matches!(filter, Filter::Live | Filter::Deleted));
        way
    }

    /// The filters on a field.
    fn on(&self, wanted: &'static str) -> impl Iterator<Item = usize> {
        self.filters.iter().enumerate().filter(move |(_, filter)| filter.field() == Some(wanted)).map(|(at, _)| at)
    }

    fn only_about(&self, fields: &[&str]) -> bool {
        self.filters.iter().filter_map(Filter::field).all(|field| fields.contains(&field))
    }

    fn is_equality(&self, by: usize) -> bool {
        matches!(self.filters[by], Filter::Eq(..) | Filter::Absent(_))
    }
}

fn plain(name: String) -> Source {
    Source::Index { name, unique: false }
}
