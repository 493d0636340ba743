//! What operators do to the server itself.

use crate::actors::error::OperationError;
use crate::actors::records::Change;

use super::actor::{Auth, KIND};
use super::messages::RecordOperation;

impl Auth {
    pub(super) async fn record_operation(&self, message: RecordOperation) -> Result<(), OperationError> {
        let RecordOperation { event } = message;
        self.records.commit(Change::telling(event)).await.map_err(|error| KIND.error(error))
    }
}
