//! `/customers/batch`: many customers changed in one request (§5 and §10 of the contract).

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::actors::customers::{BatchReport, BatchUpdateCustomers, RowReport};
use crate::model::batch::Batch;
use crate::model::customer::Customer;
use crate::model::error::ErrorCode;

use super::customers::CustomerView;
use super::problem::Problem;
use super::schema::batch::BatchInput;
use super::schema::problem::{BatchProblem, RowProblem};
use super::{ApiError, Caller, JsonBody, Represent};

/// How a batch went, as clients see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchReport)]
pub struct BatchView<'a> {
    /// How many rows there were.
    #[schema(minimum = 1, maximum = 500)]
    total: usize,
    /// How many did what they were to do.
    succeeded: usize,
    /// How many did not.
    failed: usize,
    /// What became of each row, in order.
    results: Vec<RowView<'a>>,
}

/// How one row of a batch went: the customer, or the error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchResult)]
pub struct RowView<'a> {
    /// Which row, from 0.
    index: usize,
    /// The customer's id, as it was given.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    /// The status that the row would have had alone.
    status: u16,
    /// The customer as it is now, or would be.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<CustomerView<'a>>,
    /// Why the row failed.
    #[schema(value_type = RowProblem)]
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem<'a>>,
}

/// A row whose failure, if it failed, has been put into the words of the contract.
struct Row {
    id: Option<String>,
    outcome: Result<Arc<Customer>, ApiError>,
}

impl From<RowReport> for Row {
    fn from(RowReport { id, outcome }: RowReport) -> Self {
        Self { id, outcome: outcome.map_err(ApiError::from) }
    }
}

impl Row {
    fn view(&self, index: usize) -> RowView<'_> {
        let status = self.outcome.as_ref().map_or_else(ApiError::status, |_| StatusCode::OK);
        RowView {
            index,
            id: self.id.as_deref(),
            status: status.as_u16(),
            customer: self.outcome.as_ref().ok().map(Represent::represent),
            error: self.outcome.as_ref().err().map(ApiError::problem),
        }
    }
}

/// Change many customers, each by a JSON merge patch.
///
/// Each row is answered for itself. With `atomic`, one failure makes all fail: 409, and the same `results` in the problem.
/// With `dryRun` nothing is written, and the answer is what it would have been.
#[utoipa::path(patch, path = "/customers/batch", operation_id = "changeCustomers", tag = "Customers",
    request_body = BatchInput,
    responses(
        (status = 200, description = "Every row succeeded.", body = BatchView),
        (status = 207, description = "Some rows failed.", body = BatchView),
        (status = 409, description = "A row of an atomic batch failed: nothing was changed.", body = BatchProblem,
            content_type = "application/problem+json")))]
pub async fn patch(body: JsonBody, caller: Caller) -> Result<HttpResponse, ApiError> {
    let message = BatchUpdateCustomers { batch: Batch::read(body.0)?, origin: caller.origin() };
    let report = caller.api().mailboxes.customers.ask(caller.deadline(), message).await??;
    answer(report)
}

fn answer(report: BatchReport) -> Result<HttpResponse, ApiError> {
    let rows: Vec<Row> = report.rows.into_iter().map(Row::from).collect();
    let results: Vec<RowView<'_>> = rows.iter().enumerate().map(|(index, row)| row.view(index)).collect();
    let failed = rows.iter().filter(|row| row.outcome.is_err()).count();
    if report.refused {
        let results = serde_json::to_value(&results).expect("results are made of texts and numbers");
        let refused = ApiError::new(ErrorCode::ResourceConflict, "A row failed, so nothing was changed");
        return Err(refused.with("results", results));
    }
    let status = if failed == 0 { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    let view = BatchView { total: rows.len(), succeeded: rows.len() - failed, failed, results };
    Ok(HttpResponse::build(status).json(view))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::OperationError;
    use crate::model::customer::CustomerDraft;
    use crate::model::id::{CustomerId, UserId};
    use crate::model::time::Time;
    use serde_json::{Value, json};

    fn done() -> RowReport {
        let draft = CustomerDraft::read(json!({"name": "Ada", "email": "ada@example.com"})).unwrap();
        let now = Time::from_millis(0);
        let customer = Customer::new(CustomerId::new(now), draft, UserId::new(now), now);
        RowReport { id: Some(customer.id.to_string()), outcome: Ok(Arc::new(customer)) }
    }

    fn gone() -> RowReport {
        RowReport { id: Some("76543210fedcba9876543210".to_owned()), outcome: Err(OperationError::Deleted("customer")) }
    }

    async fn told(rows: Vec<RowReport>) -> (u16, Value) {
        let answer = answer(BatchReport { rows, refused: false }).unwrap();
        let status = answer.status().as_u16();
        let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[actix_web::test]
    async fn each_row_is_answered_for_itself() {
        let (status, body) = told(vec![done(), gone()]).await;
        assert_eq!((status, &body["succeeded"], &body["failed"]), (207, &json!(1), &json!(1)));
        assert_eq!(body["results"][0]["customer"]["name"], "Ada");
        let expected = json!({
            "index": 1, "id": "76543210fedcba9876543210", "status": 410,
            "error": {
                "type": "/errors/RESOURCE_DELETED", "title": "Deleted", "status": 410,
                "detail": "The customer was deleted", "code": 3004, "name": "RESOURCE_DELETED"
            }
        });
        assert_eq!(body["results"][1], expected);
        assert_eq!(told(vec![done()]).await.0, 200);
    }

    #[test]
    fn a_refused_batch_is_one_problem_that_tells_of_each_row() {
        let refusal = answer(BatchReport { rows: vec![done(), gone()], refused: true }).unwrap_err();
        let problem = serde_json::to_value(refusal.problem()).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(409), &json!(3003)));
        assert_eq!((&problem["results"][0]["status"], &problem["results"][1]["status"]), (&json!(200), &json!(410)));
    }
}
