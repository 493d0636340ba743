//! Roles: named sets of permission patterns that users are given.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::permission::{Pattern, Permission, PermissionSet};

/// A role's name: 1 to 64 lower-case letters, digits and hyphens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoleName(String);

/// The text cannot name a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not the name of a role: 1 to 64 lower-case letters, digits and hyphens")]
pub struct InvalidRoleName;

impl RoleName {
    /// The role that bypasses every permission check.
    pub fn admin() -> Self {
        Self("admin".to_owned())
    }

    /// The role that registering gives.
    pub fn member() -> Self {
        Self("member".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the role that bypasses every permission check.
    pub fn is_admin(&self) -> bool {
        self.0 == "admin"
    }
}

impl FromStr for RoleName {
    type Err = InvalidRoleName;

    fn from_str(text: &str) -> Result<Self, InvalidRoleName> {
        let well_formed = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if well_formed { Ok(Self(text.to_owned())) } else { Err(InvalidRoleName) }
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoleName({})", self.0)
    }
}

/// A role that is part of the product. It cannot be changed or deleted.
#[derive(Debug)]
pub struct BuiltInRole {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// The patterns it holds.
    pub permissions: &'static [&'static str],
}

/// The built-in roles (§4).
pub const BUILT_IN: &[BuiltInRole] = &[
    BuiltInRole { name: "admin", description: "Bypasses every permission check.", permissions: &["*"] },
    BuiltInRole {
        name: "manager",
        description: "Manages customers and customer groups.",
        permissions: &["customers:*", "customer-groups:*"],
    },
    BuiltInRole {
        name: "viewer",
        description: "Reads customers, their statistics and customer groups.",
        permissions: &["customers:read", "customers:statistics", "customer-groups:read"],
    },
    BuiltInRole { name: "member", description: "What registering gives: nothing.", permissions: &[] },
];

/// Whether there is a role of this name.
pub fn exists(name: &RoleName) -> bool {
    BUILT_IN.iter().any(|role| role.name == name.as_str())
}

/// What a user's roles come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    /// The patterns as held, through all roles, each once, in alphabetical order.
    pub patterns: Vec<Pattern>,
    /// The permissions that the patterns grant.
    pub permissions: PermissionSet,
    /// Holds the role `admin`, which bypasses every check.
    pub admin: bool,
}

impl Grants {
    /// What these roles grant together. A role that does not exist grants nothing.
    pub fn of(roles: &[RoleName]) -> Self {
        let held = |role: &&BuiltInRole| roles.iter().any(|name| name.as_str() == role.name);
        let mut patterns: Vec<Pattern> = BUILT_IN
            .iter()
            .filter(held)
            .flat_map(|role| role.permissions)
            .map(|text| text.parse().expect("built-in patterns are well formed"))
            .collect();
        patterns.sort();
        patterns.dedup();
        let permissions = PermissionSet::granted_by(&patterns);
        Self { patterns, permissions, admin: roles.iter().any(RoleName::is_admin) }
    }

    /// Whether this permission is granted, by a pattern or by the bypass.
    pub fn allow(&self, permission: Permission) -> bool {
        self.admin || self.permissions.contains(permission)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(names: &[&str]) -> Grants {
        Grants::of(&names.iter().map(|name| name.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn built_in_roles_grant_what_the_contract_says() {
        use Permission::{
            CustomersRead, CustomersStatistics, CustomersUpdate, GroupsManageMembers, GroupsRead, UsersRead,
        };
        let table = [
            (
                "manager",
                vec![CustomersRead, CustomersUpdate, CustomersStatistics, GroupsRead, GroupsManageMembers],
                vec![UsersRead],
            ),
            (
                "viewer",
                vec![CustomersRead, CustomersStatistics, GroupsRead],
                vec![CustomersUpdate, GroupsManageMembers, UsersRead],
            ),
            ("member", vec![], vec![CustomersRead, GroupsRead]),
            ("unheard-of", vec![], Permission::ALL.to_vec()),
            ("admin", Permission::ALL.to_vec(), vec![]),
        ];
        for (role, allowed, denied) in table {
            let grants = grants(&[role]);
            assert!(allowed.iter().all(|permission| grants.allow(*permission)), "{role} lacks something");
            assert!(denied.iter().all(|permission| !grants.allow(*permission)), "{role} may too much");
        }
    }

    #[test]
    fn patterns_of_several_roles_are_told_once_each() {
        let texts: Vec<_> = grants(&["viewer", "manager"]).patterns.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            ["customer-groups:*", "customer-groups:read", "customers:*", "customers:read", "customers:statistics"]
        );
    }
}
