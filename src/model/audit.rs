//! Audit events: who did what to which resource, and how it ended (§7 of the contract).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::contact::Email;
use super::document::{Collection, Index, Record};
use super::error::ErrorCode;
use super::id::{EventId, ObjectId, UserId};
use super::time::Time;

/// Events that are durable but not yet in the trail: written in the transaction of the change they tell of.
pub static OUTBOX: Collection = Collection { name: "outbox", indexes: &[Index::All("time")] };

/// The trail.
pub static TRAIL: Collection = Collection { name: "audit_events", indexes: &[Index::All("sequence")] };

/// The one document that tells where the trail ends.
pub static TRAIL_HEAD: Collection = Collection { name: "audit_head", indexes: &[] };

/// Declares the actions: each names what was done, and `resource.verb` as clients read it.
macro_rules! actions {
    ($($variant:ident = $name:literal;)+) => {
        /// What was done: `resource.verb_in_past`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Action {
            $(#[doc = $name] #[serde(rename = $name)] $variant,)+
        }

        impl Action {
            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

actions! {
    CustomerCreated = "customer.created";
    CustomerUpdated = "customer.updated";
    CustomerDeleted = "customer.deleted";
    CustomerRestored = "customer.restored";
    CustomerErased = "customer.erased";
    GroupCreated = "group.created";
    GroupUpdated = "group.updated";
    GroupDeleted = "group.deleted";
    GroupMembersAdded = "group.members_added";
    GroupMembersRemoved = "group.members_removed";
    AuthRegistered = "auth.registered";
    AuthLoggedIn = "auth.logged_in";
    AuthLoginFailed = "auth.login_failed";
    AuthLoggedOut = "auth.logged_out";
    AuthRefreshed = "auth.refreshed";
    AuthRefreshReuse = "auth.refresh_reuse";
    AuthLocked = "auth.locked";
    UserCreated = "user.created";
    UserUpdated = "user.updated";
    AccessDenied = "access.denied";
    OpsActorRestarted = "ops.actor_restarted";
    OpsLogLevelChanged = "ops.log_level_changed";
}

impl Action {
    /// The kind of resource it was done to: the first part of its name.
    pub fn resource(self) -> &'static str {
        self.as_str().split('.').next().expect("a split text has a first part")
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was not allowed.
    Denied,
    /// It was tried and failed.
    Failure,
}

/// Who, from where, and in which request. Goes with every message that may change something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The signed-in user.
    pub user: Option<(UserId, Email)>,
    /// Was let through because of the role `admin` alone.
    pub bypass: bool,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// What the client calls itself; at most 512 characters.
    pub user_agent: Option<String>,
    /// The request's id.
    pub request_id: String,
    /// The W3C trace that the request belongs to.
    pub trace_id: Option<String>,
}

impl Origin {
    /// The signed-in user.
    ///
    /// # Panics
    /// Nobody is signed in: the message was sent from a route that asks for no sign-in.
    pub fn user_id(&self) -> UserId {
        self.user.as_ref().expect("only signed-in users reach what asks for a permission").0
    }
}

/// An audit event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Its id, made where it happened.
    pub id: EventId,
    /// Its number in the trail, from 1 without gaps; absent until it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// When it happened.
    pub time: Time,
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Who did it.
    pub actor: AuditActor,
    /// To what.
    pub resource: AuditResource,
    /// In which request.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub request_id: String,
    /// In which W3C trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The error that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
    /// Was let through because of the role `admin` alone.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub bypass: bool,
    /// What became of single fields.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub changes: Vec<FieldChange>,
}

/// What became of one field. No secret is ever told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Where it is, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What it was; absent where there was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is now; absent where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Who did it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditActor {
    /// The signed-in user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Their e-mail address then; at a sign-in, the one that was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// What the client calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// To what it was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditResource {
    /// The kind of resource.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which one, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<ObjectId>,
    /// Which one, where it has a name in the place of an id: an actor.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
}

impl AuditEvent {
    /// A successful action on one resource.
    pub fn new(action: Action, resource: Option<ObjectId>, origin: &Origin, now: Time) -> Self {
        Self {
            id: EventId::new(now),
            sequence: None,
            time: now,
            action,
            outcome: Outcome::Success,
            actor: AuditActor {
                user_id: origin.user.as_ref().map(|(id, _)| *id),
                email: origin.user.as_ref().map(|(_, email)| email.clone()),
                ip: origin.address,
                user_agent: origin.user_agent.clone(),
            },
            resource: AuditResource { kind: action.resource().to_owned(), id: resource, name: None },
            request_id: origin.request_id.clone(),
            trace_id: origin.trace_id.clone(),
            code: None,
            bypass: origin.bypass,
            changes: Vec::new(),
        }
    }

    /// The same, but done to what has this name.
    pub fn named(mut self, name: &str) -> Self {
        self.resource.name = Some(name.to_owned());
        self
    }

    /// The same, and this became of a field, if it is not the same as before.
    pub fn changing(mut self, pointer: &str, before: Option<Value>, after: Option<Value>) -> Self {
        if before != after {
            self.changes.push(FieldChange { pointer: pointer.to_owned(), before, after });
        }
        self
    }

    /// The same, but it ended so, and this was answered.
    pub fn ended(self, outcome: Outcome, code: ErrorCode) -> Self {
        Self { outcome, code: Some(code), ..self }
    }

    /// The same, but done by this user: at a sign-in nobody is signed in yet.
    pub fn by(mut self, user_id: Option<UserId>, email: &Email) -> Self {
        self.actor.user_id = user_id;
        self.actor.email = Some(email.clone());
        self
    }
}

/// An event on its way to the trail.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outgoing(pub AuditEvent);

impl Record for Outgoing {
    const COLLECTION: &'static Collection = &OUTBOX;

    fn id(&self) -> ObjectId {
        self.0.id.object_id()
    }

    fn version(&self) -> u64 {
        1
    }
}

impl Record for AuditEvent {
    const COLLECTION: &'static Collection = &TRAIL;

    fn id(&self) -> ObjectId {
        self.id.object_id()
    }

    fn version(&self) -> u64 {
        1
    }
}

/// Where the trail ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrailHead {
    /// The number of the last event; 0: there is none.
    pub sequence: u64,
    /// One more with each batch of events.
    pub version: u64,
}

impl TrailHead {
    /// The id of the one document there is.
    pub const ID: ObjectId = ObjectId::from_bytes(*b"audit--trail");
}

impl Record for TrailHead {
    const COLLECTION: &'static Collection = &TRAIL_HEAD;

    fn id(&self) -> ObjectId {
        Self::ID
    }

    fn version(&self) -> u64 {
        self.version
    }
}
