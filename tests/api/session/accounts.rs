//! Accounts: registering, signing in, refreshing, roles, signing out (§3, §4).

use serde_json::{Value, json};

use super::{Walk, id};
use crate::harness::{ADMIN, Client};
use crate::like::assert_like;
use crate::problem::assert_problem;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

fn tokens() -> Value {
    json!({"accessToken": "<token>", "refreshToken": "<token>", "tokenType": "Bearer", "expiresIn": 900,
        "refreshExpiresIn": 604_800})
}

fn user(fields: Value) -> Value {
    let user = json!({"id": "<id>", "email": EMAIL, "name": "Ada", "roles": ["member"], "status": "active", "version": 1,
        "createdAt": "<time>", "updatedAt": "<time>"});
    with(user, fields)
}

fn with(mut body: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    body.as_object_mut().expect("a body is an object").extend(fields);
    body
}

/// The administrator, and a user whom they made a manager.
pub async fn register_sign_in_and_be_given_a_role(walk: &Walk) -> (Client, Client) {
    let nobody = walk.server.client();
    let registration = json!({"email": " Ada@Example.com ", "password": PASSWORD, "name": "Ada"});
    let registered = walk.post(&nobody, "/api/v1/auth/register", registration.clone()).await;
    assert_eq!(registered.header("cache-control"), "no-store");
    let registered = super::json(registered, 201);
    assert_like(&registered, &with(tokens(), json!({"user": user(json!({}))})));
    assert_problem(&walk.post(&nobody, "/api/v1/auth/register", registration).await, 409, 3002);

    let admin = sign_in(walk, ADMIN.0, ADMIN.1).await;
    let ada = refreshed(walk, sign_in(walk, EMAIL, PASSWORD).await).await;
    denied_until_given_a_role(walk, &admin, &ada, &id(&registered["user"])).await;
    own_account(walk, &ada).await;
    (admin, ada)
}

async fn sign_in(walk: &Walk, email: &str, password: &str) -> Client {
    let mut nobody = walk.server.client();
    let wrong = json!({"email": email, "password": "a wrong one"});
    assert_problem(&walk.post(&nobody, "/api/v1/auth/login", wrong).await, 401, 1002);
    let right = walk.post(&nobody, "/api/v1/auth/login", json!({"email": email, "password": password})).await;
    assert_eq!(right.header("cache-control"), "no-store");
    let session = super::json(right, 200);
    assert_eq!(session["user"]["email"], email);
    assert_like(&session, &with(tokens(), json!({"user": session["user"]})));
    nobody.session = Some(session);
    nobody
}

/// The same client with refreshed tokens.
async fn refreshed(walk: &Walk, mut client: Client) -> Client {
    let nobody = walk.server.client();
    let body = json!({"refreshToken": client.refresh_token()});
    let session = super::json(walk.post(&nobody, "/api/v1/auth/refresh-token", body.clone()).await, 200);
    assert_like(&session, &tokens());
    assert_ne!(session["refreshToken"], client.refresh_token());
    let again = super::json(walk.post(&nobody, "/api/v1/auth/refresh-token", body).await, 200);
    assert_eq!(again["refreshToken"], session["refreshToken"], "within the grace, the current one");
    client.session = Some(session);
    client
}

async fn denied_until_given_a_role(walk: &Walk, admin: &Client, ada: &Client, ada_id: &str) {
    let path = format!("/api/v1/users/{ada_id}");
    let denied = walk.get(ada, "/api/v1/customers").await;
    assert_problem(&denied, 403, 1005);
    assert_eq!(denied.body["requiredPermission"], "customers:read");

    let read = walk.get(admin, &path).await;
    assert_eq!(read.header("etag"), "\"1\"");
    assert_like(&super::json(read, 200), &user(json!({})));
    let changed = walk.patch(admin, &path, json!({"roles": ["manager"]})).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_like(&super::json(changed, 200), &user(json!({"roles": ["manager"], "version": 2})));
    assert_eq!(walk.get(ada, "/api/v1/customers").await.status, 200, "with the token that was denied before");

    for wrong in [json!({"roles": ["king"]}), json!({"roles": "manager"}), json!({"status": "asleep"})] {
        assert_problem(&walk.patch(admin, &path, wrong).await, 400, 2002);
    }
    let myself = format!("/api/v1/users/{}", admin.user_id());
    for loss in [json!({"roles": ["viewer"]}), json!({"status": "disabled"})] {
        assert_problem(&walk.patch(admin, &myself, loss).await, 409, 3003);
    }
}

async fn own_account(walk: &Walk, ada: &Client) {
    let permissions = json!(["customer-groups:*", "customers:*"]);
    let me = |fields: Value| with(user(json!({"roles": ["manager"], "permissions": permissions})), fields);
    let read = walk.get(ada, "/api/v1/auth/me").await;
    assert_eq!(read.header("etag"), "\"2\"");
    assert_like(&super::json(read, 200), &me(json!({"version": 2})));
    let renamed = walk.patch(ada, "/api/v1/auth/me", json!({"name": "Ada Lovelace"})).await;
    assert_eq!(renamed.header("etag"), "\"3\"");
    assert_like(&super::json(renamed, 200), &me(json!({"name": "Ada Lovelace", "version": 3})));
    let cleared = super::json(walk.patch(ada, "/api/v1/auth/me", json!({"name": null, "roles": ["admin"]})).await, 200);
    assert_eq!(cleared.get("name"), None, "absent fields are left out");
    assert_eq!(cleared["roles"], json!(["manager"]), "nobody makes themselves an administrator");
}

/// Signs out; the tokens are good for nothing after that.
pub async fn sign_out(walk: &Walk, ada: &Client) {
    let proof = json!({"refreshToken": ada.refresh_token()});
    for _ in 0..2 {
        assert_eq!(walk.post(&walk.server.client(), "/api/v1/auth/logout", proof.clone()).await.status, 204);
    }
    assert_problem(&walk.get(ada, "/api/v1/auth/me").await, 401, 1004);
    assert_problem(&walk.post(&walk.server.client(), "/api/v1/auth/refresh-token", proof).await, 401, 1004);
}
