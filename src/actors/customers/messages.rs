//! What CustomerActor can be asked (§5 of the contract).

use std::sync::Arc;

use actix::Message;
use serde_json::Value;

use crate::actors::error::OperationError;
use crate::actors::listing::{Page, PageRequest};
use crate::model::audit::Origin;
use crate::model::batch::Batch;
use crate::model::customer::{Customer, CustomerDraft};
use crate::model::id::CustomerId;
use crate::model::statistics::{Statistics, StatisticsQuery};

/// Makes a customer.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Arc<Customer>, OperationError>")]
pub struct CreateCustomer {
    /// What it is to be.
    pub draft: CustomerDraft,
    /// Who asks.
    pub origin: Origin,
}

/// Reads one customer.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Arc<Customer>, OperationError>")]
pub struct GetCustomer {
    /// Which.
    pub id: CustomerId,
}

/// Lists live customers, the newest first.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Page<Arc<Customer>>, OperationError>")]
pub struct ListCustomers {
    /// Which page.
    pub page: PageRequest,
}

/// Puts another draft in the place of a customer's.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Arc<Customer>, OperationError>")]
pub struct ReplaceCustomer {
    /// Which.
    pub id: CustomerId,
    /// What it is to be.
    pub draft: CustomerDraft,
    /// The version it must have, if that matters.
    pub expected: Option<u64>,
    /// Who asks.
    pub origin: Origin,
}

/// Applies a merge patch (RFC 7396) to a customer.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Arc<Customer>, OperationError>")]
pub struct PatchCustomer {
    /// Which.
    pub id: CustomerId,
    /// The patch.
    pub patch: Value,
    /// The version it must have, if that matters.
    pub expected: Option<u64>,
    /// Who asks.
    pub origin: Origin,
}

/// Deletes a customer: it can be restored, its e-mail address is free.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), OperationError>")]
pub struct DeleteCustomer {
    /// Which.
    pub id: CustomerId,
    /// The version it must have, if that matters.
    pub expected: Option<u64>,
    /// Who asks.
    pub origin: Origin,
}

/// Changes many customers at once.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<BatchReport, OperationError>")]
pub struct BatchUpdateCustomers {
    /// The rows.
    pub batch: Batch,
    /// Who asks.
    pub origin: Origin,
}

/// How a batch went.
#[derive(Clone, Debug)]
pub struct BatchReport {
    /// What became of each row, in order. Of an atomic batch with a failure nothing was written, whatever is said here.
    pub rows: Vec<RowReport>,
    /// It was atomic and a row failed: nothing was written.
    pub refused: bool,
}

/// How one row of a batch went.
#[derive(Clone, Debug)]
pub struct RowReport {
    /// The id, as it was given; `None` where it was no text.
    pub id: Option<String>,
    /// The customer as it is now, or would be.
    pub outcome: Result<Arc<Customer>, OperationError>,
}

/// Counts customers.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Statistics, OperationError>")]
pub struct GetStatistics {
    /// Which, and over which time.
    pub query: StatisticsQuery,
}
