//! `/customers/groups`: what clients see of customer groups, and what they may do with them (§6 of the contract).

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::actors::groups::{CountedGroup, CreateGroup, DeleteGroup, GetGroup, ListGroups, ReplaceGroup};
use crate::model::customer::Metadata;
use crate::model::group::GroupDraft;
use crate::model::id::{GroupId, UserId};
use crate::model::time::{Time, rfc3339};

use super::schema::group::GroupInput;
use super::schema::page::PageOf;
use super::schema::parameters::{ConditionalRead, ConditionalWrite, IdPath, PageQuery};
use super::schema::responses::{Deleted, NotFound, VersionMismatch};
use super::schema::scalars;
use super::{ApiError, Caller, IfMatch, JsonBody, Listing, PageParameters, PathId, Represent, Versioned};

/// A customer group as clients see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Group)]
pub struct GroupView<'a> {
    /// Its id.
    #[schema(value_type = scalars::Id)]
    id: GroupId,
    /// Unique among live groups, without regard to case.
    #[schema(min_length = 1, max_length = 100)]
    name: &'a str,
    /// What the group is for.
    #[schema(max_length = 1000, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    /// What else there is to know.
    #[schema(value_type = scalars::Metadata)]
    metadata: &'a Metadata,
    /// How many live customers are its members.
    #[schema(minimum = 0)]
    member_count: u64,
    /// 1, and one more with each change, that of its members included.
    #[schema(minimum = 1)]
    version: u64,
    /// When the group was made.
    #[schema(value_type = scalars::Timestamp)]
    #[serde(serialize_with = "rfc3339")]
    created_at: Time,
    /// When the group was last changed.
    #[schema(value_type = scalars::Timestamp)]
    #[serde(serialize_with = "rfc3339")]
    updated_at: Time,
    /// The user who made the group.
    #[schema(value_type = scalars::Id)]
    created_by: UserId,
    /// The user who last changed the group.
    #[schema(value_type = scalars::Id)]
    updated_by: UserId,
}

impl Represent for CountedGroup {
    type Representation<'a> = GroupView<'a>;

    fn represent(&self) -> GroupView<'_> {
        let Self { group, member_count } = self;
        GroupView {
            id: group.id,
            name: &group.draft.name,
            description: group.draft.description.as_deref(),
            metadata: &group.draft.metadata,
            member_count: *member_count,
            version: group.version,
            created_at: group.created_at,
            updated_at: group.updated_at,
            created_by: group.created_by,
            updated_by: group.updated_by,
        }
    }
}

impl From<CountedGroup> for Versioned<CountedGroup> {
    fn from(counted: CountedGroup) -> Self {
        Self::new(counted.group.version, counted)
    }
}

/// Make a customer group.
#[utoipa::path(post, path = "/customers/groups", operation_id = "createGroup", tag = "Customer groups",
    request_body = GroupInput,
    responses(
        (status = 201, description = "The group was made.", body = GroupView, headers(
            ("Location", description = "Where the group is found"), ("ETag", description = "Its version")))))]
pub async fn create(body: JsonBody, caller: Caller) -> Result<Versioned<CountedGroup>, ApiError> {
    let message = CreateGroup { draft: GroupDraft::read(body.0)?, origin: caller.origin() };
    let counted = caller.api().mailboxes.groups.ask(caller.deadline(), message).await??;
    let location = caller.api().location("/customers/groups", counted.group.id);
    Ok(Versioned::created(counted.group.version, counted, location))
}

/// List customer groups, the newest first.
#[utoipa::path(get, path = "/customers/groups", operation_id = "listGroups", tag = "Customer groups",
    params(PageQuery),
    responses((status = 200, description = "One page of the list.", body = PageOf<GroupView>,
        headers(("Link", description = "The next page, as `rel=\"next\"`, where there is one")))))]
pub async fn list(page: PageParameters, caller: Caller) -> Result<Listing<CountedGroup>, ApiError> {
    let message = ListGroups { page: page.request() };
    let groups = caller.api().mailboxes.groups.ask(caller.deadline(), message).await??;
    Ok(page.answer(groups))
}

/// Read a customer group.
#[utoipa::path(get, path = "/customers/groups/{id}", operation_id = "readGroup", tag = "Customer groups",
    params(IdPath, ConditionalRead),
    responses(
        (status = 200, description = "The group.", body = GroupView, headers(("ETag", description = "Its version"))),
        (status = 304, description = "It is still what the client has."),
        (status = 404, response = NotFound),
        (status = 410, response = Deleted)))]
pub async fn read(id: PathId<GroupId>, caller: Caller) -> Result<Versioned<CountedGroup>, ApiError> {
    let counted = caller.api().mailboxes.groups.ask(caller.deadline(), GetGroup { id: id.0 }).await??;
    Ok(counted.into())
}

/// Replace a customer group.
///
/// Optional fields that are absent are cleared. The members stay.
#[utoipa::path(put, path = "/customers/groups/{id}", operation_id = "replaceGroup", tag = "Customer groups",
    params(IdPath, ConditionalWrite),
    request_body = GroupInput,
    responses(
        (status = 200, description = "The group as it is now.", body = GroupView,
            headers(("ETag", description = "Its version"))),
        (status = 404, response = NotFound),
        (status = 410, response = Deleted),
        (status = 412, response = VersionMismatch)))]
pub async fn replace(
    body: JsonBody,
    id: PathId<GroupId>,
    if_match: IfMatch,
    caller: Caller,
) -> Result<Versioned<CountedGroup>, ApiError> {
    let draft = GroupDraft::read(body.0)?;
    let message = ReplaceGroup { id: id.0, draft, expected: if_match.0, origin: caller.origin() };
    Ok(caller.api().mailboxes.groups.ask(caller.deadline(), message).await??.into())
}

/// Delete a customer group.
///
/// Its customers stay, and are members of it no longer.
#[utoipa::path(delete, path = "/customers/groups/{id}", operation_id = "deleteGroup", tag = "Customer groups",
    params(IdPath, ConditionalWrite),
    responses(
        (status = 204, description = "The group was deleted."),
        (status = 404, response = NotFound),
        (status = 410, response = Deleted),
        (status = 412, response = VersionMismatch)))]
pub async fn delete(id: PathId<GroupId>, if_match: IfMatch, caller: Caller) -> Result<HttpResponse, ApiError> {
    let message = DeleteGroup { id: id.0, expected: if_match.0, origin: caller.origin() };
    caller.api().mailboxes.groups.ask(caller.deadline(), message).await??;
    Ok(HttpResponse::NoContent().finish())
}
