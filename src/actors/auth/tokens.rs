//! Access and refresh tokens: JWTs that only this service makes and takes (RFC 8725, RFC 9068).

use std::fmt;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::actors::error::OperationError;
use crate::model::id::{ObjectId, SessionId, UserId};
use crate::model::role::RoleName;
use crate::model::session::{RefreshToken, Session};
use crate::model::time::Time;
use crate::model::user::User;

use super::messages::Tokens;

const ISSUER: &str = "clientele";
/// What tokens are for: nothing that is signed for one purpose is good for the other, even under the same secret.
const ACCESS_AUDIENCE: &str = "clientele";
const REFRESH_AUDIENCE: &str = "clientele/refresh";
const ACCESS_TYPE: &str = "at+jwt";
const REFRESH_TYPE: &str = "rt+jwt";
/// Longer ones are none of ours.
const MAX_LENGTH_BYTES: usize = 8 * 1024;

/// What an access token says: these claims and no others, so that one which is not looked at (`nbf`) cannot be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessClaims {
    iss: String,
    aud: String,
    /// The user.
    pub sub: UserId,
    /// The session.
    pub sid: SessionId,
    jti: ObjectId,
    iat: i64,
    /// Seconds since the epoch.
    pub exp: i64,
    roles: Vec<RoleName>,
}

/// What a refresh token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshClaims {
    iss: String,
    aud: String,
    /// The user.
    pub sub: UserId,
    /// The session.
    pub sid: SessionId,
    /// Which of the session's refresh tokens it is.
    pub jti: ObjectId,
    iat: i64,
    exp: i64,
}

/// Signs and verifies both kinds of tokens.
pub(super) struct TokenMint {
    access: Kind,
    refresh: Kind,
    access_lifetime: Duration,
}

/// One kind of token: its own secret, type and audience.
struct Kind {
    header: Header,
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
}

impl Kind {
    fn new(secret: &[u8], typ: &str, audience: &str) -> Self {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(typ.to_owned());
        // The one algorithm that is taken, whatever the token's header says.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Expiry is checked against the clock that is passed in.
        validation.validate_exp = false;
        Self {
            header,
            signing: EncodingKey::from_secret(secret),
            verifying: DecodingKey::from_secret(secret),
            validation,
        }
    }

    fn sign(&self, claims: &impl Serialize) -> String {
        encode(&self.header, claims, &self.signing).expect("claims are made of texts and numbers")
    }

    /// The claims of a token that this service signed, expired or not.
    fn verify<C: serde::de::DeserializeOwned>(&self, token: &str) -> Result<C, OperationError> {
        if token.len() > MAX_LENGTH_BYTES {
            return Err(OperationError::TokenInvalid);
        }
        let verified =
            decode::<C>(token, &self.verifying, &self.validation).map_err(|_| OperationError::TokenInvalid)?;
        // Ours say `alg` and `typ` and nothing else: no `kid`, `jku`, `jwk`, `x5u`, `crit` (RFC 8725, 3.10 and 3.11).
        if verified.header != self.header {
            return Err(OperationError::TokenInvalid);
        }
        Ok(verified.claims)
    }
}

impl TokenMint {
    /// Signs access tokens with one secret and refresh tokens with another.
    pub(super) fn new(access_secret: &[u8], refresh_secret: &[u8], access_lifetime: Duration) -> Self {
        Self {
            access: Kind::new(access_secret, ACCESS_TYPE, ACCESS_AUDIENCE),
            refresh: Kind::new(refresh_secret, REFRESH_TYPE, REFRESH_AUDIENCE),
            access_lifetime,
        }
    }

    /// A new access token, and the session's current refresh token, byte for byte the same each time.
    pub(super) fn issue(&self, user: &User, session: &Session, now: Time) -> Tokens {
        // Never beyond the session's own end.
        let expires_at = (now + self.access_lifetime).min(session.expires_at);
        let RefreshToken { id, issued_at, expires_at: refresh_expires_at } = session.current;
        let access = AccessClaims {
            iss: ISSUER.to_owned(),
            aud: ACCESS_AUDIENCE.to_owned(),
            sub: user.id,
            sid: session.id,
            jti: ObjectId::new(now),
            iat: now.as_seconds(),
            exp: expires_at.as_seconds(),
            roles: user.roles.clone(),
        };
        let refresh = RefreshClaims {
            iss: ISSUER.to_owned(),
            aud: REFRESH_AUDIENCE.to_owned(),
            sub: user.id,
            sid: session.id,
            jti: id,
            iat: issued_at.as_seconds(),
            exp: refresh_expires_at.as_seconds(),
        };
        Tokens {
            access_token: self.access.sign(&access),
            refresh_token: self.refresh.sign(&refresh),
            expires_in: expires_at.since(now).as_secs(),
            refresh_expires_in: refresh_expires_at.since(now).as_secs(),
        }
    }

    /// What an access token says.
    ///
    /// # Errors
    /// It is not one of ours, or has expired.
    pub(super) fn verify_access(&self, token: &str, now: Time) -> Result<AccessClaims, OperationError> {
        let claims: AccessClaims = self.access.verify(token)?;
        if now.as_seconds() >= claims.exp { Err(OperationError::TokenExpired) } else { Ok(claims) }
    }

    /// What a refresh token says; whether its session is over, the session tells.
    ///
    /// # Errors
    /// It is not one of ours.
    pub(super) fn verify_refresh(&self, token: &str) -> Result<RefreshClaims, OperationError> {
        self.refresh.verify(token)
    }
}

impl RefreshClaims {
    /// Whether it has expired.
    pub(super) fn is_expired(&self, now: Time) -> bool {
        now.as_seconds() >= self.exp
    }
}

impl fmt::Debug for TokenMint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenMint(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::Lifetimes;
    use crate::model::user::UserStatus;
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
    use serde_json::{Value, json};

    const NOW: Time = Time::from_millis(1_774_260_000_000);
    const ACCESS_SECRET: &[u8] = b"an access secret of 32 bytes or so";
    const REFRESH_SECRET: &[u8] = b"a refresh secret of 32 bytes or so";

    fn mint() -> TokenMint {
        TokenMint::new(ACCESS_SECRET, REFRESH_SECRET, Duration::from_secs(900))
    }

    fn tokens() -> Tokens {
        let user = User {
            id: UserId::new(NOW),
            email: "ada@example.com".parse().unwrap(),
            name: None,
            password_hash: String::new(),
            roles: vec![RoleName::member()],
            status: UserStatus::Active,
            version: 1,
            created_at: NOW,
            updated_at: NOW,
            deleted_at: None,
        };
        let week = Duration::from_secs(7 * 86_400);
        let lifetimes = Lifetimes { sliding: week, absolute: week, grace: Duration::ZERO };
        let session = Session::begin(user.id, (None, None), lifetimes, NOW);
        mint().issue(&user, &session, NOW)
    }

    fn part(token: &str, index: usize) -> Value {
        serde_json::from_slice(&BASE64.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
    }

    /// A token like `token`, with another header and claims, signed rightly with `secret`.
    fn resigned(token: &str, header: impl Fn(&mut Value), claims: impl Fn(&mut Value), secret: &[u8]) -> String {
        let (mut head, mut body) = (part(token, 0), part(token, 1));
        header(&mut head);
        claims(&mut body);
        let signed = format!("{}.{}", BASE64.encode(head.to_string()), BASE64.encode(body.to_string()));
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        let signature = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", BASE64.encode(signature))
    }

    fn refusal(token: &str) -> u16 {
        mint().verify_access(token, NOW).unwrap_err().code().number()
    }

    #[test]
    fn a_token_says_who_and_which_session_and_what_type_it_is() {
        let tokens = tokens();
        assert_eq!(part(&tokens.access_token, 0), json!({"alg": "HS256", "typ": "at+jwt"}));
        let claims = mint().verify_access(&tokens.access_token, NOW).unwrap();
        assert_eq!(part(&tokens.access_token, 1)["sid"], json!(claims.sid));
        assert_eq!((tokens.expires_in, tokens.refresh_expires_in), (900, 604_800));
    }

    #[test]
    fn neither_kind_of_token_is_taken_for_the_other() {
        let tokens = tokens();
        assert_eq!(refusal(&tokens.refresh_token), 1004);
        assert_eq!(mint().verify_refresh(&tokens.access_token).unwrap_err().code().number(), 1004);
        // Even if someone configures one secret for both.
        let same = TokenMint::new(ACCESS_SECRET, ACCESS_SECRET, Duration::from_secs(900));
        let crossed = resigned(&tokens.refresh_token, |_| (), |_| (), ACCESS_SECRET);
        assert!(same.verify_access(&crossed, NOW).is_err());
    }

    #[test]
    fn a_token_is_good_until_its_last_second_and_expired_then() {
        let token = tokens().access_token;
        let last = NOW + Duration::from_secs(899);
        assert!(mint().verify_access(&token, last).is_ok());
        let error = mint().verify_access(&token, last + Duration::from_secs(1)).unwrap_err();
        assert_eq!(error.code().number(), 1003);
    }

    #[test]
    fn forged_tokens_are_refused() {
        let token = tokens().access_token;
        assert_eq!(resigned(&token, |_| (), |_| (), ACCESS_SECRET).len(), token.len());
        assert!(mint().verify_access(&resigned(&token, |_| (), |_| (), ACCESS_SECRET), NOW).is_ok());
        let headers: [fn(&mut Value); 9] = [
            |head| head["alg"] = json!("none"),
            |head| head["alg"] = json!("HS512"),
            |head| head["alg"] = json!("RS256"),
            |head| head["typ"] = json!("JWT"),
            |head| head["kid"] = json!("../../dev/null"),
            |head| head["jku"] = json!("https://example.com/keys"),
            |head| head["jwk"] = json!({"kty": "oct", "k": "AAAA"}),
            |head| head["x5u"] = json!("https://example.com/cert"),
            |head| head["crit"] = json!(["exp"]),
        ];
        for header in headers {
            let forged = resigned(&token, header, |_| (), ACCESS_SECRET);
            assert_eq!(refusal(&forged), 1004, "{}", part(&forged, 0));
        }
        let claims: [fn(&mut Value); 5] = [
            |body| body["iss"] = json!("someone"),
            |body| body["aud"] = json!("clientele/refresh"),
            |body| body["sub"] = json!("../etc"),
            |body| body["nbf"] = json!(4_000_000_000_u64),
            |body| body["exp"] = json!("never"),
        ];
        for claim in claims {
            let forged = resigned(&token, |_| (), claim, ACCESS_SECRET);
            assert_eq!(refusal(&forged), 1004, "{}", part(&forged, 1));
        }
        assert_eq!(refusal(&resigned(&token, |_| (), |_| (), REFRESH_SECRET)), 1004);
    }

    #[test]
    fn damaged_tokens_are_refused() {
        let token = tokens().access_token;
        let unsigned =
            format!("{}.{}.", BASE64.encode(r#"{"alg":"none","typ":"at+jwt"}"#), token.split('.').nth(1).unwrap());
        let huge = format!("{token}{}", "A".repeat(1_000_000));
        for damaged in ["", ".", "..", "a.b.c", &token[..token.len() - 4], &token[1..], &unsigned, &huge] {
            assert_eq!(refusal(damaged), 1004);
        }
    }
}
