//! Bodies of requests about accounts: signing in and out, users (§3, §4 of the contract).

use utoipa::ToSchema;

use super::scalars::{EmailAddress, RoleText, Token};

/// A new account.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"})))]
pub struct RegisterInput {
    /// Unique; kept in lower case.
    pub email: EmailAddress,
    /// Any characters. The commonest passwords and the e-mail address itself are refused.
    #[schema(min_length = 8, max_length = 128, format = Password)]
    pub password: String,
    /// What the user is called.
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\x00]*$")]
    pub name: Option<String>,
}

/// What signing in takes.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"email": "ada@example.com", "password": "correct horse battery"})))]
pub struct LoginInput {
    /// The account's address, in any case.
    pub email: EmailAddress,
    /// The account's password.
    #[schema(min_length = 1, max_length = 1024, format = Password, pattern = r"^[^\x00]*$")]
    pub password: String,
}

/// What refreshing takes.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshInput {
    /// The refresh token that was issued last.
    pub refresh_token: Token,
}

/// What signing out takes: the refresh token, where no bearer is sent.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogoutInput {
    /// A refresh token of the session.
    pub refresh_token: Option<Token>,
    /// Which sessions end; `local` where absent.
    pub scope: Option<LogoutReach>,
}

/// Which sessions a sign-out ends: that of the token, all others, or all.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LogoutScope)]
pub enum LogoutReach {
    /// That of the token.
    Local,
    /// All but that.
    Others,
    /// All.
    Global,
}

/// What users may change of themselves. Fields that can only be read are ignored.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"name": "Ada Lovelace"})))]
pub struct MePatch {
    /// What the user is called; `null` clears it.
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\x00]*$")]
    pub name: Option<String>,
}

/// What an administrator may change of a user; what is absent stays. Fields that can only be read are ignored.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"roles": ["manager"]})))]
pub struct UserPatch {
    /// What the user is called; `null` clears it.
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\x00]*$")]
    pub name: Option<String>,
    /// The roles they hold. Nobody grants what they do not hold themselves.
    #[schema(max_items = 20, nullable = false)]
    pub roles: Option<Vec<RoleText>>,
    /// Whether they may sign in.
    #[schema(value_type = UserState, required = false)]
    pub status: UserState,
}

/// Whether a user may sign in.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = UserStatus)]
pub enum UserState {
    /// May sign in.
    Active,
    /// May not, and has no valid tokens.
    Disabled,
}
