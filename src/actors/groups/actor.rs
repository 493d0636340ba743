//! The rules of groups themselves.

use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, AsyncContext, Context};
use futures_util::future::try_join_all;

use crate::actors::error::OperationError;
use crate::actors::listing::{NEWEST_FIRST, Page, read_page};
use crate::actors::records::{Change, Kind, Records, handlers};
use crate::model::audit::{Action, AuditEvent};
use crate::model::customer::CUSTOMERS;
use crate::model::group::Group;
use crate::model::id::GroupId;
use crate::store::{Filter, StoreError};

use super::messages::{ChangeMembers, CountedGroup, CreateGroup, GetGroup, ListGroups, ListMembers, ReplaceGroup};
use super::unlinking::Unlink;

/// How conflicts over groups are told.
pub(super) const KIND: Kind = Kind { resource: "group", unique: "name" };

/// Answers for customer groups. Its replicas share the store and the cache and keep no state of their own.
#[derive(Debug)]
pub struct GroupActor(pub(super) Rc<Groups>);

impl GroupActor {
    /// An actor over these records.
    pub fn new(records: Records) -> Self {
        Self(Rc::new(Groups { records }))
    }
}

impl Actor for GroupActor {
    type Context = Context<Self>;

    /// A deletion that a crash or a stop cut short goes on.
    fn started(&mut self, context: &mut Self::Context) {
        context.notify(Unlink);
    }
}

handlers! {
    GroupActor:
    CreateGroup => create;
    GetGroup => get;
    ListGroups => list;
    ReplaceGroup => replace;
    ChangeMembers => change_members;
    ListMembers => list_members;
}

/// What GroupActor does.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) records: Records,
}

impl Groups {
    async fn create(&self, CreateGroup { draft, origin }: CreateGroup) -> Result<CountedGroup, OperationError> {
        let now = self.records.now();
        let group = Group::new(GroupId::new(now), draft, origin.user_id(), now);
        let event = AuditEvent::new(Action::GroupCreated, Some(group.id.object_id()), &origin, now);
        self.records.commit(Change::insert(&group).tell(event)).await.map_err(|error| KIND.error(error))?;
        Ok(CountedGroup { group: Arc::new(group), member_count: 0 })
    }

    async fn get(&self, GetGroup { id }: GetGroup) -> Result<CountedGroup, OperationError> {
        let group = self.records.read_fresh(id.object_id()).await?;
        self.counted(Arc::clone(live(group.as_ref())?)).await
    }

    async fn list(&self, ListGroups { page }: ListGroups) -> Result<Page<CountedGroup>, OperationError> {
        let created = |group: &Group| group.created_at;
        let page = read_page(self.records.store(), vec![Filter::Live], NEWEST_FIRST, page, created).await?;
        let items = try_join_all(page.items.into_iter().map(|group| self.counted(group))).await?;
        Ok(Page { items, next: page.next, total: page.total })
    }

    async fn replace(&self, message: ReplaceGroup) -> Result<CountedGroup, OperationError> {
        let ReplaceGroup { id, draft, expected, origin } = message;
        let alter = |before: Option<&Arc<Group>>, now| {
            let before = live(before)?;
            if draft == before.draft {
                return Ok(None);
            }
            let event = AuditEvent::new(Action::GroupUpdated, Some(id.object_id()), &origin, now);
            Ok(Some((before.replaced(draft.clone(), origin.user_id(), now), event)))
        };
        let group = self.records.change(id.object_id(), expected, alter, KIND).await?;
        self.counted(group).await
    }

    /// The group with the number of its live members, which an index tells.
    pub(super) async fn counted(&self, group: Arc<Group>) -> Result<CountedGroup, OperationError> {
        let member_count = self.count_members(group.id).await?;
        Ok(CountedGroup { group, member_count })
    }

    pub(super) async fn count_members(&self, id: GroupId) -> Result<u64, StoreError> {
        self.records.store().count(&CUSTOMERS, members(id)).await
    }
}

/// What the live members of a group have in common.
pub(super) fn members(id: GroupId) -> Vec<Filter> {
    vec![Filter::Live, Filter::Eq("groupIds", id.object_id().into())]
}

/// The group, if there is one and it was not deleted.
pub(super) fn live(group: Option<&Arc<Group>>) -> Result<&Arc<Group>, OperationError> {
    match group {
        None => Err(OperationError::NotFound(KIND.resource)),
        Some(group) if group.deleted_at.is_some() => Err(OperationError::Deleted(KIND.resource)),
        Some(group) => Ok(group),
    }
}
