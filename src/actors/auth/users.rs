//! Users and what they may do.

use std::sync::Arc;

use crate::actors::error::OperationError;
use crate::actors::records::{Change, retry};
use crate::model::audit::{Action, AuditEvent};
use crate::model::document::Document;
use crate::model::permission::Permission;
use crate::model::role::{Grants, RoleName};
use crate::model::user::{AdminRoll, USERS, User, UserPatch};
use crate::store::{CommitError, Filter, Query, Sort, Write};

use super::actor::{Auth, KIND};
use super::messages::{CreateAdmin, GetUser, HasAdmin, UpdateUser};

/// How many administrators are looked at to find one who can still sign in.
const MAX_ADMINS: usize = 1_000;

impl Auth {
    pub(super) async fn get_user(&self, GetUser { id }: GetUser) -> Result<Arc<User>, OperationError> {
        existing(self.records.read(id.object_id()).await?)
    }

    pub(super) async fn update_user(&self, message: UpdateUser) -> Result<Arc<User>, OperationError> {
        retry(async || self.try_update_user(&message).await).await
    }

    /// One attempt; `None` if another change came first.
    async fn try_update_user(&self, message: &UpdateUser) -> Result<Option<Arc<User>>, OperationError> {
        let UpdateUser { id, patch, expected, grants, origin } = message;
        let before = existing(self.records.read_fresh(id.object_id()).await?)?;
        if expected.is_some_and(|expected| expected != before.version) {
            return Err(OperationError::VersionMismatch);
        }
        let mut after = patched(&before, patch);
        if after == *before {
            return Ok(Some(before));
        }
        refuse_escalation(&before, &after, grants)?;
        let now = self.records.now();
        (after.version, after.updated_at) = (before.version + 1, now);
        let event = AuditEvent::new(Action::UserUpdated, Some(id.object_id()), origin, now);
        let mut change = Change::replace(&after, before.version).tell(event);
        if before.is_working_admin() && !after.is_working_admin() {
            change = change.and(self.leave_admins(&before).await?);
        }
        match self.records.commit(change).await {
            Ok(()) => Ok(Some(Arc::new(after))),
            Err(CommitError::Conflict { .. }) => Ok(None),
            Err(error) => Err(KIND.error(error)),
        }
    }

    /// The write that must go with the loss of an administrator: it makes two losses at once clash, so that each sees the other.
    async fn leave_admins(&self, leaving: &User) -> Result<Write, OperationError> {
        let roll = self.records.read_fresh::<AdminRoll>(AdminRoll::ID).await?;
        let others = self.admins().await?;
        if !others.iter().any(|user| user.id != leaving.id && user.is_working_admin()) {
            return Err(OperationError::Conflict(
                "The last administrator cannot be removed, disabled or demoted".into(),
            ));
        }
        let version = roll.map_or(0, |roll| roll.version);
        let next = AdminRoll { version: version + 1 };
        Ok(if version == 0 { Write::insert(&next) } else { Write::replace(&next, version) })
    }

    async fn admins(&self) -> Result<Vec<Arc<User>>, OperationError> {
        let query = Query {
            collection: &USERS,
            filters: vec![Filter::Live, Filter::Eq("roles", RoleName::admin().as_str().into())],
            sort: Sort { field: "createdAt", descending: false },
            after: None,
            limit: MAX_ADMINS,
        };
        let documents = self.records.store().find(query).await?;
        Ok(documents.iter().map(Document::parse).collect::<Result<_, _>>()?)
    }

    pub(super) async fn has_admin(&self, _: HasAdmin) -> Result<bool, OperationError> {
        Ok(self.admins().await?.iter().any(|user| user.is_working_admin()))
    }

    pub(super) async fn create_admin(&self, message: CreateAdmin) -> Result<Arc<User>, OperationError> {
        let CreateAdmin { registration, origin } = message;
        let user = self.new_user(registration, vec![RoleName::admin()]).await?;
        let event = AuditEvent::new(Action::UserCreated, Some(user.id.object_id()), &origin, user.created_at);
        self.records.commit(Change::insert(&user).tell(event)).await.map_err(|error| KIND.error(error))?;
        Ok(Arc::new(user))
    }
}

/// The user, if there is one; a deleted one is not there (§10).
fn existing(user: Option<Arc<User>>) -> Result<Arc<User>, OperationError> {
    user.filter(|user| user.deleted_at.is_none()).ok_or(OperationError::NotFound(KIND.resource))
}

fn patched(user: &User, patch: &UserPatch) -> User {
    let mut after = user.clone();
    if let Some(name) = &patch.name {
        after.name.clone_from(name);
    }
    if let Some(roles) = &patch.roles {
        after.roles.clone_from(roles);
    }
    if let Some(status) = patch.status {
        after.status = status;
    }
    after
}

/// Nobody grants what they do not hold (§4).
fn refuse_escalation(before: &User, after: &User, grants: &Grants) -> Result<(), OperationError> {
    let added: Vec<RoleName> = after.roles.iter().filter(|role| !before.roles.contains(role)).cloned().collect();
    if grants.admin || added.is_empty() {
        return Ok(());
    }
    let granted = Grants::of(&added);
    // The bypass itself is more than all permissions together.
    let lacking =
        grants.permissions.first_lacking(granted.permissions).or(granted.admin.then_some(Permission::RolesWrite));
    lacking.map_or(Ok(()), |permission| Err(OperationError::Forbidden(permission)))
}
