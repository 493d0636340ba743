//! Customer groups (§6 of the contract). Who is a member is written in the customers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::contact::fold;
use super::customer::{self, Metadata};
use super::document::{Collection, Index, Record};
use super::error::Invalid;
use super::form::Form;
use super::id::{GroupId, ObjectId, UserId};
use super::time::Time;

/// Where customer groups are kept.
pub static GROUPS: Collection = Collection {
    name: "customer_groups",
    indexes: &[Index::Unique("nameKey"), Index::Live("createdAt"), Index::All("unlinking")],
};

/// What a client says of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupDraft {
    /// 1 to 100 characters, unique among live groups, without regard to case.
    pub name: String,
    /// At most 1,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// As a customer's.
    pub metadata: Metadata,
}

/// A customer group as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// What clients said of it.
    #[serde(flatten)]
    pub draft: GroupDraft,
    /// 1, and one more with each change, that of its members included.
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
    /// 1 while customers of this deleted group are still to be unlinked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlinking: Option<u8>,
    /// The name as it is compared.
    name_key: String,
}

/// Fields that clients read and cannot write; in a body they are ignored.
const READ_ONLY: &[&str] = &["id", "memberCount", "version", "createdAt", "updatedAt", "createdBy", "updatedBy"];

impl GroupDraft {
    /// Reads a whole group, as POST and PUT take it.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn read(body: Value) -> Result<Self, Invalid> {
        let mut form = Form::of(body)?;
        form.ignore(READ_ONLY);
        let name = form.required("name", |field, value| field.text(value, 1, 100));
        let description = form.optional("description", |field, value| field.text(value, 0, 1_000));
        let metadata = form.optional("metadata", customer::metadata);
        form.finish(|| Some(Self { name: name?, description, metadata: metadata.unwrap_or_default() }))
    }
}

impl Group {
    /// A new group, live, without members.
    pub fn new(id: GroupId, draft: GroupDraft, by: UserId, now: Time) -> Self {
        Self {
            id,
            name_key: fold(&draft.name),
            draft,
            version: 1,
            created_at: now,
            updated_at: now,
            created_by: by,
            updated_by: by,
            deleted_at: None,
            unlinking: None,
        }
    }

    /// The next version of it, made by `by`: nothing else is changed. A change of its members is one.
    pub fn next(&self, by: UserId, now: Time) -> Self {
        Self { version: self.version + 1, updated_at: now, updated_by: by, ..self.clone() }
    }

    /// The next version of it, with this draft in the place of its own.
    pub fn replaced(&self, draft: GroupDraft, by: UserId, now: Time) -> Self {
        Self { name_key: fold(&draft.name), draft, ..self.next(by, now) }
    }
}

impl Record for Group {
    const COLLECTION: &'static Collection = &GROUPS;

    fn id(&self) -> ObjectId {
        self.id.object_id()
    }

    fn version(&self) -> u64 {
        self.version
    }
}
