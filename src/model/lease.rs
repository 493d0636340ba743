//! Leases: what one node at a time may do.

use serde::{Deserialize, Serialize};

use super::document::{Collection, Record};
use super::id::ObjectId;
use super::time::Time;

/// One document a lease.
pub static LEASES: Collection = Collection { name: "leases", indexes: &[] };

/// Who may do something alone, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// What may be done.
    pub id: ObjectId,
    /// The node that may do it.
    pub holder: ObjectId,
    /// From then on another node may take it.
    pub until: Time,
    /// The event that was relayed last, by whatever node.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last: Option<ObjectId>,
    /// One more with each change.
    pub version: u64,
}

impl Lease {
    /// To relay the outbox.
    pub const OUTBOX_RELAY: ObjectId = ObjectId::from_bytes(*b"outbox-relay");
}

impl Record for Lease {
    const COLLECTION: &'static Collection = &LEASES;

    fn id(&self) -> ObjectId {
        self.id
    }

    fn version(&self) -> u64 {
        self.version
    }
}
