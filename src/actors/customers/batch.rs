//! Batches: many customers in one commit, each row answered for itself (§5, §10 of the contract).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::actors::error::OperationError;
use crate::actors::records::{Change, retry};
use crate::model::audit::{Action, AuditEvent, Origin};
use crate::model::batch::{MAX_ROWS, Row, RowFault};
use crate::model::customer::{CUSTOMERS, Customer};
use crate::model::document::{Document, Record};
use crate::model::id::CustomerId;
use crate::model::time::Time;
use crate::store::{CommitError, Filter, Query, Sort, Write};

use super::actor::{Customers, KIND, live};
use super::messages::{BatchReport, BatchUpdateCustomers, RowReport};

/// What one row comes to, before anything is written.
type Planned = Result<Plan, OperationError>;

struct Plan {
    before: Arc<Customer>,
    /// `None`: the row changes nothing.
    after: Option<Arc<Customer>>,
}

impl Plan {
    fn customer(&self) -> &Arc<Customer> {
        self.after.as_ref().unwrap_or(&self.before)
    }
}

impl Customers {
    /// Works each row out against the customers as they are, and writes those that succeed in one commit.
    pub(super) async fn batch(&self, message: BatchUpdateCustomers) -> Result<BatchReport, OperationError> {
        let BatchUpdateCustomers { batch, origin } = message;
        let (planned, refused) = retry(async || {
            let now = self.records.now();
            let planned = self.plan(&batch.rows, &origin, now).await?;
            let refused = batch.atomic && planned.iter().any(Result::is_err);
            let done = refused || batch.dry_run || self.write(&planned, &origin, now).await?;
            Ok(done.then_some((planned, refused)))
        })
        .await?;
        let report = |(row, planned): (Row, Planned)| RowReport {
            id: row.id,
            outcome: planned.map(|plan| Arc::clone(plan.customer())),
        };
        Ok(BatchReport { rows: batch.rows.into_iter().zip(planned).map(report).collect(), refused })
    }

    async fn plan(&self, rows: &[Row], origin: &Origin, now: Time) -> Result<Vec<Planned>, OperationError> {
        let ids = rows.iter().filter_map(|row| row.update.as_ref().ok()).map(|update| update.id.object_id()).collect();
        let documents = self.records.store().get_many(&CUSTOMERS, ids).await?;
        let customers: Vec<Arc<Customer>> = documents.iter().map(Document::parse).collect::<Result<_, _>>()?;
        let customers: HashMap<CustomerId, Arc<Customer>> =
            customers.into_iter().map(|customer| (customer.id, customer)).collect();
        let mut planned: Vec<Planned> = rows.iter().map(|row| plan_row(row, &customers, origin, now)).collect();
        self.refuse_taken_emails(&mut planned).await?;
        Ok(planned)
    }

    /// Refuses rows whose new e-mail address another customer has, or an earlier row takes.
    async fn refuse_taken_emails(&self, planned: &mut [Planned]) -> Result<(), OperationError> {
        let wanted: Vec<_> = planned.iter().filter_map(new_email).map(Into::into).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let query = Query {
            collection: &CUSTOMERS,
            filters: vec![Filter::Live, Filter::In("emailKey", wanted)],
            sort: Sort { field: "emailKey", descending: false },
            after: None,
            limit: MAX_ROWS,
        };
        let mut taken = HashSet::new();
        for document in self.records.store().find(query).await? {
            taken.insert(document.parse::<Customer>()?.email_key().to_owned());
        }
        for row in planned {
            if let Some(email) = new_email(row)
                && !taken.insert(email.to_owned())
            {
                *row = Err(OperationError::Taken { resource: KIND.resource, field: KIND.unique });
            }
        }
        Ok(())
    }

    /// Commits the rows that change something; `false` if another change came first.
    async fn write(&self, planned: &[Planned], origin: &Origin, now: Time) -> Result<bool, OperationError> {
        let mut change = Change::default();
        let mut changes = false;
        for plan in planned.iter().flatten() {
            let Some(after) = &plan.after else { continue };
            let event = AuditEvent::new(Action::CustomerUpdated, Some(after.id()), origin, now);
            change = change.and(Write::replace(&**after, plan.before.version)).tell(event);
            changes = true;
        }
        if !changes {
            return Ok(true);
        }
        match self.records.commit(change).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conflict { .. }) => Ok(false),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }
}

/// The e-mail address, as it is compared, that a row gives to a customer who had another one.
fn new_email(planned: &Planned) -> Option<&str> {
    let plan = planned.as_ref().ok()?;
    let after = plan.after.as_ref()?;
    (after.email_key() != plan.before.email_key()).then(|| after.email_key())
}

fn plan_row(row: &Row, customers: &HashMap<CustomerId, Arc<Customer>>, origin: &Origin, now: Time) -> Planned {
    let update = match &row.update {
        Ok(update) => update,
        Err(RowFault::Invalid(invalid)) => return Err(invalid.clone().into()),
        Err(RowFault::Repeated) => {
            return Err(OperationError::Conflict("An earlier row changes the same customer".into()));
        }
    };
    let before = Arc::clone(live(customers.get(&update.id))?);
    if update.expected.is_some_and(|expected| expected != before.version) {
        return Err(OperationError::VersionMismatch);
    }
    let draft = before.draft.patched(update.patch.clone())?;
    let after = (draft != before.draft).then(|| Arc::new(before.replaced(draft, origin.user_id(), now)));
    Ok(Plan { before, after })
}
