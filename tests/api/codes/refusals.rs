//! Refusals by a healthy server: 1001 to 3004.

use serde_json::json;

use super::Stage;
use crate::forgery::Forgery;
use crate::harness::client::{Answer, PASSWORD, customer};
use crate::harness::{ADMIN, TestServer};

pub async fn no_token(stage: &Stage) -> Answer {
    stage.server.client().get("/customers").await
}

pub async fn wrong_password(stage: &Stage) -> Answer {
    let wrong = json!({"email": ADMIN.0, "password": "a wrong one"});
    let (known, unknown) = (wrong, json!({"email": "nobody@example.com", "password": "a wrong one"}));
    let (known, unknown) = (
        stage.server.client().post("/auth/login", known).await,
        stage.server.client().post("/auth/login", unknown).await,
    );
    for member in ["title", "detail", "status", "code", "instance"] {
        assert_eq!(known.body[member], unknown.body[member], "nobody learns which accounts there are");
    }
    known
}

/// The token is good but for its time: nobody has to wait.
pub async fn expired_token() -> Answer {
    const SECRET: &str = "the secret of this test, which is long enough for any environment";
    let server = TestServer::with(&[("JWT_SECRET", SECRET)]);
    let expired = Forgery::of(&server.admin().await).expired(SECRET);
    let answer = server.client().with_token(&expired).get("/customers").await;
    assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{:?}", answer.headers);
    answer
}

pub async fn forged_token(stage: &Stage) -> Answer {
    let forged = Forgery::of(&stage.admin).signed_with_another_secret();
    stage.server.client().with_token(&forged).get("/customers").await
}

pub async fn no_permission(stage: &Stage) -> Answer {
    let member = stage.server.client().registered("member@example.com").await;
    member.get("/customers").await
}

pub async fn locked_account(stage: &Stage) -> Answer {
    let locked = stage.server.client().registered("locked@example.com").await;
    let login = |password: &str| json!({"email": "locked@example.com", "password": password});
    for attempt in 1..=5 {
        let answer = stage.server.client().post("/auth/login", login("a wrong one")).await;
        assert_eq!(answer.failure(), (401, 1002), "attempt {attempt}");
    }
    assert_eq!(locked.get("/auth/me").await.status, 200, "a lock ends no session");
    let answer = stage.server.client().post("/auth/login", login(PASSWORD)).await;
    let seconds: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((55..=60).contains(&seconds), "the first lock lasts a minute: {seconds}");
    answer
}

pub async fn faults_of_two_kinds(stage: &Stage) -> Answer {
    stage.admin.post("/customers", json!({"email": "no address"})).await
}

pub async fn unknown_field(stage: &Stage) -> Answer {
    stage.admin.post("/customers", json!({"name": "Ada", "email": "ada@example.com", "age": 36})).await
}

pub async fn missing_fields(stage: &Stage) -> Answer {
    stage.admin.post("/customers", json!({})).await
}

pub async fn no_email_address(stage: &Stage) -> Answer {
    stage.admin.post("/customers", json!({"name": "Ada", "email": "no address"})).await
}

pub async fn unknown_customer(stage: &Stage) -> Answer {
    stage.admin.get("/customers/0123456789abcdef01234567").await
}

pub async fn taken_email(stage: &Stage) -> Answer {
    stage.admin.post("/customers", customer(1)).await.expect(201);
    stage.admin.post("/customers", customer(1)).await
}

pub async fn last_administrator(stage: &Stage) -> Answer {
    let myself = format!("/users/{}", stage.admin.user_id());
    stage.admin.patch(&myself, json!({"roles": []})).await
}

pub async fn deleted_customer(stage: &Stage) -> Answer {
    let made = stage.admin.post("/customers", customer(2)).await.expect(201);
    let path = format!("/customers/{}", made["id"].as_str().expect("an id"));
    assert_eq!(stage.admin.delete(&path).await.status, 204);
    stage.admin.get(&path).await
}
