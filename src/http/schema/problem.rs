//! Failures, as the API document describes them (§2 of the contract, RFC 9457).

use utoipa::ToSchema;

use crate::http::batch::RowView;

use super::scalars::{ErrorName, ErrorNumber, Timestamp};

/// Why a request failed.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(examples(json!({
    "type": "/errors/INVALID_FORMAT", "title": "Malformed", "status": 400, "detail": "/email is not an e-mail address",
    "instance": "/api/v1/customers", "code": 2004, "name": "INVALID_FORMAT", "requestId": "5b3a4d7f9e8c1a20",
    "timestamp": "2026-03-23T10:00:00.000Z",
    "errors": [{"pointer": "/email", "code": 2004, "name": "INVALID_FORMAT", "detail": "is not an e-mail address"}]
})))]
pub struct Problem {
    /// Where this kind of failure is explained: `/errors/` and its name.
    #[schema(format = "uri-reference")]
    pub r#type: String,
    /// What kind of failure it is, for people.
    pub title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What went wrong this time, for people.
    pub detail: String,
    /// The path that was asked for.
    #[schema(format = "uri-reference")]
    pub instance: String,
    /// What kind of failure it is, for programs.
    pub code: ErrorNumber,
    /// The code's name.
    pub name: ErrorName,
    /// The request's id, as in `X-Request-Id`.
    pub request_id: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What is wrong with the input: all of it.
    #[schema(nullable = false, min_items = 1)]
    pub errors: Option<Vec<FieldProblem>>,
    /// The permission that was missing.
    #[schema(nullable = false)]
    pub required_permission: Option<String>,
}

/// What is wrong with one field of a body or one parameter.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldProblem {
    /// Where: a JSON pointer (RFC 6901) into the body, or `/` and the parameter's name; empty for the body as a whole.
    pub pointer: String,
    /// What kind of fault it is, for programs.
    pub code: ErrorNumber,
    /// The code's name.
    pub name: ErrorName,
    /// What is wrong, to be read behind the field's name.
    pub detail: String,
}

/// A row's failure in a batch: a problem without what belongs to the answer as a whole.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RowProblem {
    /// Where this kind of failure is explained: `/errors/` and its name.
    #[schema(format = "uri-reference")]
    pub r#type: String,
    /// What kind of failure it is, for people.
    pub title: String,
    /// The status that the row would have had alone.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What went wrong this time, for people.
    pub detail: String,
    /// What kind of failure it is, for programs.
    pub code: ErrorNumber,
    /// The code's name.
    pub name: ErrorName,
    /// What is wrong with the row.
    #[schema(nullable = false, min_items = 1)]
    pub errors: Option<Vec<FieldProblem>>,
}

/// Why an atomic batch failed: a problem that tells of each row.
#[derive(Debug, ToSchema)]
pub struct BatchProblem {
    /// The problem.
    #[serde(flatten)]
    pub problem: Problem,
    /// What became of each row, in order, or would have.
    #[schema(value_type = Vec<RowView<'static>>, min_items = 1, max_items = 500)]
    pub results: Vec<()>,
}
