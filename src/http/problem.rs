//! The form of a problem: what is written of a failure (§2, RFC 9457).

use actix_web::http::StatusCode;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::model::error::{ErrorCode, FieldError};
use crate::model::permission::Permission;
use crate::model::time::Time;

/// How many errors of fields are told. More cannot be of use, and a body could have a hundred thousand.
const MOST_ERRORS: usize = 1_000;

/// A problem, ready to be written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem<'a> {
    #[serde(rename = "type", serialize_with = "error_page")]
    kind: ErrorCode,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: ErrorCode,
    name: &'static str,
    #[serde(flatten)]
    envelope: Option<Envelope<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "field_problems")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    required_permission: Option<&'static str>,
    #[serde(flatten)]
    members: Option<&'a Map<String, Value>>,
}

/// What only the problem of a whole answer has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    instance: &'a str,
    request_id: &'a str,
    #[serde(serialize_with = "crate::model::time::rfc3339")]
    timestamp: Time,
}

impl<'a> Problem<'a> {
    /// A problem of this code.
    pub(super) fn new(status: StatusCode, code: ErrorCode, detail: &'a str, errors: &'a [FieldError]) -> Self {
        Self {
            kind: code,
            title: code.title(),
            status: status.as_u16(),
            detail,
            code,
            name: code.name(),
            envelope: None,
            errors,
            required_permission: None,
            members: None,
        }
    }

    /// The same, for want of this permission.
    pub(super) fn lacking(self, permission: Option<Permission>) -> Self {
        Self { required_permission: permission.map(Permission::as_str), ..self }
    }

    /// The same, with members that only this problem has.
    pub(super) fn with_members(self, members: &'a Map<String, Value>) -> Self {
        Self { members: Some(members), ..self }
    }

    /// The same, as the answer to the request with this path and id.
    pub(super) fn in_answer_to(self, instance: &'a str, request_id: &'a str, timestamp: Time) -> Self {
        Self { envelope: Some(Envelope { instance, request_id, timestamp }), ..self }
    }
}

/// What is wrong with one field.
#[derive(Serialize)]
struct FieldProblem<'a> {
    pointer: &'a str,
    code: ErrorCode,
    name: &'static str,
    detail: &'a str,
}

fn field_problems<S: Serializer>(errors: &&[FieldError], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(errors.iter().take(MOST_ERRORS).map(|error| FieldProblem {
        pointer: &error.pointer,
        code: error.code,
        name: error.code.name(),
        detail: &error.detail,
    }))
}

fn error_page<S: Serializer>(code: &ErrorCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("/errors/{}", code.name()))
}
