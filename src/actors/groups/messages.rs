//! What GroupActor can be asked (§6 of the contract).

use std::sync::Arc;

use actix::Message;

use crate::actors::error::OperationError;
use crate::actors::listing::{Page, PageRequest};
use crate::model::audit::Origin;
use crate::model::customer::Customer;
use crate::model::group::{Group, GroupDraft};
use crate::model::id::{CustomerId, GroupId};

/// A group and how many live customers are its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedGroup {
    /// The group.
    pub group: Arc<Group>,
    /// Its live members.
    pub member_count: u64,
}

/// Makes a group.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<CountedGroup, OperationError>")]
pub struct CreateGroup {
    /// What it is to be.
    pub draft: GroupDraft,
    /// Who asks.
    pub origin: Origin,
}

/// Reads one group.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<CountedGroup, OperationError>")]
pub struct GetGroup {
    /// Which.
    pub id: GroupId,
}

/// Lists live groups, the newest first.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Page<CountedGroup>, OperationError>")]
pub struct ListGroups {
    /// Which page.
    pub page: PageRequest,
}

/// Puts another draft in the place of a group's.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<CountedGroup, OperationError>")]
pub struct ReplaceGroup {
    /// Which.
    pub id: GroupId,
    /// What it is to be.
    pub draft: GroupDraft,
    /// The version it must have, if that matters.
    pub expected: Option<u64>,
    /// Who asks.
    pub origin: Origin,
}

/// Deletes a group and unlinks its customers; deletes none of them.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), OperationError>")]
pub struct DeleteGroup {
    /// Which.
    pub id: GroupId,
    /// The version it must have, if that matters.
    pub expected: Option<u64>,
    /// Who asks.
    pub origin: Origin,
}

/// Makes customers members of a group, or ends their membership.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Membership, OperationError>")]
pub struct ChangeMembers {
    /// Which group.
    pub id: GroupId,
    /// Whether they come or go.
    pub change: MemberChange,
    /// 1 to 1,000 customers.
    pub customers: Vec<CustomerId>,
    /// One that is not there makes the whole fail.
    pub strict: bool,
    /// Who asks.
    pub origin: Origin,
}

/// Whether customers become members or cease to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// They become members.
    Add,
    /// They cease to be.
    Remove,
}

/// What a change of members came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// How many customers were added, or removed.
    pub changed: u64,
    /// How many were members already, or were none.
    pub unchanged: u64,
    /// Those that are not there, or were deleted.
    pub not_found: Vec<CustomerId>,
    /// How many live members the group has now.
    pub member_count: u64,
}

/// Lists the live members of a group, the newest customer first.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Page<Arc<Customer>>, OperationError>")]
pub struct ListMembers {
    /// Which group.
    pub id: GroupId,
    /// Which page.
    pub page: PageRequest,
}
