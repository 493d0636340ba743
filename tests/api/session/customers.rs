//! Customers: one by one, by pages, in batches, and counted (§5).

use serde_json::{Value, json};

use super::{Walk, id};
use crate::harness::Client;
use crate::like::{assert_like, is_id};
use crate::problem::assert_problem;
use crate::trail::next;

fn ada() -> Value {
    json!({"name": "Ada Lovelace", "email": "Ada@Example.com", "phone": "+442012345678", "company": "Analytical Engines",
        "status": "lead", "tags": ["vip", "maths", "vip"], "metadata": {"source": "fair"},
        "address": {"line1": "12 St James's Square", "city": "London", "postalCode": "SW1Y 4JH", "country": "GB"}})
}

/// What clients see of a customer with these fields.
fn seen(fields: Value, version: u64, manager: &Client) -> Value {
    let mut seen = json!({"id": "<id>", "status": "active", "tags": [], "metadata": {}, "groupIds": [], "version": version,
        "createdAt": "<time>", "updatedAt": "<time>", "createdBy": own_id(manager), "updatedBy": own_id(manager)});
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    seen.as_object_mut().expect("an object").extend(fields);
    seen
}

/// Whose token it is.
fn own_id(client: &Client) -> Value {
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(client.access_token().expect("signed in"));
    claims.expect("a JWT").claims["sub"].clone()
}

/// The paths of three customers that are left in the end, the newest first.
pub async fn create_read_change_and_delete(walk: &Walk, manager: &Client) -> Vec<String> {
    let path = create(walk, manager).await;
    change(walk, manager, &path).await;
    let others = more(walk, manager).await;
    batch(walk, manager, &path, &others).await;
    pages(walk, manager).await;
    delete(walk, manager, &others[0]).await;
    statistics(walk, manager).await;
    vec![others[2].clone(), others[1].clone(), path]
}

async fn create(walk: &Walk, manager: &Client) -> String {
    let expected = || {
        let mut fields = ada();
        fields["tags"] = json!(["vip", "maths"]);
        seen(fields, 1, manager)
    };
    let created = walk.post(manager, "/api/v1/customers", ada()).await;
    let location = created.header("location").to_owned();
    assert_eq!(created.header("etag"), "\"1\"");
    let body = super::json(created, 201);
    assert_like(&body, &expected());
    assert_eq!(body["createdAt"], body["updatedAt"]);
    assert_eq!(location, format!("/api/v1/customers/{}", id(&body)));

    let read = walk.get(manager, &location).await;
    assert_eq!(read.header("etag"), "\"1\"");
    assert_eq!(super::json(read, 200), body);
    let taken = walk.post(manager, "/api/v1/customers", json!({"name": "A", "email": "ADA@EXAMPLE.COM"})).await;
    assert_problem(&taken, 409, 3002);
    assert_eq!(taken.body["errors"][0]["pointer"], "/email");
    location
}

async fn change(walk: &Walk, manager: &Client, path: &str) {
    let replacement =
        json!({"name": "Ada King", "email": "ada@example.com", "address": {"city": "Paris", "country": "FR"}});
    let replaced = walk.put(manager, path, replacement.clone()).await;
    assert_eq!(replaced.header("etag"), "\"2\"");
    assert_like(&super::json(replaced, 200), &seen(replacement.clone(), 2, manager));

    let patch = json!({"company": "Engines", "status": "inactive", "address": {"city": null}, "tags": ["poet"]});
    let patched = walk.patch(manager, path, patch).await;
    assert_eq!(patched.header("etag"), "\"3\"");
    let mut fields = replacement;
    fields["address"] = json!({"country": "FR"});
    fields["company"] = json!("Engines");
    fields["status"] = json!("inactive");
    fields["tags"] = json!(["poet"]);
    let body = super::json(patched, 200);
    assert_like(&body, &seen(fields, 3, manager));
    let unchanged = super::json(walk.patch(manager, path, json!({"status": "inactive"})).await, 200);
    assert_eq!(unchanged, body, "what changes nothing makes no version");
}

/// Three more customers.
async fn more(walk: &Walk, manager: &Client) -> Vec<String> {
    let mut paths = Vec::new();
    for number in 0..3 {
        let body = json!({"name": format!("Customer {number}"), "email": format!("c{number}@example.com"),
            "address": {"country": "DE"}});
        paths.push(walk.post(manager, "/api/v1/customers", body).await.header("location").to_owned());
    }
    paths
}

fn id_in(path: &str) -> &str {
    path.rsplit('/').next().filter(|id| is_id(id)).expect("a customer's path")
}

async fn batch(walk: &Walk, manager: &Client, ada: &str, others: &[String]) {
    let batch = "/api/v1/customers/batch";
    let ids: Vec<_> = others.iter().map(|path| id_in(path)).collect();
    let all = walk.patch(manager, batch, json!({"ids": ids, "data": {"tags": ["batch"]}})).await;
    let report = super::json(all, 200);
    assert_eq!((&report["total"], &report["succeeded"], &report["failed"]), (&json!(3), &json!(3), &json!(0)));
    for (index, id) in ids.iter().enumerate() {
        let row = &report["results"][index];
        let customer = row["customer"].clone();
        assert_eq!((&customer["tags"], &customer["version"]), (&json!(["batch"]), &json!(2)));
        assert_like(row, &json!({"index": index, "id": id, "status": 200, "customer": customer}));
    }

    let updates = json!([
        {"id": ids[0], "data": {"status": "lead"}},
        {"id": ids[0], "data": {"status": "inactive"}},
        {"id": "0123456789abcdef01234567", "data": {}},
        {"id": "x", "data": {}},
        {"id": id_in(ada), "version": 1, "data": {"status": "active"}},
        {"id": ids[1], "data": {"email": "ada@example.com"}},
        {"id": ids[2], "data": {"email": null}},
    ]);
    let expected = [(200, 0), (409, 3003), (404, 3001), (400, 2004), (412, 3003), (409, 3002), (400, 2003)];
    let refused = walk.patch(manager, batch, json!({"updates": updates.clone(), "atomic": true})).await;
    assert_problem(&refused, 409, 3003);
    let dry = super::json(walk.patch(manager, batch, json!({"updates": updates.clone(), "dryRun": true})).await, 207);
    assert_eq!(super::json(walk.get(manager, &others[0]).await, 200)["version"], 2, "nothing was written");
    let done = super::json(walk.patch(manager, batch, json!({"updates": updates})).await, 207);
    assert_eq!(super::json(walk.get(manager, &others[0]).await, 200)["version"], 3);
    for (number, report) in [&dry, &done].into_iter().enumerate() {
        assert_eq!((&report["total"], &report["succeeded"], &report["failed"]), (&json!(7), &json!(1), &json!(6)));
        assert_rows(&report["results"], &expected, number);
    }
    assert_eq!(refused.body["results"].as_array().map(Vec::len), Some(7));
    assert_rows(&refused.body["results"].as_array().expect("a list")[1..].to_vec().into(), &expected[1..], 2);
}

fn assert_rows(results: &Value, expected: &[(u16, u64)], number: usize) {
    for (row, (status, code)) in results.as_array().expect("a list").iter().zip(expected) {
        assert_eq!(row["status"], *status, "{number}: {row}");
        assert_eq!(row["error"]["code"].as_u64().unwrap_or_default(), *code, "{number}: {row}");
        assert!(row["error"].get("requestId").is_none() && row["error"].get("instance").is_none(), "{row}");
    }
}

async fn pages(walk: &Walk, manager: &Client) {
    let whole = super::json(walk.get(manager, "/api/v1/customers").await, 200);
    assert_like(&whole, &json!({"data": whole["data"], "page": {"limit": 20, "hasMore": false}}));
    let mut page = Some("/api/v1/customers?limit=3&include=total".to_owned());
    let mut found = Vec::new();
    while let Some(path) = page {
        let answer = walk.get(manager, &path).await;
        page = next(answer.header("link"));
        let body = super::json(answer, 200);
        let mut expected = json!({"limit": 3, "hasMore": page.is_some(), "total": 4});
        if page.is_some() {
            expected["nextCursor"] = json!("<text>");
        }
        assert_like(&body["page"], &expected);
        found.extend(body["data"].as_array().expect("a list").iter().cloned());
    }
    assert_eq!(Value::from(found.clone()), whole["data"]);
    let names: Vec<_> = found.iter().map(|customer| customer["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["Customer 2", "Customer 1", "Customer 0", "Ada King"], "the newest first");
}

async fn delete(walk: &Walk, manager: &Client, path: &str) {
    assert_eq!(walk.delete(manager, path, Value::Null).await.status, 204);
    let body = json!({"name": "Customer 0", "email": "c0@example.com"});
    assert_problem(&walk.get(manager, path).await, 410, 3004);
    assert_problem(&walk.put(manager, path, body.clone()).await, 410, 3004);
    assert_problem(&walk.patch(manager, path, json!({"name": "C"})).await, 410, 3004);
    assert_problem(&walk.delete(manager, path, Value::Null).await, 410, 3004);
    let again = walk.post(manager, "/api/v1/customers", body).await;
    assert_eq!(again.status, 201, "the address of a deleted customer is free: {}", again.text);
    let location = again.header("location").to_owned();
    assert_eq!(walk.delete(manager, &location, Value::Null).await.status, 204);
}

async fn statistics(walk: &Walk, manager: &Client) {
    let counted = super::json(walk.get(manager, "/api/v1/customers/statistics").await, 200);
    let expected = json!({"total": 3, "active": 2, "byStatus": {"active": 2, "inactive": 1, "lead": 0}, "deleted": 2,
        "newInPeriod": 3, "previousPeriod": 0, "byGroup": [], "ungrouped": 3, "series": counted["series"],
        "byCountry": [{"country": "DE", "count": 2}, {"country": "FR", "count": 1}], "generatedAt": "<time>"});
    assert_like(&counted, &expected);
    let series = counted["series"].as_array().expect("a list");
    assert_eq!(series.len(), 31, "30 days touch 31");
    for bucket in series {
        assert_like(bucket, &json!({"start": "<time>", "count": "<count>"}));
    }
    let sum: u64 = series.iter().filter_map(|bucket| bucket["count"].as_u64()).sum();
    assert_eq!(sum, 3);
}
