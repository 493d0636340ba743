//! Who is in a group. The customers say so; the group's version tells that it changed.

use std::collections::HashSet;
use std::sync::Arc;

use crate::actors::error::OperationError;
use crate::actors::listing::{NEWEST_FIRST, Page, read_page};
use crate::actors::records::{Change, retry};
use crate::model::audit::{Action, AuditEvent};
use crate::model::customer::{CUSTOMERS, Customer};
use crate::model::document::Document;
use crate::model::group::Group;
use crate::model::id::{CustomerId, GroupId};
use crate::store::{CommitError, Write};

use super::actor::{Groups, live, members};
use super::messages::{ChangeMembers, ListMembers, MemberChange, Membership};

impl Groups {
    pub(super) async fn list_members(&self, message: ListMembers) -> Result<Page<Arc<Customer>>, OperationError> {
        let ListMembers { id, page } = message;
        live(self.records.read_fresh::<Group>(id.object_id()).await?.as_ref())?;
        let created = |customer: &Customer| customer.created_at;
        read_page(self.records.store(), members(id), NEWEST_FIRST, page, created).await
    }

    pub(super) async fn change_members(&self, message: ChangeMembers) -> Result<Membership, OperationError> {
        retry(async || self.try_change_members(&message).await).await
    }

    /// One attempt; `None` if another change came first.
    async fn try_change_members(&self, message: &ChangeMembers) -> Result<Option<Membership>, OperationError> {
        let ChangeMembers { id, change, customers, strict, origin } = message;
        let group = self.records.read_fresh::<Group>(id.object_id()).await?;
        let group = live(group.as_ref())?;
        let (found, not_found) = self.live_customers(customers).await?;
        if *strict && !not_found.is_empty() {
            return Err(OperationError::NotFound("customer"));
        }
        let (now, by) = (self.records.now(), origin.user_id());
        let altered: Vec<_> = found
            .iter()
            .filter_map(|before| {
                Some((before.version, before.in_groups(altered_groups(before, *id, *change)?, by, now)))
            })
            .collect();
        if !altered.is_empty() {
            let action = match change {
                MemberChange::Add => Action::GroupMembersAdded,
                MemberChange::Remove => Action::GroupMembersRemoved,
            };
            let writes = Change::replace(&group.next(by, now), group.version);
            let writes =
                altered.iter().fold(writes, |writes, (version, after)| writes.and(Write::replace(after, *version)));
            match self.records.commit(writes.tell(AuditEvent::new(action, Some(id.object_id()), origin, now))).await {
                Ok(()) => {}
                Err(CommitError::Conflict { .. }) => return Ok(None),
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Ok(Some(Membership {
            changed: altered.len() as u64,
            unchanged: (found.len() - altered.len()) as u64,
            not_found,
            member_count: self.count_members(*id).await?,
        }))
    }

    /// Those of the customers that are live, and the ids of the others.
    async fn live_customers(
        &self,
        ids: &[CustomerId],
    ) -> Result<(Vec<Arc<Customer>>, Vec<CustomerId>), OperationError> {
        let wanted = ids.iter().map(|id| id.object_id()).collect();
        let documents = self.records.store().get_many(&CUSTOMERS, wanted).await?;
        let mut found: Vec<Arc<Customer>> = documents.iter().map(Document::parse).collect::<Result<_, _>>()?;
        found.retain(|customer| customer.deleted_at.is_none());
        let known: HashSet<_> = found.iter().map(|customer| customer.id).collect();
        let not_found = ids.iter().copied().filter(|id| !known.contains(id)).collect();
        Ok((found, not_found))
    }
}

/// The customer's groups after the change; `None` if they stay as they are.
fn altered_groups(customer: &Customer, group: GroupId, change: MemberChange) -> Option<Vec<GroupId>> {
    let is_member = customer.group_ids.contains(&group);
    match change {
        MemberChange::Add if !is_member => Some([customer.group_ids.as_slice(), &[group]].concat()),
        MemberChange::Remove if is_member => {
            Some(customer.group_ids.iter().copied().filter(|id| *id != group).collect())
        }
        MemberChange::Add | MemberChange::Remove => None,
    }
}
