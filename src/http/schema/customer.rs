//! Bodies of requests about customers (§5 of the contract).

use utoipa::ToSchema;

use super::scalars::{Country, EmailAddress, Metadata, MetadataPatch, Phone, Tags};

/// All that a client may say of a customer. Fields that can only be read are ignored, so that what was read can be sent back.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({
    "name": "Ada Lovelace", "email": "ada@example.com", "phone": "+441632960000", "company": "Analytical Engines",
    "status": "active", "address": {"line1": "12 St James's Square", "city": "London", "country": "GB"},
    "tags": ["vip"], "metadata": {"source": "fair"}
})))]
pub struct CustomerInput {
    /// What the customer is called.
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\x00]*$")]
    pub name: String,
    /// Unique among live customers, without regard to case.
    pub email: EmailAddress,
    /// Where the customer can be called.
    pub phone: Option<Phone>,
    /// Whom the customer works for.
    #[schema(max_length = 200, pattern = r"^[^\x00]*$")]
    pub company: Option<String>,
    /// Where the customer stands; `active` where absent.
    pub status: Option<CustomerStatus>,
    /// Where the customer lives.
    pub address: Option<AddressInput>,
    /// Labels.
    pub tags: Option<Tags>,
    /// What else there is to know.
    pub metadata: Option<Metadata>,
}

/// A JSON merge patch (RFC 7396): what is named is replaced, what is `null` is cleared, the rest stays.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"status": "lead", "phone": null, "metadata": {"source": "fair"}})))]
pub struct CustomerPatch {
    /// What the customer is called.
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\x00]*$", nullable = false)]
    pub name: Option<String>,
    /// Unique among live customers, without regard to case.
    #[schema(value_type = EmailAddress, required = false)]
    pub email: EmailAddress,
    /// Where the customer can be called.
    pub phone: Option<Phone>,
    /// Whom the customer works for.
    #[schema(max_length = 200, pattern = r"^[^\x00]*$")]
    pub company: Option<String>,
    /// Where the customer stands; cleared, it is `active`.
    pub status: Option<CustomerStatus>,
    /// Where the customer lives; merged part by part.
    pub address: Option<AddressInput>,
    /// Labels; replaced as a whole.
    pub tags: Option<Tags>,
    /// What else there is to know; merged key by key.
    pub metadata: Option<MetadataPatch>,
}

/// Where a customer stands: buys, used to buy, or may buy one day.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CustomerStatus {
    /// Buys.
    Active,
    /// Used to buy.
    Inactive,
    /// May buy one day.
    Lead,
}

/// A postal address.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddressInput {
    /// Street and number.
    #[schema(max_length = 200, pattern = r"^[^\x00]*$")]
    pub line1: Option<String>,
    /// What does not fit the first line.
    #[schema(max_length = 200, pattern = r"^[^\x00]*$")]
    pub line2: Option<String>,
    /// City or town.
    #[schema(max_length = 200, pattern = r"^[^\x00]*$")]
    pub city: Option<String>,
    /// State, province or region.
    #[schema(max_length = 200, pattern = r"^[^\x00]*$")]
    pub state: Option<String>,
    /// Postal code.
    #[schema(max_length = 20, pattern = r"^[^\x00]*$")]
    pub postal_code: Option<String>,
    /// The country.
    pub country: Option<Country>,
}

/// A postal address.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Street and number.
    #[schema(max_length = 200, nullable = false)]
    pub line1: Option<String>,
    /// What does not fit the first line.
    #[schema(max_length = 200, nullable = false)]
    pub line2: Option<String>,
    /// City or town.
    #[schema(max_length = 200, nullable = false)]
    pub city: Option<String>,
    /// State, province or region.
    #[schema(max_length = 200, nullable = false)]
    pub state: Option<String>,
    /// Postal code.
    #[schema(max_length = 20, nullable = false)]
    pub postal_code: Option<String>,
    /// The country.
    #[schema(value_type = Country, required = false)]
    pub country: Option<Country>,
}
