//! The rules of single customers.

use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Context};

use crate::actors::error::OperationError;
use crate::actors::listing::{NEWEST_FIRST, Page, read_page};
use crate::actors::records::{Change, Kind, Records, handlers, retry};
use crate::model::audit::{Action, AuditEvent, Origin};
use crate::model::customer::{Customer, CustomerDraft};
use crate::model::document::Document;
use crate::model::group::{GROUPS, Group};
use crate::model::id::CustomerId;
use crate::store::{CommitError, Filter, Write};

use super::messages::{
    BatchUpdateCustomers, CreateCustomer, DeleteCustomer, GetCustomer, GetStatistics, ListCustomers, PatchCustomer,
    ReplaceCustomer,
};

/// How conflicts over customers are told.
pub(super) const KIND: Kind = Kind { resource: "customer", unique: "email" };

/// Answers for customers. Its replicas share the store and the cache and keep no state of their own.
#[derive(Debug)]
pub struct CustomerActor(Rc<Customers>);

impl CustomerActor {
    /// An actor over these records.
    pub fn new(records: Records) -> Self {
        Self(Rc::new(Customers { records }))
    }
}

impl Actor for CustomerActor {
    type Context = Context<Self>;
}

handlers! {
    CustomerActor:
    CreateCustomer => create;
    GetCustomer => get, at hand: get_cached;
    ListCustomers => list;
    ReplaceCustomer => replace;
    PatchCustomer => patch;
    DeleteCustomer => delete;
    BatchUpdateCustomers => batch;
    GetStatistics => statistics;
}

/// What CustomerActor does.
#[derive(Debug)]
pub(super) struct Customers {
    pub(super) records: Records,
}

impl Customers {
    async fn create(&self, CreateCustomer { draft, origin }: CreateCustomer) -> Result<Arc<Customer>, OperationError> {
        let now = self.records.now();
        let customer = Customer::new(CustomerId::new(now), draft, origin.user_id(), now);
        let event = AuditEvent::new(Action::CustomerCreated, Some(customer.id.object_id()), &origin, now);
        self.records.commit(Change::insert(&customer).tell(event)).await.map_err(|error| KIND.error(error))?;
        Ok(Arc::new(customer))
    }

    fn get_cached(&self, GetCustomer { id }: &GetCustomer) -> Option<Result<Arc<Customer>, OperationError>> {
        let customer = self.records.peek(id.object_id())?;
        Some(live(Some(&customer)).cloned())
    }

    async fn get(&self, GetCustomer { id }: GetCustomer) -> Result<Arc<Customer>, OperationError> {
        live(self.records.read(id.object_id()).await?.as_ref()).cloned()
    }

    async fn list(&self, ListCustomers { page }: ListCustomers) -> Result<Page<Arc<Customer>>, OperationError> {
        let created = |customer: &Customer| customer.created_at;
        read_page(self.records.store(), vec![Filter::Live], NEWEST_FIRST, page, created).await
    }

    async fn replace(&self, message: ReplaceCustomer) -> Result<Arc<Customer>, OperationError> {
        let ReplaceCustomer { id, draft, expected, origin } = message;
        self.update(id, expected, &origin, |_| Ok(draft.clone())).await
    }

    async fn patch(&self, message: PatchCustomer) -> Result<Arc<Customer>, OperationError> {
        let PatchCustomer { id, patch, expected, origin } = message;
        self.update(id, expected, &origin, |before| Ok(before.patched(patch.clone())?)).await
    }

    /// Gives a customer another draft. One that is the same changes nothing and leaves no event (§10).
    async fn update(
        &self,
        id: CustomerId,
        expected: Option<u64>,
        origin: &Origin,
        redraft: impl Fn(&CustomerDraft) -> Result<CustomerDraft, OperationError>,
    ) -> Result<Arc<Customer>, OperationError> {
        let alter = |before: Option<&Arc<Customer>>, now| {
            let before = live(before)?;
            let draft = redraft(&before.draft)?;
            if draft == before.draft {
                return Ok(None);
            }
            let event = AuditEvent::new(Action::CustomerUpdated, Some(id.object_id()), origin, now);
            Ok(Some((before.replaced(draft, origin.user_id(), now), event)))
        };
        self.records.change(id.object_id(), expected, alter, KIND).await
    }

    async fn delete(&self, message: DeleteCustomer) -> Result<(), OperationError> {
        retry(async || self.try_delete(&message).await).await
    }

    /// One attempt; `None` if another change came first. The groups that the customer leaves have one member less: that is a
    /// change of theirs, too.
    async fn try_delete(&self, message: &DeleteCustomer) -> Result<Option<()>, OperationError> {
        let DeleteCustomer { id, expected, origin } = message;
        let before = self.records.read_fresh::<Customer>(id.object_id()).await?;
        let before = live(before.as_ref())?;
        if expected.is_some_and(|expected| expected != before.version) {
            return Err(OperationError::VersionMismatch);
        }
        let (now, by) = (self.records.now(), origin.user_id());
        let event = AuditEvent::new(Action::CustomerDeleted, Some(id.object_id()), origin, now);
        let mut change = Change::replace(&before.deleted(by, now), before.version).tell(event);
        let group_ids = before.group_ids.iter().map(|id| id.object_id()).collect();
        for group in self.records.store().get_many(&GROUPS, group_ids).await?.iter().map(Document::parse::<Group>) {
            let group = group?;
            if group.deleted_at.is_none() {
                change = change.and(Write::replace(&group.next(by, now), group.version));
            }
        }
        match self.records.commit(change).await {
            Ok(()) => Ok(Some(())),
            Err(CommitError::Conflict { .. }) => Ok(None),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }
}

/// The customer, if there is one and it was not deleted.
pub(super) fn live(customer: Option<&Arc<Customer>>) -> Result<&Arc<Customer>, OperationError> {
    match customer {
        None => Err(OperationError::NotFound(KIND.resource)),
        Some(customer) if customer.deleted_at.is_some() => Err(OperationError::Deleted(KIND.resource)),
        Some(customer) => Ok(customer),
    }
}
