//! What is no token, what is a forged one, and when a good one ceases to be (§2, §3).

use reqwest::Method;
use serde_json::json;

use crate::forgery::Forgery;
use crate::harness::{Client, TestServer};
use crate::problem::assert_problem;

#[tokio::test]
async fn what_is_no_bearer_token_is_as_good_as_none() {
    let server = TestServer::start();
    let token = server.client().registered("ada@example.com").await;
    let token = token.access_token().expect("signed in");
    let malformed = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Basic YWRhOnBhc3N3b3Jk".to_owned(),
        token.to_owned(),
        format!("Bearer {token} {token}"),
        format!("Bearer \"{token}\""),
        format!("Token {token}"),
        format!("Bearer={token}"),
        "Bearer ümläut".to_owned(),
    ];
    for header in malformed {
        let client = server.client();
        let answer = client.send(client.request(Method::GET, "/auth/me").header("authorization", &header)).await;
        assert_eq!(answer.failure(), (401, 1001), "{header}: {}", answer.text);
        assert_problem(&answer, 401, 1001);
    }
    let client = server.client();
    let twice = client.request(Method::GET, "/auth/me").bearer_auth(token).header("authorization", "Basic x");
    assert_problem(&client.send(twice).await, 401, 1001);
    let lower = client.request(Method::GET, "/auth/me").header("authorization", format!("bearer {token}"));
    assert_eq!(client.send(lower).await.status, 200, "schemes have no case (RFC 9110 §11.1)");
}

#[tokio::test]
async fn forged_tokens_of_every_kind_are_refused() {
    let server = TestServer::start();
    let ada = server.client().registered("ada@example.com").await;
    for (kind, token) in Forgery::of(&ada).collection(ada.refresh_token()) {
        let answer = server.client().with_token(&token).get("/auth/me").await;
        assert_eq!(answer.failure(), (401, 1004), "{kind}: {}", answer.text);
        assert_problem(&answer, 401, 1004);
    }
    let access = ada.access_token().expect("signed in");
    let crossed = server.client().post("/auth/refresh-token", json!({"refreshToken": access})).await;
    assert_problem(&crossed, 401, 1004);
}

#[tokio::test]
async fn a_change_of_roles_holds_from_the_next_request_on() {
    let server = TestServer::start();
    let (admin, ada) = (server.admin().await, server.client().registered("ada@example.com").await);
    let user = format!("/users/{}", ada.user_id());
    for (roles, status) in [(json!(["viewer"]), 200), (json!([]), 403), (json!(["member", "manager"]), 200)] {
        admin.patch(&user, json!({"roles": roles})).await.expect(200);
        assert_eq!(ada.get("/customers").await.status, status, "{roles}");
    }
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let server = TestServer::start();
    let (admin, ada) = (server.admin().await, server.client().registered("ada@example.com").await);
    let user = format!("/users/{}", ada.user_id());
    admin.patch(&user, json!({"status": "disabled"})).await.expect(200);
    assert_problem(&ada.get("/auth/me").await, 401, 1004);
    let refresh = json!({"refreshToken": ada.refresh_token()});
    assert_problem(&server.client().post("/auth/refresh-token", refresh).await, 401, 1004);
    let login = json!({"email": "ada@example.com", "password": crate::harness::client::PASSWORD});
    assert_problem(&server.client().post("/auth/login", login).await, 401, 1002);
}

#[tokio::test]
async fn signing_out_ends_the_sessions_that_its_scope_names() {
    let server = TestServer::start();
    let first = server.client().registered("ada@example.com").await;
    let sign_in = || server.client().signed_in("ada@example.com", crate::harness::client::PASSWORD);
    let alive = async |client: &Client| client.get("/auth/me").await.status == 200;

    let (second, third) = (sign_in().await, sign_in().await);
    assert_eq!(second.post("/auth/logout", json!({"scope": "others"})).await.status, 204);
    assert_eq!((alive(&first).await, alive(&second).await, alive(&third).await), (false, true, false));

    let fourth = sign_in().await;
    assert_eq!(fourth.send(fourth.request(Method::POST, "/auth/logout")).await.status, 204, "local, without a body");
    assert_eq!((alive(&second).await, alive(&fourth).await), (true, false));

    let fifth = sign_in().await;
    let proof = json!({"refreshToken": fifth.refresh_token(), "scope": "global"});
    assert_eq!(server.client().post("/auth/logout", proof.clone()).await.status, 204);
    assert_eq!((alive(&second).await, alive(&fifth).await), (false, false));
    assert_eq!(server.client().post("/auth/logout", proof).await.status, 204, "signing out is idempotent");
    assert_eq!(fifth.post("/auth/logout", json!({})).await.status, 204, "by its access token too");

    assert_problem(&server.client().post("/auth/logout", json!({})).await, 401, 1001);
    let forged = Forgery::of(&fifth).signed_with_another_secret();
    assert_problem(&server.client().with_token(&forged).post("/auth/logout", json!({})).await, 401, 1004);
}
