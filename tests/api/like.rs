//! Compares JSON with what is expected of it, where ids, times and tokens are only known by their form.

use serde_json::Value;

/// Asserts that a body has exactly the members that are expected, with these values. An expected text in angle brackets
/// stands for any value of that form: `<id>`, `<time>`, `<token>`, `<text>`, `<count>`, `<hex32>`.
#[track_caller]
pub fn assert_like(actual: &Value, expected: &Value) {
    let mut differences = Vec::new();
    compare(actual, expected, "", &mut differences);
    assert!(differences.is_empty(), "{}\nin {actual:#}", differences.join("\n"));
}

fn compare(actual: &Value, expected: &Value, at: &str, differences: &mut Vec<String>) {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            for (name, value) in actual {
                match expected.get(name) {
                    Some(expected) => compare(value, expected, &format!("{at}/{name}"), differences),
                    None => differences.push(format!("{at}/{name} is there: {value}")),
                }
            }
            let missing = expected.keys().filter(|name| !actual.contains_key(*name));
            differences.extend(missing.map(|name| format!("{at}/{name} is missing")));
        }
        (Value::Array(actual), Value::Array(expected)) if actual.len() == expected.len() => {
            for (index, (actual, expected)) in actual.iter().zip(expected).enumerate() {
                compare(actual, expected, &format!("{at}/{index}"), differences);
            }
        }
        (_, Value::String(form)) if form.starts_with('<') && form.ends_with('>') => {
            if !has_form(actual, form) {
                differences.push(format!("{at} is {actual}, not of the form {form}"));
            }
        }
        _ if actual == expected => {}
        _ => differences.push(format!("{at} is {actual}, not {expected}")),
    }
}

fn has_form(value: &Value, form: &str) -> bool {
    let text = value.as_str();
    let matches = |test: fn(&str) -> bool| text.is_some_and(test);
    match form {
        "<id>" => matches(is_id),
        "<time>" => matches(is_time),
        "<token>" => matches(|text| text.split('.').filter(|part| part.len() > 10).count() == 3),
        "<text>" => matches(|text| !text.is_empty()),
        "<hex32>" => matches(|text| text.len() == 32 && is_hexadecimal(text)),
        "<count>" => value.is_u64(),
        _ => panic!("there is no form {form}"),
    }
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a text is an id: 24 lower-case hexadecimal digits.
pub fn is_id(text: &str) -> bool {
    text.len() == 24 && is_hexadecimal(text)
}

/// Whether a text is a time as the contract writes it: RFC 3339, UTC, milliseconds.
pub fn is_time(text: &str) -> bool {
    let form = "0000-00-00T00:00:00.000Z";
    text.len() == form.len()
        && text.chars().zip(form.chars()).all(|(c, f)| if f == '0' { c.is_ascii_digit() } else { c == f })
}

#[test]
fn what_is_missing_superfluous_or_different_is_told() {
    let mut told = Vec::new();
    let actual = serde_json::json!({"a": 1, "b": [1, {"c": "x"}], "e": "0123456789abcdef01234567"});
    let expected = serde_json::json!({"a": 2, "b": [1, {"d": "x"}], "e": "<time>"});
    compare(&actual, &expected, "", &mut told);
    assert_eq!(told.len(), 4, "{told:?}");
    assert_like(&actual, &serde_json::json!({"a": "<count>", "b": [1, {"c": "<text>"}], "e": "<id>"}));
}
