//! No secret is ever written: not by a command, not into the log of a whole session.

use reqwest::Method;
use serde_json::json;
use tempfile::tempdir;

use crate::harness::client::PASSWORD;
use crate::harness::process::Process;
use crate::harness::{ADMIN, Client};

const ACCESS: &str = "4mCyeMZQ0T8bq2sY1pVnW7uXk5rJ3hGd";
const REFRESH: &str = "Zk8LwP2vQ9xTn5bR7cJ1mH4sD6fG3yAe";
const WRONG: &str = "a wrong password of mine";

#[actix_web::test]
async fn the_log_of_a_session_tells_no_secrets() {
    for format in ["text", "json"] {
        let folder = tempdir().expect("a temporary folder can be made");
        let settings =
            [("LOG_LEVEL", "trace"), ("LOG_FORMAT", format), ("JWT_SECRET", ACCESS), ("JWT_REFRESH_SECRET", REFRESH)];
        let mut process = Process::start(folder.path(), &settings);
        let admin = process.admin().await;
        let mut secrets: Vec<String> = [ACCESS, REFRESH, ADMIN.1, PASSWORD, WRONG].map(str::to_owned).to_vec();
        secrets.extend(session(&process.client(), &admin).await);
        process.signal("TERM");
        process.line_with("stopped");
        let log = process.log.join("\n");
        assert!(log.contains("/auth/login") && log.contains("/auth/refresh-token"), "the session is logged: {log}");
        for secret in secrets {
            let line = process.log.iter().find(|line| line.contains(&secret));
            assert_eq!(line, None, "a secret is in the log");
        }
        let hash = process.log.iter().find(|line| line.contains("$argon2id$"));
        assert_eq!(hash, None, "a hash is in the log");
    }
}

/// Signs up, in, on and out, rightly and wrongly; the tokens that were handed out.
async fn session(client: &Client, admin: &Client) -> Vec<String> {
    let mut secrets = tokens(admin);
    let ada = client.clone().registered("ada@example.com").await;
    secrets.extend(tokens(&ada));
    let wrong = json!({"email": "ada@example.com", "password": WRONG});
    assert_eq!(client.post("/auth/login", wrong).await.failure(), (401, 1002));
    let misplaced = json!({"email": "ada@example.com", "password": [WRONG], "token": WRONG});
    assert_eq!(client.post("/auth/login", misplaced).await.status, 400);
    let ada = client.clone().signed_in("ada@example.com", PASSWORD).await;
    secrets.extend(tokens(&ada));
    let fresh = ada.post("/auth/refresh-token", json!({"refreshToken": ada.refresh_token()})).await.expect(200);
    secrets.extend(["accessToken", "refreshToken"].map(|name| fresh[name].as_str().expect("a token").to_owned()));
    assert_eq!(ada.get("/customers").await.failure(), (403, 1005));
    let forged = client.clone().with_token(&format!("{}x", ada.access_token().expect("signed in")));
    assert_eq!(forged.get("/auth/me").await.failure(), (401, 1004));
    let broken = ada.request(Method::POST, "/auth/login").header("Content-Type", "application/json");
    let broken = ada.send(broken.body(format!("{{\"password\": \"{WRONG}\""))).await;
    assert_eq!(broken.failure(), (400, 2004), "{broken:?}");
    assert!(!broken.text.contains(WRONG), "{broken:?}");
    assert_eq!(ada.post("/auth/logout", json!({"refreshToken": fresh["refreshToken"]})).await.status, 204);
    secrets
}

fn tokens(client: &Client) -> Vec<String> {
    vec![client.access_token().expect("signed in").to_owned(), client.refresh_token().to_owned()]
}
