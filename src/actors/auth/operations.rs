//! What operators do to the server itself.

use crate::actors::error::OperationError;

use super::actor::Auth;
use super::messages::RecordOperation;

impl Auth {
    pub(super) async fn record_operation(&self, message: RecordOperation) -> Result<(), OperationError> {
        let RecordOperation { event } = message;
        self.records.tell(event).await
    }
}
