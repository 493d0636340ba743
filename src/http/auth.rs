//! `/auth`: registering, signing in, refreshing, signing out (§3 of the contract).

use std::time::Duration;

use actix::{Handler, Message};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::actors::OperationError;
use crate::actors::auth::{AuthActor, Login, Logout, LogoutScope, Proof, RefreshSession, Register, SignedIn, Tokens};
use crate::actors::supervision::AskError;
use crate::model::error::{ErrorCode, Invalid};
use crate::model::form::Form;
use crate::model::user::{Credentials, Registration};

use super::schema::account::{LoginInput, LogoutInput, RefreshInput, RegisterInput};
use super::schema::responses::{Forbidden, Locked, Unauthorized};
use super::users::UserView;
use super::{ApiError, Caller, JsonBody, OptionalJsonBody, Represent, gate};

/// How much later a sign-in is refused than it could be.
const REFUSAL_PAUSE: Duration = Duration::from_millis(5);

/// How long a token may be, in characters; ours are shorter.
const LONGEST_TOKEN: usize = 4_096;

/// Tokens as clients see them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Tokens)]
pub struct TokensView<'a> {
    /// Goes into `Authorization: Bearer`.
    access_token: &'a str,
    /// Gets new tokens, once.
    refresh_token: &'a str,
    /// How the access token is presented.
    #[schema(pattern = "^Bearer$")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: u64,
    /// Seconds until the refresh token expires.
    refresh_expires_in: u64,
}

/// Tokens, and the user they are for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub struct SignedInView<'a> {
    /// The tokens.
    #[serde(flatten)]
    tokens: TokensView<'a>,
    /// Who is signed in.
    user: UserView<'a>,
}

impl<'a> TokensView<'a> {
    fn of(tokens: &'a Tokens) -> Self {
        Self {
            access_token: &tokens.access_token,
            refresh_token: &tokens.refresh_token,
            token_type: "Bearer",
            expires_in: tokens.expires_in,
            refresh_expires_in: tokens.refresh_expires_in,
        }
    }
}

impl<'a> SignedInView<'a> {
    fn of(signed_in: &'a SignedIn) -> Self {
        Self { tokens: TokensView::of(&signed_in.tokens), user: signed_in.user.represent() }
    }
}

/// Answers with what nobody on the way may keep (RFC 6749 §5.1).
fn unstored(status: StatusCode, tokens: impl Serialize) -> HttpResponse {
    HttpResponse::build(status).insert_header((header::CACHE_CONTROL, "no-store")).json(tokens)
}

/// Asks AuthActor to sign somebody in. A refusal because too many wait for their passwords to be hashed is answered a
/// moment later, so that clients which try again at once leave the cores to the hashing (docs/decisions/0005).
async fn sign_in<M>(caller: &Caller, message: M) -> Result<SignedIn, ApiError>
where
    AuthActor: Handler<M>,
    M: Message<Result = Result<SignedIn, OperationError>> + Send + 'static,
{
    let answer = caller.api().mailboxes.auth.ask(caller.deadline(), message).await?;
    if let Err(OperationError::Unavailable(AskError::Overloaded { .. })) = answer {
        tokio::time::sleep(REFUSAL_PAUSE).await;
    }
    Ok(answer?)
}

/// Make an account and sign in.
///
/// Registering grants no permission. Where it is closed, the answer is 403.
#[utoipa::path(post, path = "/auth/register", operation_id = "register", tag = "Sign-in",
    request_body = RegisterInput,
    responses(
        (status = 201, description = "The account was made and is signed in.", body = SignedInView),
        (status = 403, response = Forbidden)))]
pub async fn register(body: JsonBody, caller: Caller) -> Result<HttpResponse, ApiError> {
    let message = Register { registration: Registration::read(body.0)?, origin: caller.origin() };
    let signed_in = sign_in(&caller, message).await?;
    Ok(unstored(StatusCode::CREATED, SignedInView::of(&signed_in)))
}

/// Sign in.
///
/// Five failures in a row lock the account for a minute, further ones for longer: 423.
#[utoipa::path(post, path = "/auth/login", operation_id = "login", tag = "Sign-in",
    request_body = LoginInput,
    responses(
        (status = 200, description = "The user is signed in.", body = SignedInView),
        (status = 401, response = Unauthorized),
        (status = 423, response = Locked)))]
pub async fn login(body: JsonBody, caller: Caller) -> Result<HttpResponse, ApiError> {
    let message = Login { credentials: Credentials::read(body.0)?, origin: caller.origin() };
    let signed_in = sign_in(&caller, message).await?;
    Ok(unstored(StatusCode::OK, SignedInView::of(&signed_in)))
}

/// Trade a refresh token for new tokens.
///
/// The token is retired by that. Whoever presents it again, later than a moment after, ends the session.
#[utoipa::path(post, path = "/auth/refresh-token", operation_id = "refreshToken", tag = "Sign-in",
    request_body = RefreshInput,
    responses(
        (status = 200, description = "New tokens.", body = TokensView),
        (status = 401, response = Unauthorized)))]
pub async fn refresh(body: JsonBody, caller: Caller) -> Result<HttpResponse, ApiError> {
    let message = RefreshSession { refresh_token: read_refresh(body.0)?, origin: caller.origin() };
    let tokens = caller.api().mailboxes.auth.ask(caller.deadline(), message).await??;
    Ok(unstored(StatusCode::OK, TokensView::of(&tokens)))
}

fn read_refresh(body: Value) -> Result<String, Invalid> {
    let mut form = Form::of(body)?;
    let token = form.required("refreshToken", |field, value| field.text(value, 1, LONGEST_TOKEN));
    form.finish(|| token)
}

/// Sign out.
///
/// Whose sessions end is proved by `refreshToken` or, where there is none, by a bearer.
#[utoipa::path(post, path = "/auth/logout", operation_id = "logout", tag = "Sign-in",
    security((), ("bearer" = [])),
    request_body = Option<LogoutInput>,
    responses(
        (status = 204, description = "The sessions have ended."),
        (status = 401, response = Unauthorized)))]
pub async fn logout(body: OptionalJsonBody, request: HttpRequest, caller: Caller) -> Result<HttpResponse, ApiError> {
    let (refresh_token, scope) = body.0.map_or(Ok((None, LogoutScope::default())), read_logout)?;
    let bearer = || gate::bearer(request.headers()).map(|token| Proof::AccessToken(token.to_owned()));
    let proof = refresh_token.map(Proof::RefreshToken).or_else(bearer);
    let proof = proof.ok_or_else(|| ApiError::plain(ErrorCode::Unauthorized))?;
    let message = Logout { proof, scope, origin: caller.origin() };
    caller.api().mailboxes.auth.ask(caller.deadline(), message).await??;
    Ok(HttpResponse::NoContent().finish())
}

fn read_logout(body: Value) -> Result<(Option<String>, LogoutScope), Invalid> {
    let mut form = Form::of(body)?;
    let token = form.optional("refreshToken", |field, value| field.text(value, 1, LONGEST_TOKEN));
    let scope = form.optional("scope", |field, value| field.choice(value, LogoutScope::CHOICES));
    form.finish(|| Some((token, scope.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn signing_out_takes_a_token_and_a_scope_or_neither() {
        let read = |body| read_logout(body).map_err(|Invalid(errors)| errors[0].pointer.clone());
        assert_eq!(read(json!({})), Ok((None, LogoutScope::Local)));
        assert_eq!(read(json!({"refreshToken": "t", "scope": "others"})), Ok((Some("t".into()), LogoutScope::Others)));
        assert_eq!(read(json!({"refreshToken": 7})), Err("/refreshToken".into()));
        assert_eq!(read(json!({"scope": "all"})), Err("/scope".into()));
        assert_eq!(read(json!({"token": "t"})), Err("/token".into()));
    }

    #[test]
    fn refreshing_takes_a_token() {
        let fault = |body| read_refresh(body).map_err(|invalid| invalid.code().number());
        assert_eq!(fault(json!({"refreshToken": "t"})), Ok("t".into()));
        assert_eq!(fault(json!({})), Err(2003));
        assert_eq!(fault(json!({"refreshToken": ""})), Err(2002));
    }
}
