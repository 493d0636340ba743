//! Batches: merge patches for many customers in one request (§5, §10 of the contract).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::error::{ErrorCode, Invalid};
use super::form::Form;
use super::id::CustomerId;

/// The most rows of a batch.
pub const MAX_ROWS: usize = 500;

/// A batch: its rows may be wrong, each for itself.
#[derive(Clone, Debug)]
pub struct Batch {
    /// 1 to 500 rows.
    pub rows: Vec<Row>,
    /// One failure makes all fail.
    pub atomic: bool,
    /// Nothing is written; the answer is what it would have been.
    pub dry_run: bool,
}

/// One row of a batch.
#[derive(Clone, Debug)]
pub struct Row {
    /// The id, as it was given; `None` where it was no text.
    pub id: Option<String>,
    /// What is to be done, or what is wrong with it.
    pub update: Result<RowUpdate, RowFault>,
}

/// What one row wants.
#[derive(Clone, Debug)]
pub struct RowUpdate {
    /// Which customer.
    pub id: CustomerId,
    /// The version it must have, if that matters.
    pub expected: Option<u64>,
    /// The merge patch.
    pub patch: Value,
}

/// What is wrong with a row, before anything is read.
#[derive(Clone, Debug)]
pub enum RowFault {
    /// It is malformed.
    Invalid(Invalid),
    /// An earlier row has the same id.
    Repeated,
}

impl Batch {
    /// Reads a batch: `updates`, or `ids` and the `data` they share.
    ///
    /// # Errors
    /// What is wrong with the whole; what is wrong with a row is that row's own business.
    pub fn read(body: Value) -> Result<Self, Invalid> {
        let mut form = Form::of(body)?;
        let atomic = form.optional("atomic", |field, value| field.boolean(&value));
        let dry_run = form.optional("dryRun", |field, value| field.boolean(&value));
        let rows = match (form.take("updates"), form.take("ids")) {
            (Some(_), Some(_)) => {
                form.fault("ids", ErrorCode::InvalidInput, "cannot be there together with updates");
                None
            }
            (updates, None) => {
                let updates = elements(&mut form, "updates", updates);
                updates.map(|updates| updates.into_iter().map(Row::read).collect())
            }
            (None, ids) => {
                let ids = elements(&mut form, "ids", ids);
                let patch = form.required("data", |field, value| match value {
                    Value::Object(_) => Some(value),
                    _ => field.fault(ErrorCode::InvalidInput, "is not an object"),
                });
                ids.zip(patch).map(|(ids, patch)| ids.into_iter().map(|id| Row::of_id(id, &patch)).collect())
            }
        };
        let mut batch = form.finish(|| {
            Some(Self { rows: rows?, atomic: atomic.unwrap_or_default(), dry_run: dry_run.unwrap_or_default() })
        })?;
        batch.refuse_repeated_ids();
        Ok(batch)
    }

    fn refuse_repeated_ids(&mut self) {
        let mut seen = HashSet::new();
        for row in &mut self.rows {
            if let Ok(update) = &row.update
                && !seen.insert(update.id)
            {
                row.update = Err(RowFault::Repeated);
            }
        }
    }
}

/// Takes a list of 1 to 500 elements out of the form.
fn elements(form: &mut Form, name: &str, value: Option<Value>) -> Option<Vec<Value>> {
    match value.unwrap_or(Value::Null) {
        Value::Array(elements) if (1..=MAX_ROWS).contains(&elements.len()) => return Some(elements),
        Value::Array(_) => form.fault(name, ErrorCode::InvalidInput, "has not 1 to 500 elements"),
        Value::Null => form.fault(name, ErrorCode::MissingRequiredField, "is missing"),
        _ => form.fault(name, ErrorCode::InvalidInput, "is not a list"),
    }
    None
}

impl Row {
    fn read(row: Value) -> Self {
        let id = row.get("id").and_then(Value::as_str).map(str::to_owned);
        Self { id, update: RowUpdate::read(row).map_err(RowFault::Invalid) }
    }

    fn of_id(id: Value, patch: &Value) -> Self {
        Self::read(Value::Object(Map::from_iter([("id".to_owned(), id), ("data".to_owned(), patch.clone())])))
    }
}

impl RowUpdate {
    fn read(row: Value) -> Result<Self, Invalid> {
        let mut form = Form::of(row)?;
        let id = form.required("id", |field, value| field.formed(value, "is not an id", |text| text.parse().ok()));
        let expected = form.optional("version", |field, value| field.integer(&value, 1, u64::MAX));
        let patch = form.required("data", |field, value| match value {
            Value::Object(_) => Some(value),
            _ => field.fault(ErrorCode::InvalidInput, "is not an object"),
        });
        form.finish(|| Some(Self { id: id?, expected, patch: patch? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "0123456789abcdef01234567";

    fn faults(rows: Value) -> Vec<Option<u16>> {
        let batch = Batch::read(json!({"updates": rows})).unwrap();
        let number = |row: Row| match row.update {
            Ok(_) => None,
            Err(RowFault::Invalid(invalid)) => Some(invalid.code().number()),
            Err(RowFault::Repeated) => Some(3003),
        };
        batch.rows.into_iter().map(number).collect()
    }

    #[test]
    fn a_malformed_row_is_that_rows_fault_alone() {
        let told = faults(json!([
            {"id": ID, "data": {}}, {"id": "no id", "data": {}}, {"id": ID, "data": {}}, {"data": {}}, 7,
            {"id": ID, "version": 0, "data": {}}, {"id": ID, "data": null}
        ]));
        assert_eq!(told, [None, Some(2004), Some(3003), Some(2003), Some(2002), Some(2002), Some(2003)]);
    }

    #[test]
    fn a_malformed_batch_is_refused_as_a_whole() {
        let table = [
            (json!({}), 2003),
            (json!({"updates": []}), 2002),
            (json!({"updates": {}}), 2002),
            (json!({"updates": vec![json!({}); 501]}), 2002),
            (json!({"ids": [ID]}), 2003),
            (json!({"ids": [ID], "data": {}, "atomic": "yes"}), 2002),
            (json!({"ids": [ID], "updates": [], "data": {}}), 2002),
        ];
        for (body, code) in table {
            let told = Batch::read(body.clone()).map(|_| ()).unwrap_err();
            assert_eq!(told.code().number(), code, "{body}");
        }
    }

    #[test]
    fn ids_share_one_patch() {
        let batch = Batch::read(json!({"ids": [ID], "data": {"status": "lead"}, "dryRun": true})).unwrap();
        assert!(batch.dry_run && !batch.atomic);
        assert_eq!(batch.rows[0].update.as_ref().unwrap().patch, json!({"status": "lead"}));
    }
}
