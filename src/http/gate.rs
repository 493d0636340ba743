//! The gate before every endpoint: who is it, is their budget spent, may they (§8, §3, §4, in this order).

use std::net::Ipv4Addr;
use std::sync::Arc;

use actix_web::http::header::{self, HeaderMap};

use crate::actors::OperationError;
use crate::actors::audit::RecordEvent;
use crate::actors::auth::{Authenticate, Identity, Principal};
use crate::actors::rate_limiter::{Policy, TakeRequest};
use crate::limiter::{Decision, Subject};
use crate::model::audit::{Action, AuditEvent, Outcome};
use crate::model::error::ErrorCode;
use crate::model::permission::Permission;

use super::caller::Caller;
use super::endpoint::{Access, Terms};
use super::error::ApiError;

/// How a request came to the gate's other side, or did not.
pub(super) struct Passage {
    /// What became of it in its budget, if it was counted.
    pub(super) decision: Option<Decision>,
    /// Why it may not go on.
    pub(super) refusal: Option<ApiError>,
}

/// Takes a request to an endpoint with these terms through the gate.
pub(super) async fn pass(caller: &Caller, headers: &HeaderMap, terms: Terms) -> Passage {
    // Nothing is begun by a server that starts or stops; its probes, which are not counted, are answered.
    if terms.policy.is_some()
        && let Some(reason) = caller.api().settings.drain.refusal()
    {
        return Passage { decision: None, refusal: Some(ApiError::not_begun(reason, headers)) };
    }
    let identified = match terms.access {
        Access::Public | Access::Registration => Ok(None),
        Access::SignedIn | Access::Needs(_) => identify(caller, headers, true).await,
    };
    // Who is only presumed is charged all the same: a budget is named before it is known whether their session still holds.
    let presumed = match &identified {
        Ok(presumed) => presumed.as_deref(),
        Err(_) => None,
    };
    let decision = match terms.policy {
        Some(policy) => match count(caller, presumed, policy).await {
            Ok(decision) => Some(decision),
            Err(error) => return Passage { decision: None, refusal: Some(error) },
        },
        None => None,
    };
    let refusal = match decision {
        Some(Decision { allowed: false, retry_after, .. }) => {
            Some(ApiError::plain(ErrorCode::RateLimitExceeded).retry_after(retry_after))
        }
        _ => {
            let identified = match identified {
                // With the count this node has heard what others changed, and needs to ask nobody else.
                Ok(Some(_)) => identify(caller, headers, false).await,
                settled => settled,
            };
            admit(caller, identified.map(|_| ()), terms).await.err()
        }
    };
    Passage { decision, refusal }
}

/// Finds out who it is, and notes it. Without a token it is nobody. Answers who it is presumed to be, where that may be and
/// is all that can be told: then nothing is noted.
async fn identify(
    caller: &Caller,
    headers: &HeaderMap,
    may_presume: bool,
) -> Result<Option<Arc<Principal>>, OperationError> {
    let Some(token) = bearer(headers) else { return Ok(None) };
    let authenticate = Authenticate { access_token: token.into(), may_presume };
    match caller.api().mailboxes.auth.ask(caller.deadline(), authenticate).await?? {
        Identity::Settled(principal) => {
            caller.identify(principal);
            Ok(None)
        }
        Identity::Presumed(principal) => Ok(Some(principal)),
    }
}

/// The token of an `Authorization: Bearer` header; `None` if there is none, or it is malformed (RFC 6750 §2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(header::AUTHORIZATION);
    let (line, None) = (lines.next()?, lines.next()) else { return None };
    let (scheme, token) = line.to_str().ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    let may_stand = |byte: u8| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
    let well_formed = !token.is_empty() && token.bytes().all(may_stand);
    (scheme.eq_ignore_ascii_case("bearer") && well_formed).then_some(token)
}

/// Takes the request out of the budget of whoever makes it, or is presumed to.
async fn count(caller: &Caller, presumed: Option<&Principal>, policy: Policy) -> Result<Decision, ApiError> {
    let subject = match caller.signed_in().or(presumed) {
        Some(principal) => Subject::User(principal.user_id),
        // Connections without an address share one budget.
        None => Subject::Address(caller.address().unwrap_or(Ipv4Addr::UNSPECIFIED.into())),
    };
    Ok(caller.api().mailboxes.rate_limiter.ask(caller.deadline(), TakeRequest { subject, policy }).await?)
}

/// Lets those in who may.
async fn admit(caller: &Caller, identified: Result<(), OperationError>, terms: Terms) -> Result<(), ApiError> {
    if let Err(error) = identified {
        if matches!(error, OperationError::TokenInvalid) {
            record_denial(caller, terms, error.code()).await?;
        }
        return Err(error.into());
    }
    match terms.access {
        Access::Public => return Ok(()),
        Access::Registration if caller.api().settings.registration_open => return Ok(()),
        Access::Registration => return Err(deny(caller, terms, Permission::UsersCreate).await),
        Access::SignedIn | Access::Needs(_) => {}
    }
    let principal = caller.signed_in().ok_or_else(|| ApiError::plain(ErrorCode::Unauthorized))?;
    let Access::Needs(permission) = terms.access else { return Ok(()) };
    if !principal.grants.allow(permission) {
        return Err(deny(caller, terms, permission).await);
    }
    if principal.grants.admin {
        caller.passes_as_admin();
    }
    Ok(())
}

/// The refusal of a caller who lacks this permission, after its event is durable; or why that could not be.
async fn deny(caller: &Caller, terms: Terms, permission: Permission) -> ApiError {
    let recorded = record_denial(caller, terms, ErrorCode::InsufficientPermissions).await;
    recorded.err().unwrap_or_else(|| ApiError::forbidden(permission))
}

/// Leaves an event of a denial (§7). It is durable before the denial is answered.
///
/// Where requests are not counted, denials are: nobody may fill the trail without end.
async fn record_denial(caller: &Caller, terms: Terms, code: ErrorCode) -> Result<(), ApiError> {
    if terms.policy.is_none() {
        let decision = count(caller, None, Policy::Default).await?;
        if !decision.allowed {
            return Err(ApiError::plain(ErrorCode::RateLimitExceeded).retry_after(decision.retry_after));
        }
    }
    let now = caller.api().settings.clock.now();
    let event = AuditEvent::new(Action::AccessDenied, None, &caller.origin(), now).ended(Outcome::Denied, code);
    caller.api().mailboxes.audit.ask(caller.deadline(), RecordEvent { event }).await??;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn only_a_well_formed_bearer_counts() {
        let token = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::AUTHORIZATION, HeaderValue::from_static(line));
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(token(&["Bearer abc.def-_~+/="]).as_deref(), Some("abc.def-_~+/="));
        assert_eq!(token(&["bearer  abc"]).as_deref(), Some("abc"));
        for malformed in [
            &[][..],
            &[""],
            &["Bearer"],
            &["Bearer "],
            &["Basic YTpi"],
            &["Bearer a b"],
            &["Bearer a,b"],
            &["Bearer \"a\""],
            &["Bearer a", "Bearer b"],
        ] {
            assert_eq!(token(malformed), None, "{malformed:?}");
        }
    }
}
