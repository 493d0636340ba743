//! A REST client that remembers who it is.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// A password that the contract accepts.
pub const PASSWORD: &str = "correct horse battery";

/// A client of one server, signed in or not.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    /// What registering or signing in answered.
    pub session: Option<Value>,
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body as JSON; `null` if it is none.
    pub body: Value,
    pub text: String,
}

impl Answer {
    /// The contract's code of a failure; 0 if it is none.
    pub fn code(&self) -> u64 {
        self.body["code"].as_u64().unwrap_or_default()
    }

    /// Status and code, for comparison.
    pub fn failure(&self) -> (u16, u64) {
        (self.status, self.code())
    }

    /// A header's text; empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("our headers are ASCII"))
    }

    /// The body of a success.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }
}

impl Client {
    pub fn new(url: &str) -> Self {
        // The server closes a connection that is idle for 5 s: whoever sends on it at that moment gets no answer.
        let http = reqwest::Client::builder().no_proxy().pool_idle_timeout(Duration::from_secs(3));
        let http = http.build().expect("a plain client can be made");
        Self { http, url: url.to_owned(), session: None }
    }

    /// A client that sends by this one.
    pub fn over(http: reqwest::Client, url: &str) -> Self {
        Self { http, url: url.to_owned(), session: None }
    }

    /// The same client with a new account, signed in.
    pub async fn registered(mut self, email: &str) -> Self {
        let answer = self.post("/auth/register", json!({"email": email, "password": PASSWORD})).await;
        self.session = Some(answer.expect(201));
        self
    }

    /// The same client, signed in.
    pub async fn signed_in(mut self, email: &str, password: &str) -> Self {
        let answer = self.post("/auth/login", json!({"email": email, "password": password})).await;
        self.session = Some(answer.expect(200));
        self
    }

    /// The same client with another access token.
    pub fn with_token(mut self, token: &str) -> Self {
        self.session = Some(json!({"accessToken": token}));
        self
    }

    pub fn access_token(&self) -> Option<&str> {
        self.session.as_ref()?["accessToken"].as_str()
    }

    pub fn refresh_token(&self) -> &str {
        self.session.as_ref().and_then(|session| session["refreshToken"].as_str()).expect("signed in")
    }

    pub fn user_id(&self) -> &str {
        self.session.as_ref().and_then(|session| session["user"]["id"].as_str()).expect("signed in")
    }

    /// A request under the base path, or, if the path begins with `//`, at the root.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = match path.strip_prefix('/') {
            Some(root) if root.starts_with('/') => format!("{}{root}", self.url),
            _ => format!("{}/api/v1{path}", self.url),
        };
        let request = self.http.request(method, url);
        match self.access_token() {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.expect("the server answers")
    }

    /// The same where the server may be gone: then the answer is lost, and whether it did its work is not known.
    pub async fn try_send(&self, request: RequestBuilder) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = text(response).await?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { status, headers, body, text })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn delete_with(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::DELETE, path).json(&body)).await
    }
}

/// The text of an answer; of one without an end, what is there at once.
async fn text(mut response: Response) -> Result<String, reqwest::Error> {
    if !is_stream(response.headers()) {
        return response.text().await;
    }
    let beginning = response.chunk().await?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&beginning).into_owned())
}

/// Whether an answer goes on until somebody ends it.
pub fn is_stream(headers: &HeaderMap) -> bool {
    headers.get("content-type").is_some_and(|kind| kind == "text/event-stream")
}

/// The least a customer needs.
pub fn customer(number: usize) -> Value {
    json!({"name": format!("Customer {number}"), "email": format!("customer{number}@example.com")})
}
