//! Queries as SQL. Names come from the collections' declarations alone; every value is bound.

use rusqlite::types::Value as Bind;

use super::access::{self, Access, Source};
use super::schema::{self, DELETED_AT};
use crate::model::document::{Collection, Index};
use crate::store::query::end_of_prefix;
use crate::store::{Filter, Position, Query, Sort, Value};

/// SQL text and what to bind to it, in order.
#[derive(Debug)]
pub(super) struct Sql {
    pub text: String,
    pub binds: Vec<Bind>,
}

/// The documents that a query asks for.
pub(super) fn find(query: &Query, access: &Access) -> Sql {
    let mut select = Select::new(query.collection, access);
    select.filter(&query.filters, query.after.as_ref().filter(|_| access.ordered).map(|_| query.sort));
    let columns = select.order(query.sort.field);
    if let Some(position) = &query.after {
        select.after(&columns, query.sort, position);
    }
    let direction = if query.sort.descending { " DESC" } else { "" };
    let order = columns.iter().map(|column| format!("{column}{direction}")).collect::<Vec<_>>().join(", ");
    let document = select.document();
    select.finish(&format!("json({document})"), &format!(" ORDER BY {order} LIMIT ?"), Some(query.limit))
}

/// How many documents pass the filters.
pub(super) fn count(collection: &'static Collection, filters: &[Filter], access: &Access) -> Sql {
    let mut select = Select::new(collection, access);
    select.filter(filters, None);
    select.finish("count(*)", "", None)
}

/// How many documents `access` walks through, counted up to `bound`.
pub(super) fn probe(collection: &'static Collection, filters: &[Filter], access: &Access, bound: usize) -> Sql {
    let narrowing = access.by.map(|by| &filters[by]);
    let filters: Vec<Filter> =
        filters.iter().filter(|filter| Some(*filter) == narrowing || **filter == Filter::Live).cloned().collect();
    let by = filters.iter().position(|filter| Some(filter) == narrowing);
    let access = Access { by, ..access.clone() };
    let mut select = Select::new(collection, &access);
    select.filter(&filters, None);
    let Sql { text, binds } = select.finish("1", " LIMIT ?", Some(bound));
    Sql { text: format!("SELECT count(*) FROM ({text})"), binds }
}

/// The values of `field` and how many documents have each.
pub(super) fn group_by(
    collection: &'static Collection,
    filters: &[Filter],
    field: &'static str,
    limit: usize,
    access: &Access,
) -> Sql {
    let mut select = Select::new(collection, access);
    select.filter(filters, None);
    let value = match &access.source {
        Source::Texts { .. } if access.by.is_none() => "m.value".to_owned(),
        _ => select.column(field),
    };
    select.conditions.push(format!("{value} IS NOT NULL"));
    let tail = format!(" GROUP BY {value} ORDER BY count(*) DESC, {value} LIMIT ?");
    select.finish(&format!("{value}, count(*)"), &tail, Some(limit))
}

/// The way to all texts of a multi-value field of the live documents; `None` if the field is none.
pub(super) fn all_texts(collection: &'static Collection, field: &str) -> Option<Access> {
    let then = collection.indexes.iter().find_map(|index| match index {
        Index::Multi { field: multi, then } if *multi == field => Some(*then),
        _ => None,
    })?;
    let source = Source::Texts { table: schema::texts_table(collection, field, then), then, repeats: false };
    Some(Access { source, reach: access::Reach::All, by: None, ordered: true, exact: true })
}

/// A statement in the making. `c` is the collection's table, `m` that of a multi-value field's texts.
struct Select<'a> {
    collection: &'static Collection,
    access: &'a Access,
    /// What `m` is, if it is walked through.
    texts: Option<String>,
    conditions: Vec<String>,
    binds: Vec<Bind>,
    /// Something of the document is needed that the index of texts does not tell.
    joined: bool,
}

impl<'a> Select<'a> {
    fn new(collection: &'static Collection, access: &'a Access) -> Self {
        Self { collection, access, texts: None, conditions: Vec::new(), binds: Vec::new(), joined: false }
    }

    /// Adds the filters as conditions. With `continued`, the list goes on behind a place in this order.
    fn filter(&mut self, filters: &[Filter], continued: Option<Sort>) {
        if let Source::Texts { table, repeats, .. } = &self.access.source {
            // First, since its values are bound first.
            let narrowing = self.access.by.map(|by| &filters[by]);
            let condition =
                narrowing.map(|filter| self.compare(if *repeats { "value" } else { "m.value" }, filter, None));
            self.texts = Some(match condition {
                Some(condition) if *repeats => {
                    format!(r#"(SELECT DISTINCT id FROM "{table}" WHERE {condition}) AS m"#)
                }
                condition => {
                    self.conditions.extend(condition);
                    format!(r#""{table}" AS m"#)
                }
            });
        }
        for (at, filter) in filters.iter().enumerate() {
            let settled = self.texts.is_some() && (*filter == Filter::Live || self.access.by == Some(at));
            if !settled {
                let condition = self.condition(filter, continued);
                self.conditions.push(condition);
            }
        }
    }

    fn condition(&mut self, filter: &Filter, continued: Option<Sort>) -> String {
        let Some(field) = filter.field() else {
            let state = if *filter == Filter::Live { "IS NULL" } else { "IS NOT NULL" };
            return format!("{} {state}", self.column(DELETED_AT));
        };
        let multi =
            self.collection.indexes.iter().any(|index| matches!(index, Index::Multi { field: f, .. } if *f == field));
        if !multi {
            let column = self.column(field);
            return self.compare(&column, filter, continued.filter(|sort| sort.field == field));
        }
        let document = self.document();
        if matches!(filter, Filter::Absent(_)) {
            return schema::no_texts(document, field);
        }
        let condition = self.compare("each.value", filter, None);
        format!("EXISTS (SELECT 1 FROM json_each({document}, '$.{field}') AS each WHERE {condition})")
    }

    /// What the filter asks of a column.
    ///
    /// Where a list is continued in the order of this column, its place is the better bound on one side. The unary `+`
    /// keeps SQLite from beginning at the filter's bound instead and passing over all the pages before.
    fn compare(&mut self, column: &str, filter: &Filter, continued: Option<Sort>) -> String {
        let descending = continued.map(|sort| sort.descending);
        let (lower, upper) =
            (if descending == Some(false) { "+" } else { "" }, if descending == Some(true) { "+" } else { "" });
        let mut between = |from: Option<Value>, to: Option<Value>| {
            let sides = [from.map(|value| (lower, ">=", value)), to.map(|value| (upper, "<", value))];
            let sides = sides.into_iter().flatten().map(|(plus, operator, value)| {
                self.binds.push(bind(&value));
                format!("{plus}{column} {operator} ?")
            });
            let conditions: Vec<String> = sides.collect();
            if conditions.is_empty() { format!("{column} IS NOT NULL") } else { conditions.join(" AND ") }
        };
        match filter {
            Filter::Live | Filter::Deleted => unreachable!("these name no column"),
            Filter::Range(_, from, to) => between(from.clone(), to.clone()),
            Filter::Prefix(_, prefix) => between(Some(Value::Text(prefix.clone())), end_of_prefix(prefix)),
            Filter::Absent(_) => format!("{column} IS NULL"),
            Filter::Eq(_, value) => {
                self.binds.push(bind(value));
                format!("{column} = ?")
            }
            Filter::In(_, values) => {
                // One text for any number of values, so that the statement is prepared once.
                self.binds.push(Bind::Text(serde_json::to_string(values).expect("numbers and texts are JSON")));
                format!("{column} IN (SELECT value FROM json_each(?))")
            }
        }
    }

    /// The columns that the list is ordered by.
    fn order(&mut self, field: &'static str) -> Vec<String> {
        let column = self.column(field);
        let alone =
            field == "id" || (self.access.ordered && matches!(self.access.source, Source::Index { unique: true, .. }));
        if alone { vec![column] } else { vec![column, self.column("id")] }
    }

    /// Begins behind a place.
    fn after(&mut self, columns: &[String], sort: Sort, position: &Position) {
        let operator = if sort.descending { "<" } else { ">" };
        let condition = match columns {
            [column] => format!("{column} {operator} ?"),
            columns => format!("({}) {operator} (?, ?)", columns.join(", ")),
        };
        self.conditions.push(condition);
        self.binds.push(bind(&position.value));
        if columns.len() > 1 {
            self.binds.push(Bind::Text(position.id.to_string()));
        }
    }

    /// Where a field's value is read from.
    fn column(&mut self, field: &str) -> String {
        match &self.access.source {
            Source::Texts { .. } if field == "id" => return "m.id".to_owned(),
            Source::Texts { then, repeats: false, .. } if field == *then => return "m.sort".to_owned(),
            _ => self.joined = true,
        }
        format!(r#"c."{field}""#)
    }

    fn document(&mut self) -> &'static str {
        self.joined = true;
        "c.document"
    }

    fn finish(mut self, columns: &str, tail: &str, limit: Option<usize>) -> Sql {
        let table = self.collection.name;
        let from = match (&self.access.source, &self.texts) {
            (Source::Index { name, .. }, _) => format!(r#""{table}" AS c INDEXED BY "{name}""#),
            // CROSS JOIN fixes the order: first the texts, then each one's document.
            (_, Some(texts)) if self.joined => format!(r#"{texts} CROSS JOIN "{table}" AS c ON c.id = m.id"#),
            (_, texts) => texts.clone().unwrap_or_default(),
        };
        let conditions = if self.conditions.is_empty() { "1".to_owned() } else { self.conditions.join(" AND ") };
        if let Some(limit) = limit {
            self.binds.push(Bind::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        }
        Sql { text: format!("SELECT {columns} FROM {from} WHERE {conditions}{tail}"), binds: self.binds }
    }
}

fn bind(value: &Value) -> Bind {
    match value {
        Value::Number(number) => Bind::Integer(*number),
        Value::Text(text) => Bind::Text(text.clone()),
    }
}
