//! Reads a JSON object field by field and finds everything that is wrong with it, not the first thing only.
//!
//! serde stops at the first error, the contract (§2) wants all of them, each with its own code; so a body is parsed
//! once into a [`Value`], and its members are moved out of it here.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::error::{ErrorCode, FieldError, Invalid};

/// A JSON object that is being read.
#[derive(Debug)]
pub struct Form {
    /// The pointer of the object itself; empty for a body.
    pointer: String,
    members: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Form {
    /// Begins to read a body.
    ///
    /// # Errors
    /// It is not an object.
    pub fn of(body: Value) -> Result<Self, Invalid> {
        Self::nested(body, String::new())
    }

    fn nested(value: Value, pointer: String) -> Result<Self, Invalid> {
        match value {
            Value::Object(members) => Ok(Self { pointer, members, errors: Vec::new() }),
            _ => Err(Invalid::at(pointer, ErrorCode::InvalidInput, "is not an object")),
        }
    }

    /// Takes a field that must be there. `None` if anything is wrong with it; what it is, [`finish`](Self::finish) tells.
    pub fn required<T>(&mut self, name: &str, check: impl FnOnce(Field<'_>, Value) -> Option<T>) -> Option<T> {
        match self.members.remove(name) {
            None | Some(Value::Null) => self.field(name).fault(ErrorCode::MissingRequiredField, "is missing"),
            Some(value) => check(self.field(name), value),
        }
    }

    /// Takes a field that may be absent; `null` is absent too.
    pub fn optional<T>(&mut self, name: &str, check: impl FnOnce(Field<'_>, Value) -> Option<T>) -> Option<T> {
        match self.members.remove(name) {
            None | Some(Value::Null) => None,
            Some(value) => check(self.field(name), value),
        }
    }

    /// Takes a field without looking at it: `None` if it is absent, `null` if it is null.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name)
    }

    /// Checks a value that was [taken](Self::take) before.
    pub fn required_value<T>(
        &mut self,
        name: &str,
        value: Value,
        check: impl FnOnce(Field<'_>, Value) -> Option<T>,
    ) -> Option<T> {
        if value.is_null() {
            return self.field(name).fault(ErrorCode::MissingRequiredField, "is null");
        }
        check(self.field(name), value)
    }

    /// Lets these fields be there without reading them: what was read can be sent back (§10).
    pub fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.members.remove(*name);
        }
    }

    /// Notes that something is wrong with a field.
    pub fn fault(&mut self, name: &str, code: ErrorCode, detail: impl Into<Cow<'static, str>>) {
        let _: Option<()> = self.field(name).fault(code, detail);
    }

    /// Ends the reading: what is left is unknown. `build` is called if nothing is wrong, when every required field has a value.
    ///
    /// # Errors
    /// Everything that is wrong, field by field.
    pub fn finish<T>(mut self, build: impl FnOnce() -> Option<T>) -> Result<T, Invalid> {
        for name in std::mem::take(&mut self.members).keys() {
            self.fault(name, ErrorCode::InvalidInput, "is not a known field");
        }
        if !self.errors.is_empty() {
            return Err(Invalid(self.errors));
        }
        Ok(build().expect("a required field without an error has a value"))
    }

    fn field<'a>(&'a mut self, name: &'a str) -> Field<'a> {
        Field { parent: &self.pointer, name, errors: &mut self.errors }
    }
}

/// The field that is being checked: where faults are noted.
#[derive(Debug)]
pub struct Field<'a> {
    parent: &'a str,
    name: &'a str,
    errors: &'a mut Vec<FieldError>,
}

impl Field<'_> {
    /// Notes that something is wrong; `None`, so that a check can end with it.
    pub fn fault<T>(self, code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Option<T> {
        let pointer = self.pointer();
        self.errors.push(FieldError { pointer, code, detail: detail.into() });
        None
    }

    /// A text of `min` to `max` Unicode characters, without NUL.
    pub fn text(self, value: Value, min: usize, max: usize) -> Option<String> {
        let Value::String(text) = value else { return self.fault(ErrorCode::InvalidInput, "is not a text") };
        match text_fault(&text, min, max) {
            Some(detail) => self.fault(ErrorCode::InvalidInput, detail),
            None => Some(text),
        }
    }

    /// A text that `parse` accepts; `form` says what it should have been.
    pub fn formed<T>(self, value: Value, form: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let Value::String(text) = value else { return self.fault(ErrorCode::InvalidInput, "is not a text") };
        if text.contains('\0') {
            return self.fault(ErrorCode::InvalidInput, "contains a NUL character");
        }
        match parse(&text) {
            Some(parsed) => Some(parsed),
            None => self.fault(ErrorCode::InvalidFormat, form),
        }
    }

    /// One of a few texts.
    pub fn choice<T: Copy>(self, value: Value, choices: &[(&'static str, T)]) -> Option<T> {
        let Value::String(text) = value else { return self.fault(ErrorCode::InvalidInput, "is not a text") };
        match choices.iter().find(|(name, _)| *name == text) {
            Some((_, choice)) => Some(*choice),
            None => {
                let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
                self.fault(ErrorCode::InvalidInput, format!("is not one of {}", names.join(", ")))
            }
        }
    }

    /// A whole number from `min` to `max`.
    pub fn integer(self, value: &Value, min: u64, max: u64) -> Option<u64> {
        match value.as_u64() {
            Some(number) if (min..=max).contains(&number) => Some(number),
            _ => self.fault(ErrorCode::InvalidInput, format!("is not a whole number from {min} to {max}")),
        }
    }

    /// `true` or `false`.
    pub fn boolean(self, value: &Value) -> Option<bool> {
        value.as_bool().or_else(|| self.fault(ErrorCode::InvalidInput, "is not true or false"))
    }

    /// A list of `min` to `max` elements, each of which passes `check`.
    pub fn list<T>(
        self,
        value: Value,
        (min, max): (usize, usize),
        check: impl Fn(Field<'_>, Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::Array(elements) = value else { return self.fault(ErrorCode::InvalidInput, "is not a list") };
        if !(min..=max).contains(&elements.len()) {
            return self.fault(ErrorCode::InvalidInput, format!("has not {min} to {max} elements"));
        }
        let pointer = self.pointer();
        let before = self.errors.len();
        let mut checked = Vec::with_capacity(elements.len());
        for (index, element) in elements.into_iter().enumerate() {
            let field = Field { parent: &pointer, name: &index.to_string(), errors: self.errors };
            checked.extend(check(field, element));
        }
        (self.errors.len() == before).then_some(checked)
    }

    /// An object whose members are texts: at most `max_members` keys of 1 to `max_key` and values of at most `max_value` characters.
    pub fn texts<C: FromIterator<(String, String)>>(
        self,
        value: Value,
        max_members: usize,
        max_key: usize,
        max_value: usize,
    ) -> Option<C> {
        let Value::Object(members) = value else { return self.fault(ErrorCode::InvalidInput, "is not an object") };
        if members.len() > max_members {
            return self.fault(ErrorCode::InvalidInput, format!("has more than {max_members} keys"));
        }
        let pointer = self.pointer();
        let before = self.errors.len();
        let mut texts = Vec::with_capacity(members.len());
        for (key, value) in members {
            let member = Field { parent: &pointer, name: &key, errors: self.errors };
            if let Some(fault) = text_fault(&key, 1, max_key) {
                let _: Option<()> = member.fault(ErrorCode::InvalidInput, format!("as a key {fault}"));
            } else if let Some(text) = member.text(value, 0, max_value) {
                texts.push((key, text));
            }
        }
        (self.errors.len() == before).then(|| texts.into_iter().collect())
    }

    /// An object of its own, read by `read`.
    pub fn object<T>(self, value: Value, read: impl FnOnce(Form) -> Result<T, Invalid>) -> Option<T> {
        let pointer = self.pointer();
        match Form::nested(value, pointer).and_then(read) {
            Ok(object) => Some(object),
            Err(Invalid(errors)) => {
                self.errors.extend(errors);
                None
            }
        }
    }

    fn pointer(&self) -> String {
        format!("{}/{}", self.parent, self.name.replace('~', "~0").replace('/', "~1"))
    }
}

/// What is wrong with a text of `min` to `max` Unicode characters, if anything.
pub fn text_fault(text: &str, min: usize, max: usize) -> Option<String> {
    // Bytes bound characters from above, so that most texts need not be counted.
    let fits = text.len() <= max || text.chars().count() <= max;
    if text.is_empty() && min > 0 {
        Some("is empty".to_owned())
    } else if !fits {
        Some(format!("is longer than {max} characters"))
    } else if min > 1 && text.chars().count() < min {
        Some(format!("is shorter than {min} characters"))
    } else if text.contains('\0') {
        Some("contains a NUL character".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(body: Value, read: impl FnOnce(&mut Form)) -> Vec<(String, u16)> {
        let mut form = Form::of(body).unwrap();
        read(&mut form);
        match form.finish(|| Some(())) {
            Ok(()) => vec![],
            Err(Invalid(errors)) => errors.into_iter().map(|error| (error.pointer, error.code.number())).collect(),
        }
    }

    #[test]
    fn every_fault_of_a_body_is_told_at_once() {
        let body = json!({"name": 7, "tags": ["a", 1, "\u{0}"], "meta/data": {"": "x", "k": 2}, "surprise": true});
        let told = faults(body, |form| {
            form.required("name", |field, value| field.text(value, 1, 200));
            form.required("email", |field, value| field.text(value, 1, 200));
            form.optional("tags", |field, value| field.list(value, (0, 50), |field, value| field.text(value, 1, 50)));
            form.optional("meta/data", |field, value| field.texts::<Vec<_>>(value, 50, 40, 500));
        });
        let expected = [
            ("/name", 2002),
            ("/email", 2003),
            ("/tags/1", 2002),
            ("/tags/2", 2002),
            ("/meta~1data/", 2002),
            ("/meta~1data/k", 2002),
            ("/surprise", 2002),
        ];
        assert_eq!(told, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    }

    #[test]
    fn lengths_count_unicode_characters() {
        assert_eq!(text_fault(&"é".repeat(200), 1, 200), None);
        assert!(text_fault(&"é".repeat(201), 1, 200).is_some());
        assert_eq!(text_fault("🦀🦀🦀🦀🦀🦀🦀🦀", 8, 128), None);
        assert!(text_fault("🦀🦀", 8, 128).is_some());
    }

    #[test]
    fn null_is_missing_where_required_and_absent_where_optional() {
        let told = faults(json!({"name": null, "phone": null}), |form| {
            form.required("name", |field, value| field.text(value, 1, 200));
            form.optional("phone", |field, value| field.text(value, 1, 200));
        });
        assert_eq!(told, [("/name".to_owned(), 2003)]);
    }
}
