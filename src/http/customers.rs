//! `/customers`: what clients see of customers, and what they may do with them (§5 of the contract).

use std::sync::Arc;

use actix_web::HttpResponse;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::actors::customers::{
    CreateCustomer, DeleteCustomer, GetCustomer, ListCustomers, PatchCustomer, ReplaceCustomer,
};
use crate::model::customer::{Address, Customer, CustomerDraft, CustomerStatus, Metadata};
use crate::model::error::Invalid;
use crate::model::id::{CustomerId, GroupId, UserId};
use crate::model::time::{Time, rfc3339};

use super::schema::customer::{CustomerInput, CustomerPatch};
use super::schema::parameters::{ConditionalRead, ConditionalWrite, IdPath, PageQuery};
use super::schema::responses::{Deleted, NotFound, VersionMismatch};
use super::schema::{self, page::PageOf, scalars};
use super::{ApiError, Caller, IfMatch, JsonBody, Listing, PageParameters, PathId, Represent, Versioned};

/// A customer as clients see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Customer)]
pub struct CustomerView<'a> {
    /// Its id.
    #[schema(value_type = scalars::Id)]
    id: CustomerId,
    /// What the customer is called.
    #[schema(min_length = 1, max_length = 200)]
    name: &'a str,
    /// Unique among live customers, without regard to case.
    #[schema(value_type = scalars::EmailAddress)]
    email: &'a str,
    /// Where the customer can be called.
    #[schema(value_type = scalars::Phone)]
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    /// Whom the customer works for.
    #[schema(max_length = 200, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<&'a str>,
    /// Where the customer stands.
    #[schema(value_type = schema::customer::CustomerStatus)]
    status: CustomerStatus,
    /// Where the customer lives.
    #[schema(value_type = schema::customer::Address)]
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a Address>,
    /// Labels.
    #[schema(value_type = scalars::Tags)]
    tags: &'a [String],
    /// What else there is to know.
    #[schema(value_type = scalars::Metadata)]
    metadata: &'a Metadata,
    /// The groups that the customer is a member of.
    #[schema(value_type = Vec<scalars::Id>)]
    group_ids: &'a [GroupId],
    /// 1, and one more with each change.
    #[schema(minimum = 1)]
    version: u64,
    /// When the customer was made.
    #[schema(value_type = scalars::Timestamp)]
    #[serde(serialize_with = "rfc3339")]
    created_at: Time,
    /// When the customer was last changed.
    #[schema(value_type = scalars::Timestamp)]
    #[serde(serialize_with = "rfc3339")]
    updated_at: Time,
    /// The user who made the customer.
    #[schema(value_type = scalars::Id)]
    created_by: UserId,
    /// The user who last changed the customer.
    #[schema(value_type = scalars::Id)]
    updated_by: UserId,
}

impl Represent for Customer {
    type Representation<'a> = CustomerView<'a>;

    fn represent(&self) -> CustomerView<'_> {
        let draft = &self.draft;
        CustomerView {
            id: self.id,
            name: &draft.name,
            email: draft.email.as_str(),
            phone: draft.phone.as_deref(),
            company: draft.company.as_deref(),
            status: draft.status,
            address: draft.address.as_ref(),
            tags: &draft.tags,
            metadata: &draft.metadata,
            group_ids: &self.group_ids,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            created_by: self.created_by,
            updated_by: self.updated_by,
        }
    }
}

impl From<Arc<Customer>> for Versioned<Arc<Customer>> {
    fn from(customer: Arc<Customer>) -> Self {
        Self::new(customer.version, customer)
    }
}

/// Make a customer.
#[utoipa::path(post, path = "/customers", operation_id = "createCustomer", tag = "Customers",
    request_body = CustomerInput,
    responses(
        (status = 201, description = "The customer was made.", body = CustomerView, headers(
            ("Location", description = "Where the customer is found"), ("ETag", description = "Its version")))))]
pub async fn create(body: JsonBody, caller: Caller) -> Result<Versioned<Arc<Customer>>, ApiError> {
    let message = CreateCustomer { draft: CustomerDraft::read(body.0)?, origin: caller.origin() };
    let customer = caller.api().mailboxes.customers.ask(caller.deadline(), message).await??;
    let location = caller.api().location("/customers", customer.id);
    Ok(Versioned::created(customer.version, customer, location))
}

/// List customers, the newest first.
#[utoipa::path(get, path = "/customers", operation_id = "listCustomers", tag = "Customers",
    params(PageQuery),
    responses((status = 200, description = "One page of the list.", body = PageOf<CustomerView>,
        headers(("Link", description = "The next page, as `rel=\"next\"`, where there is one")))))]
pub async fn list(page: PageParameters, caller: Caller) -> Result<Listing<Arc<Customer>>, ApiError> {
    let message = ListCustomers { page: page.request() };
    let customers = caller.api().mailboxes.customers.ask(caller.deadline(), message).await??;
    Ok(page.answer(customers))
}

/// Read a customer.
#[utoipa::path(get, path = "/customers/{id}", operation_id = "readCustomer", tag = "Customers",
    params(IdPath, ConditionalRead),
    responses(
        (status = 200, description = "The customer.", body = CustomerView,
            headers(("ETag", description = "Its version"))),
        (status = 304, description = "It is still what the client has."),
        (status = 404, response = NotFound),
        (status = 410, response = Deleted)))]
pub async fn read(id: PathId<CustomerId>, caller: Caller) -> Result<Versioned<Arc<Customer>>, ApiError> {
    let customer = caller.api().mailboxes.customers.ask(caller.deadline(), GetCustomer { id: id.0 }).await??;
    Ok(customer.into())
}

/// Replace a customer.
///
/// Optional fields that are absent are cleared.
#[utoipa::path(put, path = "/customers/{id}", operation_id = "replaceCustomer", tag = "Customers",
    params(IdPath, ConditionalWrite),
    request_body = CustomerInput,
    responses(
        (status = 200, description = "The customer as it is now.", body = CustomerView,
            headers(("ETag", description = "Its version"))),
        (status = 404, response = NotFound),
        (status = 410, response = Deleted),
        (status = 412, response = VersionMismatch)))]
pub async fn replace(
    body: JsonBody,
    id: PathId<CustomerId>,
    if_match: IfMatch,
    caller: Caller,
) -> Result<Versioned<Arc<Customer>>, ApiError> {
    let draft = CustomerDraft::read(body.0)?;
    let message = ReplaceCustomer { id: id.0, draft, expected: if_match.0, origin: caller.origin() };
    Ok(caller.api().mailboxes.customers.ask(caller.deadline(), message).await??.into())
}

/// Change a customer by a JSON merge patch (RFC 7396).
///
/// What is named is replaced, what is `null` is cleared, the rest stays.
#[utoipa::path(patch, path = "/customers/{id}", operation_id = "changeCustomer", tag = "Customers",
    params(IdPath, ConditionalWrite),
    request_body(content((CustomerPatch = "application/json"), (CustomerPatch = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "The customer as it is now.", body = CustomerView,
            headers(("ETag", description = "Its version"))),
        (status = 404, response = NotFound),
        (status = 410, response = Deleted),
        (status = 412, response = VersionMismatch)))]
pub async fn patch(
    body: JsonBody,
    id: PathId<CustomerId>,
    if_match: IfMatch,
    caller: Caller,
) -> Result<Versioned<Arc<Customer>>, ApiError> {
    refuse_hopeless(&body.0)?;
    let message = PatchCustomer { id: id.0, patch: body.0, expected: if_match.0, origin: caller.origin() };
    Ok(caller.api().mailboxes.customers.ask(caller.deadline(), message).await??.into())
}

/// Refuses a patch that no customer can take, before it is known whether this one is there: 400 comes before 404 (§10).
fn refuse_hopeless(patch: &Value) -> Result<(), Invalid> {
    let simplest = CustomerDraft::read(json!({"name": "-", "email": "nobody@example.com"}))?;
    simplest.patched(patch.clone()).map(drop)
}

/// Delete a customer.
///
/// Its e-mail address is free from then on.
#[utoipa::path(delete, path = "/customers/{id}", operation_id = "deleteCustomer", tag = "Customers",
    params(IdPath, ConditionalWrite),
    responses(
        (status = 204, description = "The customer was deleted."),
        (status = 404, response = NotFound),
        (status = 410, response = Deleted),
        (status = 412, response = VersionMismatch)))]
pub async fn delete(id: PathId<CustomerId>, if_match: IfMatch, caller: Caller) -> Result<HttpResponse, ApiError> {
    let message = DeleteCustomer { id: id.0, expected: if_match.0, origin: caller.origin() };
    caller.api().mailboxes.customers.ask(caller.deadline(), message).await??;
    Ok(HttpResponse::NoContent().finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_see_what_is_there_and_nothing_of_how_it_is_kept() {
        let draft = json!({"name": "Ada", "email": "Ada@example.com", "address": {"country": "GB"}, "tags": ["vip"]});
        let (id, by): (CustomerId, UserId) =
            ("76543210fedcba9876543210".parse().unwrap(), "0123456789abcdef01234567".parse().unwrap());
        let now = Time::from_millis(1_774_260_000_007);
        let customer = Customer::new(id, CustomerDraft::read(draft).unwrap(), by, now);
        let expected = json!({
            "id": "76543210fedcba9876543210", "name": "Ada", "email": "Ada@example.com", "status": "active",
            "address": {"country": "GB"}, "tags": ["vip"], "metadata": {}, "groupIds": [], "version": 1,
            "createdAt": "2026-03-23T10:00:00.007Z", "updatedAt": "2026-03-23T10:00:00.007Z",
            "createdBy": "0123456789abcdef01234567", "updatedBy": "0123456789abcdef01234567"
        });
        assert_eq!(serde_json::to_value(customer.represent()).unwrap(), expected);
    }

    #[test]
    fn a_patch_is_hopeless_if_no_customer_can_take_it() {
        let fault = |patch| refuse_hopeless(&patch).map_err(|invalid| invalid.code().number());
        for possible in [json!({}), json!({"phone": null, "tags": ["a"]}), json!({"metadata": {"a": null}, "id": 7})] {
            assert_eq!(fault(possible.clone()), Ok(()), "{possible}");
        }
        for (hopeless, code) in [
            (json!([]), 2002),
            (json!({"name": null}), 2003),
            (json!({"email": "x"}), 2004),
            (json!({"surprise": 1}), 2002),
            (json!({"address": "London"}), 2002),
        ] {
            assert_eq!(fault(hopeless.clone()), Err(code), "{hopeless}");
        }
    }
}
