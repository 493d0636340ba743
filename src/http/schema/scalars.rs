//! Texts of a certain form, as the API document describes them.

use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::model::error::ErrorCode;

/// Matches what has no NUL character: no text may have one (§10 of the contract).
const NO_NUL: &str = r"^[^\x00]*$";

/// Declares texts of a certain form, each a component of the document.
macro_rules! scalars {
    ($($(#[doc = $doc:literal])+ $name:ident = $schema:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.description(Some(concat!($($doc),+).trim_start())).build().into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

scalars! {
    /// Names a resource: 24 lower-case hexadecimal digits.
    Id = string().pattern(Some("^[0-9a-f]{24}$")).examples(["69c10f2e5b3a4d7f9e8c1a20"]);
    /// A point in time: RFC 3339, UTC, to the millisecond.
    Timestamp = string()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .examples(["2026-03-23T10:00:00.000Z"]);
    /// An e-mail address; space around it is cut off.
    EmailAddress = string()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
        .max_length(Some(254))
        .examples(["ada@example.com"]);
    /// A phone number of E.164.
    Phone = string().pattern(Some(r"^\+[1-9][0-9]{1,14}$")).examples(["+441632960000"]);
    /// A country of ISO 3166-1: its two upper-case letters.
    Country = string()
        .enum_values(Some(isocountry::CountryCode::iter().map(|country| country.alpha2())))
        .examples(["GB"]);
    /// A role's name.
    RoleText = string().pattern(Some("^[a-z0-9-]{1,64}$")).examples(["manager"]);
    /// A token as it was issued.
    Token = text(1, 4_096);
    /// A code of the contract; `GET /errors/{name}` explains each.
    ErrorNumber = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .enum_values(Some(ErrorCode::ALL.iter().map(|code| code.number())));
    /// The name of a code.
    ErrorName = string().enum_values(Some(ErrorCode::ALL.iter().map(|code| code.name())));
    /// A set of labels: repeated ones are merged.
    Tags = ArrayBuilder::new().items(text(1, 50)).max_items(Some(50)).examples([serde_json::json!(["vip"])]);
    /// Texts by keys, for the client's own use.
    Metadata = texts(text(0, 500));
    /// Texts by keys; `null` clears a key.
    MetadataPatch = texts(text(0, 500).schema_type(SchemaType::from_iter([Type::String, Type::Null])));
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A text of `min` to `max` Unicode characters, without NUL.
fn text(min: usize, max: usize) -> ObjectBuilder {
    string().min_length(Some(min)).max_length(Some(max)).pattern(Some(NO_NUL))
}

/// At most 50 keys of 1 to 40 characters, and values of this form.
fn texts(value: impl Into<RefOr<Schema>>) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property_names(Some(text(1, 40)))
        .additional_properties(Some(AdditionalProperties::RefOr(value.into())))
        .max_properties(Some(50))
}
