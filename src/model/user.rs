//! Users: who may sign in, and what they hold (§3, §4 of the contract).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::contact::Email;
use super::document::{Collection, Index, Record};
use super::error::{ErrorCode, Invalid};
use super::form::{Field, Form};
use super::id::{ObjectId, UserId};
use super::role::{self, RoleName};
use super::time::Time;

/// Where users are kept.
pub static USERS: Collection = Collection {
    name: "users",
    indexes: &[Index::Unique("email"), Index::Live("createdAt"), Index::Multi { field: "roles", then: "createdAt" }],
};

/// Whether a user may sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserStatus {
    /// May sign in.
    #[default]
    Active,
    /// May not, and has no valid tokens.
    Disabled,
}

impl UserStatus {
    /// Each, by its name.
    pub const CHOICES: &'static [(&'static str, Self)] = &[("active", Self::Active), ("disabled", Self::Disabled)];
}

/// A user as stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// In lower case, unique among live users.
    pub email: Email,
    /// At most 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A PHC string, or a bcrypt hash that came from elsewhere. Never told.
    pub password_hash: String,
    /// The roles they hold.
    pub roles: Vec<RoleName>,
    /// Whether they may sign in.
    pub status: UserStatus,
    /// 1, and one more with each change.
    pub version: u64,
    /// When they were made.
    pub created_at: Time,
    /// When they were last changed.
    pub updated_at: Time,
    /// When they were deleted; absent while they are live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Time>,
}

impl fmt::Debug for User {
    /// Leaves the hash out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("version", &self.version).finish_non_exhaustive()
    }
}

impl User {
    /// Whether they may sign in.
    pub fn may_sign_in(&self) -> bool {
        self.deleted_at.is_none() && self.status == UserStatus::Active
    }

    /// Whether they hold the role `admin` and can use it.
    pub fn is_working_admin(&self) -> bool {
        self.may_sign_in() && self.roles.iter().any(RoleName::is_admin)
    }
}

impl Record for User {
    const COLLECTION: &'static Collection = &USERS;

    fn id(&self) -> ObjectId {
        self.id.object_id()
    }

    fn version(&self) -> u64 {
        self.version
    }
}

/// Where the record is kept that makes losses of administrators clash.
pub static ADMIN_ROLL: Collection = Collection { name: "admin_roll", indexes: &[] };

/// Counts how often an administrator was removed, disabled or demoted. Two such changes at once would each see the other's
/// administrator as the one who stays; both raise this count, so one of them has to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminRoll {
    /// How often.
    pub version: u64,
}

impl AdminRoll {
    /// The id of the one record there is.
    pub const ID: ObjectId = ObjectId::from_bytes(*b"admin---roll");
}

impl Record for AdminRoll {
    const COLLECTION: &'static Collection = &ADMIN_ROLL;

    fn id(&self) -> ObjectId {
        Self::ID
    }

    fn version(&self) -> u64 {
        self.version
    }
}

/// A password as a client typed it. Neither shown nor logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes a new password: 8 to 128 characters, none of the commonest; anything else about it is the user's business (§3).
    pub fn read_new(field: Field<'_>, value: Value) -> Option<Self> {
        let Value::String(text) = value else { return field.fault(ErrorCode::InvalidInput, "is not a text") };
        let length = text.chars().count();
        if length < 8 {
            return field.fault(ErrorCode::InvalidInput, "is shorter than 8 characters");
        }
        if length > 128 {
            return field.fault(ErrorCode::InvalidInput, "is longer than 128 characters");
        }
        if text.contains('\0') {
            return field.fault(ErrorCode::InvalidInput, "contains a NUL character");
        }
        if is_common(&text) {
            return field.fault(ErrorCode::InvalidInput, "is one of the commonest passwords");
        }
        Some(Self(text))
    }

    /// Takes a password that is to be compared with the one on record: any text.
    pub fn read_existing(field: Field<'_>, value: Value) -> Option<Self> {
        // Longer ones cannot be right; the bound keeps the hash from being fed a megabyte.
        field.text(value, 1, 1_024).map(Self)
    }

    /// What was typed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

fn is_common(password: &str) -> bool {
    /// One a line, in lower case, 8 characters or more.
    static COMMON: &str = include_str!("common_passwords.txt");
    let folded = password.to_lowercase();
    COMMON.lines().any(|common| common == folded)
}

/// What registering takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// In lower case.
    pub email: Email,
    /// 8 to 128 characters, not the e-mail, none of the commonest.
    pub password: Password,
    /// At most 200 characters.
    pub name: Option<String>,
}

impl Registration {
    /// Reads a registration.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn read(body: Value) -> Result<Self, Invalid> {
        let mut form = Form::of(body)?;
        let email = form.required("email", Email::read).map(Email::into_lower_case);
        let password = form.required("password", Password::read_new);
        let name = form.optional("name", |field, value| field.text(value, 1, 200));
        if let (Some(email), Some(password)) = (&email, &password)
            && password.expose().trim().to_lowercase() == email.as_str()
        {
            form.fault("password", ErrorCode::InvalidInput, "is the e-mail address");
        }
        form.finish(|| Some(Self { email: email?, password: password?, name }))
    }
}

/// What signing in takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// In lower case.
    pub email: Email,
    /// To be compared with the one on record.
    pub password: Password,
}

impl Credentials {
    /// Reads what signing in takes.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn read(body: Value) -> Result<Self, Invalid> {
        let mut form = Form::of(body)?;
        let email = form.required("email", Email::read).map(Email::into_lower_case);
        let password = form.required("password", Password::read_existing);
        form.finish(|| Some(Self { email: email?, password: password? }))
    }
}

/// Changes to a user; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserPatch {
    /// Another name; `Some(None)` clears it.
    pub name: Option<Option<String>>,
    /// Other roles.
    pub roles: Option<Vec<RoleName>>,
    /// Another status.
    pub status: Option<UserStatus>,
}

/// Fields of a user that clients read and cannot write; in a body they are ignored.
const READ_ONLY: &[&str] = &["id", "email", "permissions", "version", "createdAt", "updatedAt"];

impl UserPatch {
    /// Reads what an administrator may change: name, roles, status.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn read(body: Value) -> Result<Self, Invalid> {
        let mut form = Form::of(body)?;
        form.ignore(READ_ONLY);
        let name = read_name(&mut form);
        let roles = form.take("roles").and_then(|value| form.required_value("roles", value, roles));
        let status = form.take("status").and_then(|value| {
            form.required_value("status", value, |field, value| field.choice(value, UserStatus::CHOICES))
        });
        form.finish(|| Some(Self { name, roles, status }))
    }

    /// Reads what users may change of themselves: the name.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn read_own(body: Value) -> Result<Self, Invalid> {
        let mut form = Form::of(body)?;
        form.ignore(READ_ONLY);
        form.ignore(&["roles", "status"]);
        let name = read_name(&mut form);
        form.finish(|| Some(Self { name, ..Self::default() }))
    }
}

fn read_name(form: &mut Form) -> Option<Option<String>> {
    match form.take("name")? {
        Value::Null => Some(None),
        value => form.required_value("name", value, |field, value| field.text(value, 1, 200)).map(Some),
    }
}

fn roles(field: Field<'_>, value: Value) -> Option<Vec<RoleName>> {
    let mut roles = field.list(value, (0, 20), |field, value| {
        let Value::String(text) = value else { return field.fault(ErrorCode::InvalidInput, "is not a text") };
        match text.parse() {
            Ok(name) if role::exists(&name) => Some(name),
            _ => field.fault(ErrorCode::InvalidInput, "is not a role"),
        }
    })?;
    roles.sort();
    roles.dedup();
    Some(roles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn registration_fault(password: &str) -> Option<(String, u16)> {
        let Err(Invalid(errors)) = Registration::read(json!({"email": "ada@example.com", "password": password})) else {
            return None;
        };
        errors.first().map(|error| (error.pointer.clone(), error.code.number()))
    }

    #[test]
    fn passwords_are_8_to_128_characters_of_any_kind_and_not_common() {
        let refused = Some(("/password".to_owned(), 2002));
        for password in
            ["short77", "password", "PASSWORD", "12345678", "qwerty123", "ada@example.com", "Ada@Example.com"]
        {
            assert_eq!(registration_fault(password), refused, "{password}");
        }
        assert_eq!(registration_fault(&"é".repeat(129)), refused);
        for password in ["        .", "correct horse", "🦀🦀🦀🦀🦀🦀🦀🦀", &"é".repeat(128)] {
            assert_eq!(registration_fault(password), None, "{password}");
        }
    }

    #[test]
    fn a_patch_tells_absent_from_cleared() {
        assert_eq!(UserPatch::read(json!({})).unwrap(), UserPatch::default());
        assert_eq!(UserPatch::read(json!({"name": null})).unwrap().name, Some(None));
        let Invalid(errors) = UserPatch::read(json!({"roles": ["viewer", "king"], "status": "asleep"})).unwrap_err();
        let told: Vec<_> = errors.iter().map(|error| (error.pointer.as_str(), error.code.number())).collect();
        assert_eq!(told, [("/roles/1", 2002), ("/status", 2002)]);
    }

    #[test]
    fn passwords_and_hashes_are_never_shown() {
        let registration =
            Registration::read(json!({"email": "ada@example.com", "password": "correct horse"})).unwrap();
        assert!(!format!("{registration:?}").contains("horse"));
    }
}
