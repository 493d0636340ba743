//! `/auth/me`: the user who is signed in (§3 of the contract).

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::actors::auth::{GetUser, UpdateUser};
use crate::model::permission::Pattern;
use crate::model::user::{User, UserPatch};

use super::schema::account::MePatch;
use super::schema::parameters::{ConditionalRead, ConditionalWrite};
use super::schema::responses::VersionMismatch;
use super::users::UserView;
use super::{ApiError, Caller, IfMatch, JsonBody, Represent, Versioned};

/// A user, and what they may do.
pub struct Me {
    user: Arc<User>,
    permissions: Vec<Pattern>,
}

/// A user as they see themselves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeView<'a> {
    /// The user.
    #[serde(flatten)]
    user: UserView<'a>,
    /// What they may do: the patterns as held, through all roles.
    #[schema(value_type = Vec<String>, examples(json!(["customers:*"])))]
    permissions: &'a [Pattern],
}

impl Represent for Me {
    type Representation<'a> = MeView<'a>;

    fn represent(&self) -> MeView<'_> {
        MeView { user: self.user.represent(), permissions: &self.permissions }
    }
}

impl Me {
    /// The answer to this caller, who is the user.
    fn versioned(user: Arc<User>, caller: &Caller) -> Versioned<Self> {
        let permissions = caller.principal().grants.patterns.clone();
        Versioned::new(user.version, Self { user, permissions })
    }
}

/// Read one's own account, with what one may do.
#[utoipa::path(get, path = "/auth/me", operation_id = "readMe", tag = "Sign-in",
    params(ConditionalRead),
    responses(
        (status = 200, description = "The user.", body = MeView, headers(("ETag", description = "Their version"))),
        (status = 304, description = "It is still what the client has.")))]
pub async fn read(caller: Caller) -> Result<Versioned<Me>, ApiError> {
    let message = GetUser { id: caller.principal().user_id };
    let user = caller.api().mailboxes.auth.ask(caller.deadline(), message).await??;
    Ok(Me::versioned(user, &caller))
}

/// Change one's own name.
#[utoipa::path(patch, path = "/auth/me", operation_id = "changeMe", tag = "Sign-in",
    params(ConditionalWrite),
    request_body(content((MePatch = "application/json"), (MePatch = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "The user as they are now.", body = MeView,
            headers(("ETag", description = "Their version"))),
        (status = 412, response = VersionMismatch)))]
pub async fn patch(body: JsonBody, if_match: IfMatch, caller: Caller) -> Result<Versioned<Me>, ApiError> {
    let principal = caller.principal();
    let message = UpdateUser {
        id: principal.user_id,
        patch: UserPatch::read_own(body.0)?,
        expected: if_match.0,
        grants: principal.grants.clone(),
        origin: caller.origin(),
    };
    let user = caller.api().mailboxes.auth.ask(caller.deadline(), message).await??;
    Ok(Me::versioned(user, &caller))
}
