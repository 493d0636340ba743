//! Deleting a group: its customers are unlinked, none is deleted.
//!
//! Up to [`CHUNK`] members go in the transaction of the deletion. A larger group is marked as still being unlinked, and
//! the rest follows in chunks, between other messages; the mark is durable, so a restart goes on with it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};

use crate::actors::error::OperationError;
use crate::actors::records::{Change, retry};
use crate::actors::supervision::{Isolated, isolated};
use crate::model::audit::{Action, AuditEvent};
use crate::model::customer::{CUSTOMERS, Customer};
use crate::model::document::Document;
use crate::model::group::{GROUPS, Group};
use crate::model::id::{GroupId, UserId};
use crate::store::{CommitError, Filter, Query, Sort, Value, Write};

use super::actor::{GroupActor, Groups, KIND, live, members};
use super::messages::DeleteGroup;

/// How many customers are unlinked in one commit.
const CHUNK: usize = 1_000;
/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_secs(5);

/// Unlinks the next chunk of customers of deleted groups. The actor tells it to itself.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Unlink;

impl Handler<DeleteGroup> for GroupActor {
    type Result = Isolated<Self, Result<(), OperationError>>;

    fn handle(&mut self, message: DeleteGroup, _: &mut Context<Self>) -> Self::Result {
        let groups = Rc::clone(&self.0);
        isolated(async move { groups.delete(message).await }.into_actor(self).map(|outcome, _, context| {
            if matches!(outcome, Ok(Remaining(true))) {
                context.notify(Unlink);
            }
            outcome.map(|_| ())
        }))
    }
}

impl Handler<Unlink> for GroupActor {
    type Result = ();

    fn handle(&mut self, _: Unlink, context: &mut Context<Self>) {
        let groups = Rc::clone(&self.0);
        context.spawn(async move { groups.unlink_next().await }.into_actor(self).map(
            |outcome, _, context| match outcome {
                Ok(Remaining(true)) => context.notify(Unlink),
                Ok(Remaining(false)) => {}
                Err(error) => {
                    tracing::warn!(%error, "customers of a deleted group could not be unlinked yet");
                    context.notify_later(Unlink, PAUSE);
                }
            },
        ));
    }
}

/// Whether there is more to unlink.
struct Remaining(bool);

impl Groups {
    async fn delete(&self, message: DeleteGroup) -> Result<Remaining, OperationError> {
        retry(async || self.try_delete(&message).await).await
    }

    /// One attempt; `None` if another change came first.
    async fn try_delete(&self, message: &DeleteGroup) -> Result<Option<Remaining>, OperationError> {
        let DeleteGroup { id, expected, origin } = message;
        let before = self.records.read_fresh::<Group>(id.object_id()).await?;
        let before = live(before.as_ref())?;
        if expected.is_some_and(|expected| expected != before.version) {
            return Err(OperationError::VersionMismatch);
        }
        let now = self.records.now();
        let mut after = before.next(origin.user_id(), now);
        after.deleted_at = Some(now);
        let (unlinked, remaining) = self.next_chunk(*id, origin.user_id()).await?;
        after.unlinking = remaining.0.then_some(1);
        let event = AuditEvent::new(Action::GroupDeleted, Some(id.object_id()), origin, now);
        let change = unlinked.into_iter().fold(Change::replace(&after, before.version), Change::and).tell(event);
        match self.records.commit(change).await {
            Ok(()) => Ok(Some(remaining)),
            Err(CommitError::Conflict { .. }) => Ok(None),
            Err(error) => Err(KIND.error(error)),
        }
    }

    /// Unlinks one chunk of one deleted group that still has members.
    async fn unlink_next(&self) -> Result<Remaining, OperationError> {
        let query = Query {
            collection: &GROUPS,
            filters: vec![Filter::Eq("unlinking", Value::Number(1))],
            sort: Sort { field: "unlinking", descending: false },
            after: None,
            limit: 1,
        };
        let Some(document) = self.records.store().find(query).await?.pop() else { return Ok(Remaining(false)) };
        let group = document.parse::<Group>()?;
        let (unlinked, remaining) = self.next_chunk(group.id, group.updated_by).await?;
        // The version keeps replicas from doing the same chunk twice; nobody reads it any more.
        let mut after = (*group).clone();
        (after.unlinking, after.version) = (remaining.0.then_some(1), group.version + 1);
        let change = unlinked.into_iter().fold(Change::replace(&after, group.version), Change::and);
        match self.records.commit(change).await {
            // Another replica, or a change of a customer, came first: look again.
            Ok(()) | Err(CommitError::Conflict { .. }) => Ok(Remaining(true)),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// The writes that unlink the next chunk of members, and whether there are more behind them.
    async fn next_chunk(&self, id: GroupId, by: UserId) -> Result<(Vec<Write>, Remaining), OperationError> {
        let query = Query {
            collection: &CUSTOMERS,
            filters: members(id),
            sort: crate::actors::listing::NEWEST_FIRST,
            after: None,
            limit: CHUNK + 1,
        };
        let documents = self.records.store().find(query).await?;
        let now = self.records.now();
        let remaining = Remaining(documents.len() > CHUNK);
        let customers = documents.iter().take(CHUNK).map(Document::parse);
        let customers: Vec<Arc<Customer>> = customers.collect::<Result<_, _>>()?;
        let unlink = |customer: &Arc<Customer>| {
            let others = customer.group_ids.iter().copied().filter(|group| *group != id).collect();
            Write::replace(&customer.in_groups(others, by, now), customer.version)
        };
        Ok((customers.iter().map(unlink).collect(), remaining))
    }
}
