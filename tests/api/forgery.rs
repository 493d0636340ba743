//! Tokens that were not issued by the server, or no longer hold.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::Value;

use crate::harness::Client;

/// Makes tokens that look like a client's own.
pub struct Forgery {
    token: String,
}

impl Forgery {
    /// Imitates the access token of this client.
    pub fn of(client: &Client) -> Self {
        Self { token: client.access_token().expect("signed in").to_owned() }
    }

    /// What the token says.
    fn claims(&self) -> Value {
        jsonwebtoken::dangerous::insecure_decode::<Value>(&self.token).expect("an access token is a JWT").claims
    }

    /// The same claims, signed by somebody else.
    pub fn signed_with_another_secret(&self) -> String {
        self.signed("a secret that is somebody else's, long enough", &self.claims())
    }

    /// The same claims but for the time, signed rightly: the token expired an hour ago.
    pub fn expired(&self, secret: &str) -> String {
        let mut claims = self.claims();
        for claim in ["iat", "exp"] {
            claims[claim] = (claims[claim].as_i64().expect("seconds") - 3_600 - 900).into();
        }
        self.signed(secret, &claims)
    }

    fn signed(&self, secret: &str, claims: &Value) -> String {
        let header = Header { typ: Some("at+jwt".to_owned()), ..Header::new(Algorithm::HS256) };
        encode(&header, claims, &EncodingKey::from_secret(secret.as_bytes())).expect("claims are JSON")
    }

    /// Tokens that are wrong in one way each.
    pub fn collection(&self, refresh_token: &str) -> Vec<(&'static str, String)> {
        let parts: Vec<_> = self.token.split('.').collect();
        let (head, claims, signature) = (parts[0], parts[1], parts[2]);
        let flipped: String = signature.chars().rev().collect();
        vec![
            ("without a signature", format!("{head}.{claims}.")),
            ("with alg none", format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{claims}.")),
            ("with another signature", format!("{head}.{claims}.{flipped}")),
            ("with the claims cut", format!("{head}.{}.{signature}", &claims[..claims.len() - 4])),
            ("a refresh token", refresh_token.to_owned()),
            ("no JWT", "abc".to_owned()),
            ("dots", "..".to_owned()),
            ("a huge one", format!("{}{}", self.token, "A".repeat(8_000))),
        ]
    }
}
