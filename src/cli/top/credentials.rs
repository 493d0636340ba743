//! Who the operator is to the node.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use reqwest::blocking::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::Secret;

use super::client::{NodeError, answered, read, refused};

/// What proves who the operator is. A token that was refused is [renewed](Self::renew) where that is possible.
#[derive(Debug)]
pub(super) enum Credentials {
    /// Nothing does.
    Nobody,
    /// An access token, until it expires.
    Token(Secret),
    /// A file with an access token, which somebody else keeps fresh.
    File(PathBuf, Secret),
    /// An account that signs in.
    Account(Account),
}

/// An account that signs in.
#[derive(Debug)]
pub(super) struct Account {
    /// Where the API is: `http://localhost:4000/api/v1`.
    api: String,
    email: String,
    password: Secret,
    tokens: Option<Tokens>,
    /// The answer to a sign-in that was refused. It is not tried again: that would lock the account.
    refusal: Option<(u16, String)>,
}

#[derive(Debug, Deserialize)]
#[serde(from = "WrittenTokens")]
struct Tokens {
    access: Secret,
    refresh: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenTokens {
    access_token: String,
    refresh_token: String,
}

impl From<WrittenTokens> for Tokens {
    fn from(tokens: WrittenTokens) -> Self {
        Self { access: Secret::new(tokens.access_token), refresh: Secret::new(tokens.refresh_token) }
    }
}

impl Credentials {
    /// An account of the API at this URL.
    pub(super) fn account(api: String, email: String, password: Secret) -> Self {
        Self::Account(Account { api, email, password, tokens: None, refusal: None })
    }

    /// A file that holds nothing but a token.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn file(path: PathBuf) -> io::Result<Self> {
        let token = read_token(&path)?;
        Ok(Self::File(path, token))
    }

    /// The access token, as far as there is one.
    pub(super) fn token(&self) -> Option<&Secret> {
        match self {
            Self::Nobody => None,
            Self::Token(token) | Self::File(_, token) => Some(token),
            Self::Account(account) => account.tokens.as_ref().map(|tokens| &tokens.access),
        }
    }

    /// Looks for another token than this one, which the node refused. Answers whether there is one.
    ///
    /// # Errors
    /// The file cannot be read, or the account cannot sign in.
    pub(super) fn renew(&mut self, http: &Client, refused: Option<&Secret>) -> Result<bool, NodeError> {
        if self.token() != refused {
            return Ok(true);
        }
        match self {
            Self::Nobody | Self::Token(_) => Ok(false),
            Self::File(path, token) => {
                *token = read_token(path).map_err(NodeError::TokenFile)?;
                Ok(Some(&*token) != refused)
            }
            Self::Account(account) => account.sign_in(http).map(|()| true),
        }
    }

    /// Ends the session that was begun here. Whether that succeeds matters to nobody any more.
    pub(super) fn sign_out(&mut self, http: &Client) {
        let Self::Account(account) = self else { return };
        if let Some(tokens) = account.tokens.take() {
            let body = json!({"refreshToken": tokens.refresh.expose()});
            let _ = http.post(format!("{}/auth/logout", account.api)).json(&body).send();
        }
    }
}

impl Account {
    /// By the refresh token, if there is one that is still good, else by the password.
    fn sign_in(&mut self, http: &Client) -> Result<(), NodeError> {
        if let Some((status, detail)) = &self.refusal {
            let (url, what) = (format!("{}/auth/login", self.api), "the sign-in");
            return Err(NodeError::Refused { url, what, status: *status, detail: detail.clone() });
        }
        if let Some(tokens) = self.tokens.take() {
            let body = json!({"refreshToken": tokens.refresh.expose()});
            match self.ask(http, "refresh-token", &body) {
                Err(NodeError::Refused { .. }) => {}
                Err(error) => {
                    self.tokens = Some(tokens);
                    return Err(error);
                }
                Ok(tokens) => {
                    self.tokens = Some(tokens);
                    return Ok(());
                }
            }
        }
        let body = json!({"email": self.email, "password": self.password.expose()});
        let answer = self.ask(http, "login", &body);
        if let Err(NodeError::Refused { status: status @ (400..429), detail, .. }) = &answer {
            self.refusal = Some((*status, detail.clone()));
        }
        self.tokens = Some(answer?);
        Ok(())
    }

    fn ask(&self, http: &Client, route: &str, body: &Value) -> Result<Tokens, NodeError> {
        let answer = http.post(format!("{}/auth/{route}", self.api)).json(body).send();
        let answer = answered(answer)?;
        if !answer.status().is_success() {
            return Err(refused("the sign-in", answer));
        }
        read("the sign-in", answer)
    }
}

fn read_token(path: &Path) -> io::Result<Secret> {
    fs::read_to_string(path).map(|text| Secret::new(text.trim()))
}
