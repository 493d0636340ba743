//! Permissions, the patterns that grant them, and the roles that hold the patterns (§4 of the contract).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares every permission there is: what a route may ask for.
macro_rules! permissions {
    ($($variant:ident $resource:literal $action:literal $description:literal;)+) => {
        /// What a route asks for: an action on a kind of resource.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Permission {
            $(#[doc = $description] $variant,)+
        }

        impl Permission {
            /// Every permission there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            const fn parts(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($resource, $action),)+ }
            }

            /// `resource:action`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => concat!($resource, ":", $action),)+ }
            }

            /// What it allows, for people.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)+ }
            }
        }
    };
}

permissions! {
    CustomersCreate "customers" "create" "Create and import customers.";
    CustomersRead "customers" "read" "Read, list and export customers.";
    CustomersUpdate "customers" "update" "Replace and change customers.";
    CustomersDelete "customers" "delete" "Delete, restore and erase customers.";
    CustomersStatistics "customers" "statistics" "See statistics of all customers.";
    CustomersBatchUpdate "customers" "batch-update" "Change many customers at once.";
    GroupsCreate "customer-groups" "create" "Create customer groups.";
    GroupsRead "customer-groups" "read" "Read and list customer groups and their members.";
    GroupsUpdate "customer-groups" "update" "Replace customer groups.";
    GroupsDelete "customer-groups" "delete" "Delete customer groups.";
    GroupsManageMembers "customer-groups" "manage-members" "Add customers to groups and remove them.";
    UsersRead "users" "read" "Read and list users, and explain what they may do.";
    UsersCreate "users" "create" "Create users.";
    UsersUpdate "users" "update" "Change users, their roles and status, unlock them and end their sessions.";
    UsersDelete "users" "delete" "Delete users.";
    RolesRead "roles" "read" "Read roles and permissions.";
    RolesWrite "roles" "write" "Create, replace and delete roles.";
    AuditRead "audit" "read" "Read, follow and verify the audit trail.";
    AuditExport "audit" "export" "Export the audit trail.";
    SystemRead "system" "read" "Watch the actors and the log level.";
    SystemOperate "system" "operate" "Restart actors and set the log level.";
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a role holds: `resource:action`, where either part may be `*`.
///
/// `*` alone means `*:*`, a resource alone means all its actions; [`Display`](fmt::Display) gives it back as it was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(String);

/// The text is not `resource:action`, `resource` or `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a permission such as customers:read, customers:* or *")]
pub struct InvalidPattern;

impl Pattern {
    /// Whether it grants this permission.
    pub fn covers(&self, permission: Permission) -> bool {
        let (resource, action) = self.0.split_once(':').unwrap_or((&self.0, "*"));
        let (wanted_resource, wanted_action) = permission.parts();
        (resource == "*" || resource == wanted_resource) && (action == "*" || action == wanted_action)
    }
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let well_formed = |part: &str| {
            part == "*"
                || (!part.is_empty()
                    && part.len() <= 64
                    && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'))
        };
        let (resource, action) = text.split_once(':').unwrap_or((text, "*"));
        if well_formed(resource) && well_formed(action) { Ok(Self(text.to_owned())) } else { Err(InvalidPattern) }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({})", self.0)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A set of permissions: one bit each, so that a check is one instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PermissionSet(u32);

impl PermissionSet {
    /// What these patterns grant together.
    pub fn granted_by<'a>(patterns: impl IntoIterator<Item = &'a Pattern>) -> Self {
        let patterns: Vec<_> = patterns.into_iter().collect();
        let granted =
            Permission::ALL.iter().filter(|permission| patterns.iter().any(|pattern| pattern.covers(**permission)));
        Self(granted.fold(0, |bits, permission| bits | 1 << *permission as u32))
    }

    /// Whether this permission is in it.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u32) != 0
    }

    /// The first permission that is in `other` and not in this set.
    pub fn first_lacking(self, other: Self) -> Option<Permission> {
        Permission::ALL.iter().copied().find(|permission| other.contains(*permission) && !self.contains(*permission))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Permission::{AuditRead, CustomersDelete, CustomersRead, GroupsRead, UsersRead};

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn wildcards_stand_for_any_resource_or_action() {
        let table = [
            ("customers:read", CustomersRead, true),
            ("customers:read", CustomersDelete, false),
            ("customers:*", CustomersDelete, true),
            ("customers", CustomersDelete, true),
            ("customers:*", GroupsRead, false),
            ("*:read", GroupsRead, true),
            ("*:read", CustomersDelete, false),
            ("*", AuditRead, true),
            ("*:*", UsersRead, true),
            ("custom:*", CustomersRead, false),
        ];
        for (text, permission, covered) in table {
            assert_eq!(pattern(text).covers(permission), covered, "{text} and {permission}");
            assert_eq!(PermissionSet::granted_by([&pattern(text)]).contains(permission), covered);
        }
    }

    #[test]
    fn malformed_patterns_are_refused() {
        for text in ["", ":", "customers:", ":read", "a:b:c", "Customers:read", "customers:re ad", "cust*:read", "**"] {
            assert_eq!(text.parse::<Pattern>(), Err(InvalidPattern), "{text}");
        }
    }

    #[test]
    fn what_a_set_lacks_is_named() {
        let reader = PermissionSet::granted_by([&pattern("*:read")]);
        let manager = PermissionSet::granted_by([&pattern("customers:*")]);
        assert_eq!(reader.first_lacking(manager), Some(Permission::CustomersCreate));
        assert_eq!(manager.first_lacking(manager), None);
    }
}
