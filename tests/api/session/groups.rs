//! Customer groups and their members (§6).

use serde_json::{Value, json};

use super::{Walk, id};
use crate::harness::Client;
use crate::like::assert_like;
use crate::problem::assert_problem;

const NOBODY: &str = "0123456789abcdef01234567";

fn seen(name: &str, members: u64, version: u64) -> Value {
    json!({"id": "<id>", "name": name, "metadata": {}, "memberCount": members, "version": version,
        "createdAt": "<time>", "updatedAt": "<time>", "createdBy": "<id>", "updatedBy": "<id>"})
}

/// Makes a group of the customers at these paths, the newest first, and deletes it.
pub async fn gather_and_disperse(walk: &Walk, manager: &Client, customers: &[String]) {
    let group = create(walk, manager).await;
    let members = format!("{group}/customers");
    let ids: Vec<_> = customers.iter().map(|path| path.rsplit('/').next().unwrap_or_default()).collect();
    gather(walk, manager, &members, &ids).await;
    let read = walk.get(manager, &group).await;
    assert_eq!(read.header("etag"), "\"3\"", "a change of members is a change of the group");
    assert_eq!(super::json(read, 200)["memberCount"], 2);
    counted(walk, manager, &group).await;
    disperse(walk, manager, &members, &ids).await;
    delete(walk, manager, &group, &customers[0]).await;
}

async fn create(walk: &Walk, manager: &Client) -> String {
    let created = walk.post(manager, "/api/v1/customers/groups", json!({"name": "Friends"})).await;
    let group = created.header("location").to_owned();
    assert_eq!(created.header("etag"), "\"1\"");
    let body = super::json(created, 201);
    assert_like(&body, &seen("Friends", 0, 1));
    assert_eq!(group, format!("/api/v1/customers/groups/{}", id(&body)));
    let taken = walk.post(manager, "/api/v1/customers/groups", json!({"name": "FRIENDS"})).await;
    assert_problem(&taken, 409, 3002);
    assert_eq!(taken.body["errors"][0]["pointer"], "/name");

    let fields = json!({"name": "Best friends", "description": "Who stays", "metadata": {"colour": "blue"}});
    let replaced = walk.put(manager, &group, fields.clone()).await;
    assert_eq!(replaced.header("etag"), "\"2\"");
    let mut expected = seen("Best friends", 0, 2);
    expected["description"] = fields["description"].clone();
    expected["metadata"] = fields["metadata"].clone();
    let body = super::json(replaced, 200);
    assert_like(&body, &expected);
    let list = super::json(walk.get(manager, "/api/v1/customers/groups").await, 200);
    assert_eq!(list, json!({"data": [body], "page": {"limit": 20, "hasMore": false}}));
    group
}

async fn gather(walk: &Walk, manager: &Client, members: &str, ids: &[&str]) {
    let those = |ids: &[&str]| json!({"customerIds": ids});
    let strict = format!("{members}?strict=true");
    assert_problem(&walk.post(manager, &strict, those(&[ids[0], NOBODY])).await, 404, 3001);
    let nobody = super::json(walk.get(manager, members).await, 200);
    assert_eq!(nobody, json!({"data": [], "page": {"limit": 20, "hasMore": false}}));

    let added = walk.post(manager, members, those(&[ids[0], ids[1], ids[0], NOBODY])).await;
    let report = json!({"added": 2, "unchanged": 0, "notFound": [NOBODY], "memberCount": 2});
    assert_eq!(super::json(added, 200), report);
    let rest = walk.post(manager, &strict, those(&ids[..2])).await;
    let unchanged = json!({"added": 0, "unchanged": 2, "notFound": [], "memberCount": 2});
    assert_eq!(super::json(rest, 200), unchanged, "what changes nothing makes no version");
    let listed = super::json(walk.get(manager, &format!("{members}?include=total")).await, 200);
    assert_eq!(listed["page"], json!({"limit": 20, "hasMore": false, "total": 2}));
    let found: Vec<_> = listed["data"].as_array().expect("a list").iter().map(|one| one["id"].clone()).collect();
    assert_eq!(found, ids[..2], "the newest first");
}

async fn counted(walk: &Walk, manager: &Client, group: &str) {
    let id = group.rsplit('/').next().unwrap_or_default();
    let all = super::json(walk.get(manager, "/api/v1/customers/statistics").await, 200);
    assert_eq!(all["byGroup"], json!([{"groupId": id, "name": "Best friends", "count": 2}]));
    assert_eq!(all["ungrouped"], 1);
    let path = format!("/api/v1/customers/statistics?groupId={id}&interval=month&timezone=Europe/Berlin");
    let members = super::json(walk.get(manager, &path).await, 200);
    assert_eq!((&members["total"], &members["ungrouped"]), (&json!(2), &json!(0)));
}

async fn disperse(walk: &Walk, manager: &Client, members: &str, ids: &[&str]) {
    let by_query = format!("{members}?ids={},{NOBODY}", ids[0]);
    let removed = walk.delete(manager, &by_query, Value::Null).await;
    let report = json!({"removed": 1, "unchanged": 0, "notFound": [NOBODY], "memberCount": 1});
    assert_eq!(super::json(removed, 200), report);
    let by_body = walk.delete(manager, members, json!({"customerIds": [ids[0]]})).await;
    let report = json!({"removed": 0, "unchanged": 1, "notFound": [], "memberCount": 1});
    assert_eq!(super::json(by_body, 200), report);
}

async fn delete(walk: &Walk, manager: &Client, group: &str, former: &str) {
    assert_eq!(walk.delete(manager, group, Value::Null).await.status, 204);
    for path in [group.to_owned(), format!("{group}/customers")] {
        assert_problem(&walk.get(manager, &path).await, 410, 3004);
    }
    assert_problem(&walk.delete(manager, group, Value::Null).await, 410, 3004);
    assert_problem(&walk.put(manager, group, json!({"name": "G"})).await, 410, 3004);
    let customer = super::json(walk.get(manager, former).await, 200);
    assert_eq!(customer["groupIds"], json!([]), "no customer is deleted with its group");
    let again = walk.post(manager, "/api/v1/customers/groups", json!({"name": "Best friends"})).await;
    assert_eq!(again.status, 201, "the name of a deleted group is free: {}", again.text);
}
