//! Queries that are malformed, out of range, unknown or given twice (§10).

use crate::access::ask_with;
use crate::access::table::routes;
use crate::harness::TestServer;
use crate::problem::assert_faults;

use super::Target;

#[tokio::test]
async fn an_unknown_parameter_is_refused_by_every_route() {
    let server = TestServer::start();
    let admin = server.admin().await;
    for row in routes() {
        let answer = ask_with(&admin, &row, "?surprise=1&a%20b&limit%00=1").await;
        assert_eq!(answer.status, 400, "{} {}: {}", row.method, row.path, answer.text);
        assert_faults(&answer, 2002, &["/surprise", "/a b", "/limit%00"]);
    }
}

#[tokio::test]
async fn each_wrong_parameter_is_named() {
    let target = Target::new().await;
    let members = format!("{}/customers", target.group);
    let lists = ["/customers", "/customers/groups", "/audit/events", &members];
    let of_lists = [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=+1",
        "limit=1.0",
        "limit=1e1",
        "limit=0x10",
        "limit=",
        "limit",
        "limit=%201",
        "limit=99999999999999999999",
        "limit=NaN",
        "limit=1&limit=1",
        "limit=1%00",
        "limit=%31%30%31",
        "limit=%",
        "limit=%zz",
        "limit=%ff",
        "limit=１",
        "cursor=",
        "cursor=x",
        "cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "cursor=%7B%22id%22%3A1%7D",
        "include=",
        "include=Total",
        "include=total,total",
        "include=everything",
    ];
    for path in lists {
        for query in of_lists {
            let answer = target.admin.get(&format!("{path}?{query}")).await;
            assert_eq!(answer.failure(), (400, 2002), "{path}?{query}: {}", answer.text);
            let name = query.split('=').next().unwrap_or_default();
            assert_faults(&answer, 2002, &[&format!("/{name}")]);
        }
        let arrays = target.admin.get(&format!("{path}?limit[]=1&limit[$gt]=1")).await;
        assert_faults(&arrays, 2002, &["/limit[]", "/limit[$gt]"]);
    }
    target.is_unharmed().await;
}

#[tokio::test]
async fn each_wrong_parameter_of_the_statistics_is_named() {
    let target = Target::new().await;
    let table = [
        ("from=yesterday", "/from"),
        ("from=2026-02-30T00:00:00Z", "/from"),
        ("from=2026-01-01", "/from"),
        ("from=2026-01-01T00:00:00", "/from"),
        ("from=1767225600", "/from"),
        ("from=%2B300000-01-01T00:00:00Z", "/from"),
        ("to=", "/to"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "/from"),
        ("from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "/from"),
        ("interval=year", "/interval"),
        ("interval=Day", "/interval"),
        ("from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z&interval=day", "/interval"),
        ("timezone=Mars/Olympus", "/timezone"),
        ("timezone=..%2F..%2Fetc%2Fpasswd", "/timezone"),
        ("timezone=", "/timezone"),
        ("groupId=x", "/groupId"),
        ("groupId=0123456789ABCDEF01234567", "/groupId"),
    ];
    for (query, pointer) in table {
        let answer = target.admin.get(&format!("/customers/statistics?{query}")).await;
        assert_eq!(answer.failure(), (400, 2002), "{query}: {}", answer.text);
        assert_faults(&answer, 2002, &[pointer]);
    }
    let whole = "from=0001-01-01T00:00:00Z&to=9999-01-01T00:00:00Z&interval=month";
    assert_faults(&target.admin.get(&format!("/customers/statistics?{whole}")).await, 2002, &["/interval"]);
    target.is_unharmed().await;
}

#[tokio::test]
async fn members_are_named_once_and_well() {
    let target = Target::new().await;
    let members = format!("{}/customers", target.group);
    let ids = vec!["0123456789abcdef01234567"; 1_001].join(",");
    for query in ["ids=", "ids=x", "ids=,", "ids=0123456789ABCDEF01234567", "ids[]=0123456789abcdef01234567"] {
        let answer = target.admin.delete(&format!("{members}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
    }
    assert_eq!(target.admin.delete(&format!("{members}?ids={ids}")).await.status, 431, "25 KB of ids");
    for method in [reqwest::Method::POST, reqwest::Method::DELETE] {
        let body = serde_json::json!({"customerIds": ["0123456789abcdef01234567"]});
        let request = target.admin.request(method, &format!("{members}?strict=yes")).json(&body);
        assert_faults(&target.admin.send(request).await, 2002, &["/strict"]);
    }
    target.is_unharmed().await;
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_alone() {
    let target = Target::new().await;
    for number in 0..3 {
        target.admin.post("/customers", crate::harness::client::customer(number)).await.expect(201);
        target
            .admin
            .post("/customers/groups", serde_json::json!({"name": format!("Group {number}")}))
            .await
            .expect(201);
    }
    let page = target.admin.get("/customers?limit=1").await.expect(200);
    let cursor = page["page"]["nextCursor"].as_str().expect("there is more");
    assert_eq!(target.admin.get(&format!("/customers?limit=2&cursor={cursor}")).await.status, 200);
    let flipped: String = cursor.chars().rev().collect();
    let foreign = format!("{}/customers", target.group);
    for (path, cursor) in [
        ("/customers/groups", cursor),
        ("/audit/events", cursor),
        (&foreign, cursor),
        ("/customers", &cursor[1..]),
        ("/customers", &format!("{cursor}A")),
        ("/customers", &flipped),
    ] {
        let answer = target.admin.get(&format!("{path}?limit=1&cursor={cursor}")).await;
        assert_faults(&answer, 2002, &["/cursor"]);
    }
}
