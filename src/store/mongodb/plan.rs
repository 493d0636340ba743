//! Which index a query goes by.
//!
//! Where one index serves a query so well that no other can do better, the server is told it by name. Where it depends on how
//! values are distributed, the server finds out: it tries the indexes against each other and remembers which did best.

use super::filter::is_about_value;
use super::layout::{ID, LIVE, Layout, NativeIndex, key};
use crate::store::Filter;

/// How the documents are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way<'a> {
    /// By this index.
    By(&'a NativeIndex),
    /// By their ids.
    ByKey,
    /// By whichever of several indexes the server finds best.
    ByOneOf,
}

/// The way to the documents that pass `filters`, in the order of `order` where one is given; `None`: no index leads there.
pub(super) fn choose<'a>(layout: &'a Layout, filters: &[Filter], order: Option<&'static str>) -> Option<Way<'a>> {
    let asked = Asked { layout, filters, order: order.map(key) };
    if asked.on(ID).any(|filter| matches!(filter, Filter::Eq(..) | Filter::In(..))) {
        return Some(Way::ByKey);
    }
    let usable = layout.indexes.iter().filter(|index| asked.is_usable(index));
    let ways: Vec<Use<'_>> = usable.filter_map(|index| asked.use_of(index)).collect();
    if let Some(best) = ways.iter().find(|way| way.settled) {
        return Some(Way::By(best.index));
    }
    if asked.order == Some(ID) && filters.is_empty() {
        return Some(Way::ByKey);
    }
    let by_key = asked.order == Some(ID) || asked.on(ID).next().is_some();
    (by_key || !ways.is_empty()).then_some(Way::ByOneOf)
}

/// The way to all documents that pass `filters`, for a count: there always is one.
pub(super) fn every<'a>(layout: &'a Layout, filters: &[Filter]) -> Way<'a> {
    if filters.is_empty() {
        return Way::ByKey;
    }
    choose(layout, filters, None).unwrap_or(Way::ByOneOf)
}

/// The field of a filter, as the database calls it.
fn field(filter: &Filter) -> Option<&'static str> {
    filter.field().map(key)
}

/// What an index does for a query.
struct Use<'a> {
    index: &'a NativeIndex,
    /// No other index can do better.
    settled: bool,
}

struct Asked<'a> {
    layout: &'a Layout,
    filters: &'a [Filter],
    order: Option<&'static str>,
}

impl Asked<'_> {
    /// Whether the index holds every document that may be meant, where it can be found by what is asked.
    fn is_usable(&self, index: &NativeIndex) -> bool {
        if index.unique {
            return self.filters.contains(&Filter::Live) && self.on(index.keys[0]).any(is_about_value);
        }
        index.keys[0] != LIVE || self.says_whether_live()
    }

    fn says_whether_live(&self) -> bool {
        self.filters.iter().any(|filter| matches!(filter, Filter::Live | Filter::Deleted))
    }

    /// `None`: the index neither narrows down nor orders.
    fn use_of<'a>(&self, index: &'a NativeIndex) -> Option<Use<'a>> {
        let begins_live = index.keys[0] == LIVE;
        let keys = if begins_live { &index.keys[1..] } else { &index.keys[..] };
        let first = keys[0];
        let equal = self.on(first).any(is_equality);
        let then = equal && self.order.is_some() && self.order == keys.get(1).copied();
        // A unique index is over a field of its own.
        let ordered = !index.unique && (self.order == Some(first) || then);
        let narrows = self.on(first).next().is_some() || (begins_live && self.filters.contains(&Filter::Deleted));
        if !ordered && !narrows {
            // Whoever wants all live documents, in no order, may take any index of them.
            let all = begins_live && self.order.is_none() && self.is_only_about(&[]);
            return all.then_some(Use { index, settled: true });
        }
        let few = index.unique && self.on(first).any(|filter| matches!(filter, Filter::Eq(..) | Filter::In(..)));
        let served = ordered || self.order.is_none();
        let exact = self.is_only_about(keys) && (begins_live || index.unique || !self.says_whether_live());
        Some(Use { index, settled: few || (served && exact && self.is_one_text(first)) })
    }

    /// An index over texts of lists serves one condition on them; each further one may be about another text.
    fn is_one_text(&self, first: &str) -> bool {
        !self.layout.lists.contains(first) || self.on(first).count() == 1
    }

    fn on(&self, wanted: &str) -> impl Iterator<Item = &Filter> {
        self.filters.iter().filter(move |filter| field(filter) == Some(wanted))
    }

    fn is_only_about(&self, keys: &[&str]) -> bool {
        self.filters.iter().filter_map(field).all(|field| keys.contains(&field))
    }
}

fn is_equality(filter: &Filter) -> bool {
    matches!(filter, Filter::Eq(..) | Filter::Absent(_))
}
