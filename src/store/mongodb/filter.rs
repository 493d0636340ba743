//! Filters and places in lists as the server's query language has them.

use mongodb::bson::oid::ObjectId as Oid;
use mongodb::bson::{Bson, Document, doc};

use super::documents::{ABSENT, bson, oid};
use super::layout::{ID, LIVE, Layout, key, unique_key};
use crate::model::id::ObjectId;
use crate::store::query::end_of_prefix;
use crate::store::{Filter, Position, Sort, Value};

/// The condition that all filters hold.
pub(super) fn all_of(layout: &Layout, filters: &[Filter]) -> Document {
    let mut conditions = Conditions::default();
    let live = filters.contains(&Filter::Live);
    for filter in filters {
        conditions.add(condition(layout, filter, live));
    }
    conditions.finish()
}

/// The condition that all of `filter` holds and that a document lies behind a place.
///
/// The bound on the sort field lets the server begin at the place; it then passes over the documents that share its value.
pub(super) fn behind(filter: Document, sort: Sort, position: &Position) -> Document {
    let (beyond, from) = if sort.descending { ("$lt", "$lte") } else { ("$gt", "$gte") };
    let mut conditions = Conditions(filter, Vec::new());
    let field = key(sort.field);
    let value = bson(&position.value);
    if field == ID {
        conditions.add(doc! { ID: { beyond: oid(position.id) } });
    } else {
        conditions.add(doc! { field: { from: value.clone() } });
        conditions.add(doc! { "$or": [{ field: { beyond: value } }, { ID: { beyond: oid(position.id) } }] });
    }
    conditions.finish()
}

/// Conditions that all hold: a document as long as each is on a field of its own.
#[derive(Default)]
struct Conditions(Document, Vec<Document>);

impl Conditions {
    fn add(&mut self, condition: Document) {
        for (field, test) in condition {
            match self.0.get(&field) {
                None => drop(self.0.insert(field, test)),
                Some(same) if *same == test => {}
                Some(_) => self.1.push(doc! { field: test }),
            }
        }
    }

    fn finish(mut self) -> Document {
        if let Ok(earlier) = self.0.get_array("$and") {
            self.1.extend(earlier.iter().filter_map(Bson::as_document).cloned());
        }
        if !self.1.is_empty() {
            self.0.insert("$and", self.1);
        }
        self.0
    }
}

fn condition(layout: &Layout, filter: &Filter, live: bool) -> Document {
    let test = match filter {
        Filter::Live => return doc! { LIVE: true },
        Filter::Deleted => return doc! { LIVE: false },
        Filter::Eq("id", value) => doc! { "$in": ids(std::slice::from_ref(value)) },
        Filter::In("id", values) => doc! { "$in": ids(values) },
        Filter::Range("id", from, to) => id_range(from.as_ref(), to.as_ref()),
        Filter::Prefix("id", prefix) => id_range(Some(&prefix.as_str().into()), end_of_prefix(prefix).as_ref()),
        Filter::Eq(_, value) => doc! { "$eq": bson(value) },
        Filter::In(_, values) => doc! { "$in": values.iter().map(bson).collect::<Vec<_>>() },
        Filter::Range(_, from, to) => range(from.as_ref().map(bson), to.as_ref().map(bson)),
        Filter::Prefix(_, prefix) => {
            range(Some(Bson::String(prefix.clone())), end_of_prefix(prefix).as_ref().map(bson))
        }
        Filter::Absent(_) => doc! { "$eq": ABSENT },
    };
    let field = key(filter.field().expect("the filters without a field are answered above"));
    // Both bounds hold for the same text of a list.
    let spans = matches!(filter, Filter::Range(..) | Filter::Prefix(..));
    let list = spans && layout.lists.contains(field);
    let test = if list {
        doc! { "$elemMatch": test }
    } else {
        test
    };
    if live && layout.unique.contains(field) && is_about_value(filter) {
        return doc! { unique_key(field): test };
    }
    doc! { field: test }
}

/// Whether the filter asks for values, which a sparse index can answer.
pub(super) fn is_about_value(filter: &Filter) -> bool {
    !matches!(filter, Filter::Absent(_) | Filter::Range(_, None, None))
}

fn range(from: Option<Bson>, to: Option<Bson>) -> Document {
    if from.is_none() && to.is_none() {
        return doc! { "$nin": [ABSENT] };
    }
    let sides = [("$gte", from), ("$lt", to)];
    sides.into_iter().filter_map(|(side, bound)| Some((side.to_owned(), bound?))).collect()
}

/// The ids among the values; what is none is no document's.
fn ids(values: &[Value]) -> Vec<Oid> {
    let ids = values.iter().filter_map(|value| match value {
        Value::Text(text) => text.parse::<ObjectId>().ok().map(oid),
        Value::Number(_) => None,
    });
    ids.collect()
}

/// The range of ids whose texts lie between two texts.
fn id_range(from: Option<&Value>, to: Option<&Value>) -> Document {
    let bound = |value: &Value| match value {
        // Numbers come before all texts.
        Value::Number(_) => Some(Oid::from_bytes([0; 12])),
        Value::Text(text) => first_id_from(text),
    };
    let mut sides = Document::new();
    match from.map(bound) {
        Some(Some(from)) => drop(sides.insert("$gte", from)),
        Some(None) => return doc! { "$in": [] },
        None => {}
    }
    // Where no id lies behind the end, all lie before it.
    if let Some(to) = to.and_then(bound) {
        sides.insert("$lt", to);
    }
    if sides.is_empty() {
        doc! { "$exists": true }
    } else {
        sides
    }
}

/// The first id whose text is not before `text`; `None` if all are.
fn first_id_from(text: &str) -> Option<Oid> {
    let mut digits = String::with_capacity(24);
    let mut rest = text.chars();
    while digits.len() < 24 {
        match rest.next() {
            Some(digit @ ('0'..='9' | 'a'..='f')) => digits.push(digit),
            Some('g'..) => return next_digits(digits).map(pad),
            // Between the digits and the letters.
            Some(':'..'a') => {
                digits.push('a');
                return Some(pad(digits));
            }
            Some(_) | None => return Some(pad(digits)),
        }
    }
    if rest.next().is_some() { next_digits(digits).map(pad) } else { Some(pad(digits)) }
}

/// The next digits of the same number that are behind all that begin with these.
fn next_digits(mut digits: String) -> Option<String> {
    while digits.ends_with('f') {
        digits.pop();
    }
    let next = match digits.pop()? {
        '9' => 'a',
        digit => char::from(digit as u8 + 1),
    };
    digits.push(next);
    Some(digits)
}

fn pad(digits: String) -> Oid {
    Oid::parse_str(format!("{digits:0<24}")).expect("24 hexadecimal digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_no_ids_lie_between_ids() {
        let first = |text: &str| first_id_from(text).map(|id| id.to_hex());
        let padded = |digits: &str| Some(format!("{digits:0<24}"));
        assert_eq!(first(""), padded("0"));
        assert_eq!(first("65a"), padded("65a"));
        assert_eq!(first("65a-"), padded("65a"));
        assert_eq!(first("65B"), padded("65a"));
        assert_eq!(first("65x"), padded("66"));
        assert_eq!(first("69x"), padded("6a"));
        assert_eq!(first("fx"), None);
        assert_eq!(first(&format!("{:a<24}0", "")), Some(format!("{:a<23}b", "")));
    }

    #[test]
    fn conditions_on_the_same_field_all_hold() {
        let mut conditions = Conditions::default();
        conditions.add(doc! { "a": 1 });
        conditions.add(doc! { "a": 1, "b": 2 });
        conditions.add(doc! { "a": 3 });
        assert_eq!(conditions.finish(), doc! { "a": 1, "b": 2, "$and": [{ "a": 3 }] });
    }
}
