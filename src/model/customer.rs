//! Customers: the people and companies that the product is about (§5 of the contract).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::contact::{self, Email};
use super::document::{Collection, Index, Record};
use super::error::Invalid;
use super::form::{Field, Form};
use super::id::{CustomerId, GroupId, ObjectId, UserId};
use super::time::Time;

/// Where customers are kept.
pub static CUSTOMERS: Collection = Collection {
    name: "customers",
    indexes: &[
        Index::Unique("emailKey"),
        Index::Live("createdAt"),
        Index::Live("status"),
        Index::Live("country"),
        Index::Live("ungrouped"),
        Index::Multi { field: "groupIds", then: "createdAt" },
        Index::All("deletedAt"),
    ],
};

/// Keys and texts that a client may attach to a customer or group.
pub type Metadata = BTreeMap<String, String>;

/// What a client says of a customer; all of it is replaced together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerDraft {
    /// 1 to 200 characters.
    pub name: String,
    /// Unique among live customers, without regard to case.
    pub email: Email,
    /// E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// At most 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Where the customer stands.
    pub status: CustomerStatus,
    /// Where the customer lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// A set: at most 50, of at most 50 characters each.
    pub tags: Vec<String>,
    /// At most 50 keys of at most 40 characters, values of at most 500.
    pub metadata: Metadata,
}

/// Where a customer stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CustomerStatus {
    /// Buys.
    #[default]
    Active,
    /// Used to buy.
    Inactive,
    /// May buy one day.
    Lead,
}

impl CustomerStatus {
    /// Each, by its name.
    pub const CHOICES: &'static [(&'static str, Self)] =
        &[("active", Self::Active), ("inactive", Self::Inactive), ("lead", Self::Lead)];
}

/// A postal address. All its parts are optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Street and number; at most 200 characters, as all the parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line1: Option<String>,
    /// What does not fit the first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// City or town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State, province or region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Postal code, at most 20 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// A customer as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// What clients said of it.
    #[serde(flatten)]
    pub draft: CustomerDraft,
    /// The groups it is a member of.
    pub group_ids: Vec<GroupId>,
    /// 1, and one more with each change.
    pub version: u64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Who made it.
    pub created_by: UserId,
    /// Who last changed it.
    pub updated_by: UserId,
    /// When it was deleted; absent while it is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Time>,
    /// What indexes find it by, beside its own fields.
    #[serde(flatten)]
    keys: Keys,
}

/// Values derived from a customer's fields, in a form that an index can hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    /// The e-mail address as it is compared.
    email_key: String,
    /// The address's country.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    /// 1 where it is in no group.
    #[serde(skip_serializing_if = "Option::is_none")]
    ungrouped: Option<u8>,
}

impl Keys {
    fn of(draft: &CustomerDraft, group_ids: &[GroupId]) -> Self {
        Self {
            email_key: draft.email.folded(),
            country: draft.address.as_ref().and_then(|address| address.country.clone()),
            ungrouped: group_ids.is_empty().then_some(1),
        }
    }
}

/// Fields that clients read and cannot write; in a body they are ignored.
const READ_ONLY: &[&str] =
    &["id", "groupIds", "version", "createdAt", "updatedAt", "createdBy", "updatedBy", "deletedAt"];

impl CustomerDraft {
    /// Reads a whole customer, as POST and PUT take it.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn read(body: Value) -> Result<Self, Invalid> {
        Self::read_form(Form::of(body)?)
    }

    fn read_form(mut form: Form) -> Result<Self, Invalid> {
        form.ignore(READ_ONLY);
        let name = form.required("name", |field, value| field.text(value, 1, 200));
        let email = form.required("email", Email::read);
        let phone = form.optional("phone", contact::phone);
        let company = form.optional("company", |field, value| field.text(value, 0, 200));
        let status = form.optional("status", |field, value| field.choice(value, CustomerStatus::CHOICES));
        let address = form.optional("address", |field, value| field.object(value, Address::read));
        let tags = form.optional("tags", tags);
        let metadata = form.optional("metadata", metadata);
        form.finish(|| {
            Some(Self {
                name: name?,
                email: email?,
                phone,
                company,
                status: status.unwrap_or_default(),
                address,
                tags: tags.unwrap_or_default(),
                metadata: metadata.unwrap_or_default(),
            })
        })
    }

    /// Applies a merge patch (RFC 7396): what it names is replaced, what it sets to null is cleared, the rest stays.
    ///
    /// # Errors
    /// Every field of the patched customer that is wrong.
    pub fn patched(&self, patch: Value) -> Result<Self, Invalid> {
        let Value::Object(mut patch) = patch else {
            return Form::of(patch).map(|_| self.clone());
        };
        for name in READ_ONLY {
            patch.remove(*name);
        }
        let mut target = serde_json::to_value(self).expect("a draft is made of texts and lists");
        let unknown = unknown_nulls(&patch);
        merge(&mut target, Value::Object(patch));
        for (parent, name) in unknown {
            let parent = target.pointer_mut(parent).and_then(Value::as_object_mut);
            parent.map(|members| members.insert(name, Value::Null));
        }
        Self::read(target)
    }
}

/// Members that a patch sets to null although no customer has them, each with its parent. Merged, they would be gone before
/// anybody could refuse them.
fn unknown_nulls(patch: &serde_json::Map<String, Value>) -> Vec<(&'static str, String)> {
    const FIELDS: &[&str] = &["name", "email", "phone", "company", "status", "address", "tags", "metadata"];
    const ADDRESS_FIELDS: &[&str] = &["line1", "line2", "city", "state", "postalCode", "country"];
    let nulls = |members: &serde_json::Map<String, Value>, parent, known: &[&str]| {
        let unknown = members.iter().filter(|(name, value)| value.is_null() && !known.contains(&name.as_str()));
        unknown.map(|(name, _)| (parent, name.clone())).collect::<Vec<_>>()
    };
    let address = patch.get("address").and_then(Value::as_object);
    let in_address = address.map(|members| nulls(members, "/address", ADDRESS_FIELDS)).unwrap_or_default();
    [nulls(patch, "", FIELDS), in_address].concat()
}

/// RFC 7396, section 2.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let members = target.as_object_mut().expect("made an object above");
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// Takes a set of tags: repeated ones are merged, the first of each stays where it is.
fn tags(field: Field<'_>, value: Value) -> Option<Vec<String>> {
    let mut tags = field.list(value, (0, 50), |field, value| field.text(value, 1, 50))?;
    let mut seen = std::collections::HashSet::new();
    tags.retain(|tag| seen.insert(tag.clone()));
    Some(tags)
}

/// Takes metadata: at most 50 keys of 1 to 40 characters, values of at most 500.
pub(super) fn metadata(field: Field<'_>, value: Value) -> Option<Metadata> {
    field.texts(value, 50, 40, 500)
}

impl Address {
    fn read(mut form: Form) -> Result<Self, Invalid> {
        let mut line = |name, max| form.optional(name, |field, value| field.text(value, 0, max));
        let (line1, line2) = (line("line1", 200), line("line2", 200));
        let (city, state) = (line("city", 200), line("state", 200));
        let postal_code = line("postalCode", 20);
        let country = form.optional("country", contact::country);
        form.finish(|| Some(Self { line1, line2, city, state, postal_code, country }))
    }
}

impl Customer {
    /// A new customer, live, in no group.
    pub fn new(id: CustomerId, draft: CustomerDraft, by: UserId, now: Time) -> Self {
        Self {
            id,
            keys: Keys::of(&draft, &[]),
            draft,
            group_ids: Vec::new(),
            version: 1,
            created_at: now,
            updated_at: now,
            created_by: by,
            updated_by: by,
            deleted_at: None,
        }
    }

    /// The next version of it, with this draft in the place of its own.
    pub fn replaced(&self, draft: CustomerDraft, by: UserId, now: Time) -> Self {
        Self { keys: Keys::of(&draft, &self.group_ids), draft, ..self.next(by, now) }
    }

    /// The next version of it, as a member of these groups.
    pub fn in_groups(&self, group_ids: Vec<GroupId>, by: UserId, now: Time) -> Self {
        Self { keys: Keys::of(&self.draft, &group_ids), group_ids, ..self.next(by, now) }
    }

    /// The next version of it, deleted.
    pub fn deleted(&self, by: UserId, now: Time) -> Self {
        Self { deleted_at: Some(now), ..self.next(by, now) }
    }

    fn next(&self, by: UserId, now: Time) -> Self {
        Self { version: self.version + 1, updated_at: now, updated_by: by, ..self.clone() }
    }

    /// The e-mail address as it is compared.
    pub fn email_key(&self) -> &str {
        &self.keys.email_key
    }
}

impl Record for Customer {
    const COLLECTION: &'static Collection = &CUSTOMERS;

    fn id(&self) -> ObjectId {
        self.id.object_id()
    }

    fn version(&self) -> u64 {
        self.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn draft(body: Value) -> CustomerDraft {
        CustomerDraft::read(body).unwrap()
    }

    #[test]
    fn a_draft_reads_back_as_it_was_stored() {
        let customer = Customer::new(
            CustomerId::new(Time::from_millis(0)),
            draft(
                json!({"name": "Ada", "email": "Ada@Example.com", "address": {"country": "GB"}, "tags": ["b", "a", "b"], "metadata": {"$set": "a.b"}}),
            ),
            UserId::new(Time::from_millis(0)),
            Time::from_millis(7),
        );
        let stored = serde_json::to_value(&customer).unwrap();
        assert_eq!(
            (&stored["emailKey"], &stored["country"], &stored["tags"]),
            (&json!("ada@example.com"), &json!("GB"), &json!(["b", "a"]))
        );
        assert_eq!(serde_json::from_value::<Customer>(stored).unwrap(), customer);
    }

    #[test]
    fn a_merge_patch_replaces_clears_and_leaves_alone() {
        let before = draft(json!({"name": "Ada", "email": "ada@example.com", "phone": "+441234567", "status": "lead",
            "address": {"city": "London", "country": "GB"}, "metadata": {"a": "1", "b": "2"}}));
        let after = before
            .patched(json!({"phone": null, "address": {"city": "Paris", "country": "FR", "line1": null}, "metadata": {"a": null, "c": "3"}, "version": 9}))
            .unwrap();
        let expected = draft(json!({"name": "Ada", "email": "ada@example.com", "status": "lead",
            "address": {"city": "Paris", "country": "FR"}, "metadata": {"b": "2", "c": "3"}}));
        assert_eq!(after, expected);
    }

    #[test]
    fn a_merge_patch_cannot_clear_what_is_required() {
        let before = draft(json!({"name": "Ada", "email": "ada@example.com"}));
        let patch = json!({"name": null, "surprise": 1, "unheard": null, "address": {"line1": "1", "of": null}});
        let Invalid(errors) = before.patched(patch).unwrap_err();
        let mut told: Vec<_> = errors.iter().map(|error| (error.pointer.as_str(), error.code.number())).collect();
        told.sort_unstable();
        assert_eq!(told, [("/address/of", 2002), ("/name", 2003), ("/surprise", 2002), ("/unheard", 2002)]);
    }
}
