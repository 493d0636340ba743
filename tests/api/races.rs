//! Many clients who want the same thing at the same moment.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::client::{Answer, customer};
use crate::harness::{Client, TestServer};

const MANY: usize = 16;

/// Clients with connections of their own, so that several workers have to do with them.
fn crowd(server: &TestServer, client: &Client) -> Vec<Client> {
    let token = client.access_token().expect("signed in");
    (0..MANY).map(|_| server.client().with_token(token)).collect()
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test]
async fn of_many_who_want_one_address_or_name_one_gets_it() {
    let server = TestServer::start();
    let crowd = crowd(&server, &server.admin().await);
    let registration = json!({"email": "ada@example.com", "password": "correct horse battery"});
    for (path, body) in [
        ("/customers", customer(1)),
        ("/customers/groups", json!({"name": "Friends"})),
        ("/auth/register", registration),
    ] {
        let answers = join_all(crowd.iter().map(|client| client.post(path, body.clone()))).await;
        assert_eq!((count(&answers, 201), count(&answers, 409)), (1, MANY - 1), "{path}: {answers:#?}");
        assert!(answers.iter().all(|answer| answer.status == 201 || answer.code() == 3002), "{answers:#?}");
    }
}

#[tokio::test]
async fn of_many_changes_to_one_customer_none_is_lost() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let made = admin.post("/customers", customer(1)).await.expect(201);
    let path = format!("/customers/{}", made["id"].as_str().expect("an id"));
    let crowd = crowd(&server, &admin);
    let answers = join_all(crowd.iter().enumerate().map(|(number, client)| {
        client.patch(&path, json!({"metadata": {format!("key{number}"): number.to_string()}}))
    }));
    let answers = answers.await;
    assert_eq!(count(&answers, 200), MANY, "{answers:#?}");
    let versions: HashSet<_> = answers.iter().filter_map(|answer| answer.body["version"].as_u64()).collect();
    assert_eq!(versions, (2..=1 + MANY as u64).collect(), "each made a version of its own");
    let read = admin.get(&path).await.expect(200);
    assert_eq!(read["metadata"].as_object().map(serde_json::Map::len), Some(MANY), "{read:#}");
}

#[tokio::test]
async fn a_group_counts_each_member_once_however_many_add_them() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let group = admin.post("/customers/groups", json!({"name": "Friends"})).await.expect(201);
    let group = format!("/customers/groups/{}", group["id"].as_str().expect("an id"));
    let mut ids = Vec::new();
    for number in 0..MANY {
        ids.push(admin.post("/customers", customer(number)).await.expect(201)["id"].clone());
    }
    let crowd = crowd(&server, &admin);
    // Each adds two, and each customer is added by two.
    let adding = crowd.iter().enumerate().map(|(number, client)| {
        let body = json!({"customerIds": [ids[number], ids[(number + 1) % MANY]]});
        let path = format!("{group}/customers");
        async move { client.post(&path, body).await }
    });
    let answers = join_all(adding).await;
    assert_eq!(count(&answers, 200), MANY, "{answers:#?}");
    let added: u64 = answers.iter().filter_map(|answer| answer.body["added"].as_u64()).sum();
    assert_eq!(added, MANY as u64, "{answers:#?}");
    assert_eq!(admin.get(&group).await.expect(200)["memberCount"], MANY);
    let members = admin.get(&format!("{group}/customers?limit=100")).await.expect(200);
    assert_eq!(members["data"].as_array().map(Vec::len), Some(MANY));
    for member in members["data"].as_array().expect("a list") {
        assert_eq!(member["version"], 2, "{member:#}");
    }
}

#[tokio::test]
async fn of_two_administrators_who_demote_each_other_one_stays() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let other = server.user("other@example.com", &["admin"]).await;
    let demote = |client: &Client, user: &Client| {
        let (client, path) = (client.clone(), format!("/users/{}", user.user_id()));
        async move { client.patch(&path, json!({"roles": []})).await }
    };
    let (one, two) = tokio::join!(demote(&admin, &other), demote(&other, &admin));
    let is_admin = async |client: &Client| client.get("/audit/events").await.status == 200;
    let left = [is_admin(&admin).await, is_admin(&other).await];
    assert_eq!(left.iter().filter(|stays| **stays).count(), 1, "{left:?}: {one:?} {two:?}");
    let refused = if one.status == 200 { &two } else { &one };
    assert!(matches!(refused.failure(), (409, 3003) | (403, 1005)), "{refused:?}");
}

#[tokio::test]
async fn many_refreshes_with_one_token_leave_one_live_token() {
    let server = TestServer::start();
    let ada = server.client().registered("ada@example.com").await;
    let body = json!({"refreshToken": ada.refresh_token()});
    let clients: Vec<_> = (0..64).map(|_| server.client()).collect();
    let answers = join_all(clients.iter().map(|client| client.post("/auth/refresh-token", body.clone()))).await;
    assert_eq!(count(&answers, 200), 64, "{answers:#?}");
    let tokens: HashSet<_> = answers.iter().filter_map(|answer| answer.body["refreshToken"].as_str()).collect();
    assert_eq!(tokens.len(), 1, "all got the same one");
    let live: Vec<Value> = tokens.into_iter().map(|token| json!({"refreshToken": token})).collect();
    assert_eq!(server.client().post("/auth/refresh-token", live[0].clone()).await.status, 200);
}
