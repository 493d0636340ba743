//! `/customers/groups/{id}/customers`: the members of a group (§6 of the contract).

use std::collections::HashSet;
use std::sync::Arc;

use actix_web::HttpResponse;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::actors::groups::{ChangeMembers, ListMembers, MemberChange, Membership};
use crate::model::customer::Customer;
use crate::model::error::{ErrorCode, Invalid};
use crate::model::form::Form;
use crate::model::id::{CustomerId, GroupId};

use super::customers::CustomerView;
use super::schema::group::MembersInput;
use super::schema::page::PageOf;
use super::schema::parameters::{IdPath, MemberIdsQuery, MembersQuery, PageQuery};
use super::schema::responses::{Deleted, NotFound};
use super::schema::scalars;
use super::{ApiError, Caller, JsonBody, Listing, OptionalJsonBody, PageParameters, Parameters, PathId};

/// How many members are changed at once, at most.
const MAX_MEMBERS: usize = 1_000;

/// What adding members came to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MembersAdded {
    /// How many customers became members.
    added: u64,
    /// How many were members already.
    unchanged: u64,
    /// Ids that name no live customer.
    #[schema(value_type = Vec<scalars::Id>)]
    not_found: Vec<CustomerId>,
    /// How many members the group has now.
    member_count: u64,
}

/// What removing members came to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MembersRemoved {
    /// How many customers ceased to be members.
    removed: u64,
    /// How many were none.
    unchanged: u64,
    /// Ids that name no live customer.
    #[schema(value_type = Vec<scalars::Id>)]
    not_found: Vec<CustomerId>,
    /// How many members the group has now.
    member_count: u64,
}

/// List the members of a group, the newest customer first.
#[utoipa::path(get, path = "/customers/groups/{id}/customers", operation_id = "listMembers", tag = "Customer groups",
    params(IdPath, PageQuery),
    responses(
        (status = 200, description = "One page of the list.", body = PageOf<CustomerView>,
            headers(("Link", description = "The next page, as `rel=\"next\"`, where there is one"))),
        (status = 404, response = NotFound),
        (status = 410, response = Deleted)))]
pub async fn list(
    id: PathId<GroupId>,
    page: PageParameters,
    caller: Caller,
) -> Result<Listing<Arc<Customer>>, ApiError> {
    let message = ListMembers { id: id.0, page: page.request() };
    let members = caller.api().mailboxes.groups.ask(caller.deadline(), message).await??;
    Ok(page.answer(members))
}

/// Make customers members of a group.
#[utoipa::path(post, path = "/customers/groups/{id}/customers", operation_id = "addMembers", tag = "Customer groups",
    params(IdPath, MembersQuery),
    request_body = MembersInput,
    responses(
        (status = 200, description = "They are members.", body = MembersAdded),
        (status = 404, response = NotFound),
        (status = 410, response = Deleted)))]
pub async fn add(
    body: JsonBody,
    id: PathId<GroupId>,
    mut query: Parameters,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let strict = query.boolean("strict").unwrap_or(false);
    query.finish(|| ())?;
    let customers = read_members(body.0)?;
    let membership = change(&caller, id.0, MemberChange::Add, customers, strict).await?;
    Ok(HttpResponse::Ok().json(MembersAdded {
        added: membership.changed,
        unchanged: membership.unchanged,
        not_found: membership.not_found,
        member_count: membership.member_count,
    }))
}

/// Remove customers from a group.
///
/// They are named in the body or in `ids`, not in both.
#[utoipa::path(delete, path = "/customers/groups/{id}/customers", operation_id = "removeMembers",
    tag = "Customer groups",
    params(IdPath, MembersQuery, MemberIdsQuery),
    request_body = Option<MembersInput>,
    responses(
        (status = 200, description = "They are members no longer.", body = MembersRemoved),
        (status = 404, response = NotFound),
        (status = 410, response = Deleted)))]
pub async fn remove(
    body: OptionalJsonBody,
    id: PathId<GroupId>,
    mut query: Parameters,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let strict = query.boolean("strict").unwrap_or(false);
    let listed = query.checked("ids", listed_members, || "is not a list of 1 to 1,000 ids with commas between them");
    let is_listed = query.finish(|| listed.is_some())?;
    let customers = match (body.0, listed) {
        (Some(body), None) => read_members(body)?,
        (None, Some(listed)) => listed,
        _ => return Err(named_once(is_listed).into()),
    };
    let membership = change(&caller, id.0, MemberChange::Remove, customers, strict).await?;
    Ok(HttpResponse::Ok().json(MembersRemoved {
        removed: membership.changed,
        unchanged: membership.unchanged,
        not_found: membership.not_found,
        member_count: membership.member_count,
    }))
}

async fn change(
    caller: &Caller,
    id: GroupId,
    change: MemberChange,
    customers: Vec<CustomerId>,
    strict: bool,
) -> Result<Membership, ApiError> {
    let message = ChangeMembers { id, change, customers, strict, origin: caller.origin() };
    Ok(caller.api().mailboxes.groups.ask(caller.deadline(), message).await??)
}

/// Reads the body that names customers: 1 to 1,000, repeated ones merged.
fn read_members(body: Value) -> Result<Vec<CustomerId>, Invalid> {
    let mut form = Form::of(body)?;
    let customers = form.required("customerIds", |field, value| {
        field.list(value, (1, MAX_MEMBERS), |field, value| {
            field.formed(value, "is not an id: 24 lower-case hexadecimal digits", |text| text.parse().ok())
        })
    });
    form.finish(|| customers.map(merged))
}

/// Reads the parameter that names customers in the place of a body.
fn listed_members(text: &str) -> Option<Vec<CustomerId>> {
    let customers: Vec<CustomerId> = text.split(',').map(|id| id.parse().ok()).collect::<Option<_>>()?;
    (1..=MAX_MEMBERS).contains(&customers.len()).then(|| merged(customers))
}

/// Each once, where it was named first.
fn merged(mut customers: Vec<CustomerId>) -> Vec<CustomerId> {
    let mut seen = HashSet::with_capacity(customers.len());
    customers.retain(|customer| seen.insert(*customer));
    customers
}

/// What is wrong where customers are named in both places, or in neither.
fn named_once(is_listed: bool) -> Invalid {
    if is_listed {
        Invalid::at("/ids", ErrorCode::InvalidInput, "cannot be there together with a body")
    } else {
        Invalid::at("/customerIds", ErrorCode::MissingRequiredField, "is missing, and so is the parameter ids")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ONE: &str = "0123456789abcdef01234567";
    const OTHER: &str = "76543210fedcba9876543210";

    fn fault(body: Value) -> (String, u16) {
        let Invalid(errors) = read_members(body).unwrap_err();
        (errors[0].pointer.clone(), errors[0].code.number())
    }

    #[test]
    fn repeated_members_are_merged_in_a_body_and_in_a_query() {
        let customers = read_members(json!({"customerIds": [OTHER, ONE, OTHER]})).unwrap();
        assert_eq!(customers, [OTHER.parse().unwrap(), ONE.parse().unwrap()]);
        assert_eq!(listed_members(&format!("{OTHER},{ONE},{OTHER}")), Some(customers));
    }

    #[test]
    fn members_that_cannot_be_read_are_named_by_their_place() {
        assert_eq!(fault(json!({"customerIds": [ONE, "x"]})), ("/customerIds/1".to_owned(), 2004));
        assert_eq!(fault(json!({"customerIds": [7]})), ("/customerIds/0".to_owned(), 2002));
        assert_eq!(fault(json!({"customerIds": []})), ("/customerIds".to_owned(), 2002));
        assert_eq!(fault(json!({"customerIds": vec![ONE; 1_001]})), ("/customerIds".to_owned(), 2002));
        assert_eq!(fault(json!({})), ("/customerIds".to_owned(), 2003));
        assert_eq!(fault(json!({"customerIds": [ONE], "x": 1})), ("/x".to_owned(), 2002));
        for malformed in ["", ",", "x", &format!("{ONE},"), &format!("{ONE} ,{OTHER}")] {
            assert_eq!(listed_members(malformed), None, "{malformed}");
        }
    }
}
