//! Lists by pages (§1): bounded, complete, and stable while others write.

use std::collections::HashSet;

use crate::harness::client::customer;
use crate::harness::{Client, TestServer};
use crate::trail::next;

async fn create(admin: &Client, numbers: std::ops::Range<usize>) -> Vec<String> {
    let mut ids = Vec::new();
    for number in numbers {
        let made = admin.post("/customers", customer(number)).await.expect(201);
        ids.push(made["id"].as_str().expect("an id").to_owned());
    }
    ids
}

#[tokio::test]
async fn pages_are_bounded_and_told() {
    let server = TestServer::start();
    let admin = server.admin().await;
    create(&admin, 0..25).await;
    for (query, limit) in [("", 20), ("?limit=1", 1), ("?limit=25", 25), ("?limit=100", 100)] {
        let answer = admin.get(&format!("/customers{query}")).await;
        let has_more = limit < 25;
        assert_eq!(answer.headers.contains_key("link"), has_more, "{query}");
        let body = answer.expect(200);
        assert_eq!(body["data"].as_array().map(Vec::len), Some(limit.min(25)), "{query}");
        assert_eq!((&body["page"]["limit"], &body["page"]["hasMore"]), (&limit.into(), &has_more.into()), "{query}");
        assert_eq!(body["page"].get("nextCursor").is_some(), has_more, "{query}");
    }
}

#[tokio::test]
async fn paging_shows_each_once_while_others_are_made_and_deleted() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let ids = create(&admin, 0..30).await;
    let mut made = 30;
    let mut seen = Vec::new();
    let mut page = Some("//api/v1/customers?limit=4".to_owned());
    while let Some(path) = page {
        let answer = admin.get(&path).await;
        page = next(answer.header("link")).map(|path| format!("/{path}"));
        let body = answer.expect(200);
        let shown = body["data"].as_array().expect("a list").iter();
        seen.extend(shown.filter_map(|one| one["id"].as_str().map(str::to_owned)));
        create(&admin, made..made + 2).await;
        made += 2;
        // The very customer that the cursor stands at.
        let last = seen.last().expect("a page is not empty");
        assert_eq!(admin.delete(&format!("/customers/{last}")).await.status, 204);
    }
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len(), "none is shown twice: {seen:?}");
    let oldest_last: Vec<_> = ids.into_iter().rev().collect();
    assert_eq!(seen, oldest_last, "all that were there at the start, the newest first, and none that came later");
}
