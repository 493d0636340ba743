//! `/users`: what administrators see of users, and what they may change (§4 of the contract).

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::actors::auth::{GetUser, UpdateUser};
use crate::model::id::UserId;
use crate::model::role::RoleName;
use crate::model::time::{Time, rfc3339};
use crate::model::user::{User, UserPatch, UserStatus};

use super::schema::parameters::{ConditionalRead, ConditionalWrite, IdPath};
use super::schema::responses::{NotFound, VersionMismatch};
use super::schema::{account, scalars};
use super::{ApiError, Caller, IfMatch, JsonBody, PathId, Represent, Versioned};

/// A user as clients see them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub struct UserView<'a> {
    /// Their id.
    #[schema(value_type = scalars::Id)]
    id: UserId,
    /// Unique, in lower case.
    #[schema(value_type = scalars::EmailAddress)]
    email: &'a str,
    /// What they are called.
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// The roles they hold.
    #[schema(value_type = Vec<scalars::RoleText>)]
    roles: &'a [RoleName],
    /// Whether they may sign in.
    #[schema(value_type = account::UserState)]
    status: UserStatus,
    /// 1, and one more with each change.
    #[schema(minimum = 1)]
    version: u64,
    /// When they were made.
    #[schema(value_type = scalars::Timestamp)]
    #[serde(serialize_with = "rfc3339")]
    created_at: Time,
    /// When they were last changed.
    #[schema(value_type = scalars::Timestamp)]
    #[serde(serialize_with = "rfc3339")]
    updated_at: Time,
}

impl Represent for User {
    type Representation<'a> = UserView<'a>;

    fn represent(&self) -> UserView<'_> {
        UserView {
            id: self.id,
            email: self.email.as_str(),
            name: self.name.as_deref(),
            roles: &self.roles,
            status: self.status,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

impl From<Arc<User>> for Versioned<Arc<User>> {
    fn from(user: Arc<User>) -> Self {
        Self::new(user.version, user)
    }
}

/// Read a user.
#[utoipa::path(get, path = "/users/{id}", operation_id = "readUser", tag = "Users",
    params(IdPath, ConditionalRead),
    responses(
        (status = 200, description = "The user.", body = UserView, headers(("ETag", description = "Their version"))),
        (status = 304, description = "They are still what the client has."),
        (status = 404, response = NotFound)))]
pub async fn read(id: PathId<UserId>, caller: Caller) -> Result<Versioned<Arc<User>>, ApiError> {
    let user = caller.api().mailboxes.auth.ask(caller.deadline(), GetUser { id: id.0 }).await??;
    Ok(user.into())
}

/// Change a user: their name, roles or status.
///
/// Nobody grants what they do not hold: 403. The last administrator stays one: 409. Disabling a user ends their sessions.
#[utoipa::path(patch, path = "/users/{id}", operation_id = "changeUser", tag = "Users",
    params(IdPath, ConditionalWrite),
    request_body(content((account::UserPatch = "application/json"), (account::UserPatch = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "The user as they are now.", body = UserView,
            headers(("ETag", description = "Their version"))),
        (status = 404, response = NotFound),
        (status = 412, response = VersionMismatch)))]
pub async fn patch(
    body: JsonBody,
    id: PathId<UserId>,
    if_match: IfMatch,
    caller: Caller,
) -> Result<Versioned<Arc<User>>, ApiError> {
    let message = UpdateUser {
        id: id.0,
        patch: UserPatch::read(body.0)?,
        expected: if_match.0,
        grants: caller.principal().grants.clone(),
        origin: caller.origin(),
    };
    Ok(caller.api().mailboxes.auth.ask(caller.deadline(), message).await??.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_users_hash_is_never_told() {
        let stored = json!({
            "id": "76543210fedcba9876543210", "email": "ada@example.com", "passwordHash": "$argon2id$", "version": 2,
            "roles": ["manager"], "status": "active", "createdAt": 0, "updatedAt": 1_774_260_000_000_i64
        });
        let user: User = serde_json::from_value(stored).unwrap();
        let expected = json!({
            "id": "76543210fedcba9876543210", "email": "ada@example.com", "roles": ["manager"], "status": "active",
            "version": 2, "createdAt": "1970-01-01T00:00:00.000Z", "updatedAt": "2026-03-23T10:00:00.000Z"
        });
        assert_eq!(serde_json::to_value(user.represent()).unwrap(), expected);
    }
}
