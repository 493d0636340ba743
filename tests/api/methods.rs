//! The methods of every path: those it has, those it lacks, OPTIONS and HEAD (§10).

use std::collections::{BTreeMap, BTreeSet};

use clientele::http::routes::endpoints;
use reqwest::Method;

use crate::access::table::{Row, routes};
use crate::harness::TestServer;
use crate::problem::assert_problem;

/// Every path with something for its parameters, and the methods it has.
fn paths() -> BTreeMap<String, BTreeSet<String>> {
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let targets: BTreeMap<_, _> = routes().iter().map(|row: &Row| (row.path, row.target())).collect();
    for endpoint in endpoints("/api/v1") {
        let target = targets.get(endpoint.path.as_str()).expect("the table has every path").clone();
        let methods = paths.entry(target).or_default();
        methods.insert(endpoint.method.to_string());
        methods.insert("OPTIONS".to_owned());
        if endpoint.method.as_str() == "GET" {
            methods.insert("HEAD".to_owned());
        }
    }
    paths
}

fn allowed(header: &str) -> BTreeSet<String> {
    header.split(", ").map(str::to_owned).collect()
}

#[tokio::test]
async fn options_tells_the_methods_of_every_path_to_anybody() {
    let server = TestServer::start();
    let client = server.client();
    for (path, methods) in paths() {
        let answer = client.send(client.request(Method::OPTIONS, &format!("/{path}"))).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{path}");
        assert_eq!(allowed(answer.header("allow")), methods, "{path}");
    }
    assert_problem(&client.send(client.request(Method::OPTIONS, "/unknown")).await, 404, 3001);
}

#[tokio::test]
async fn a_method_that_a_path_lacks_is_refused_with_those_it_has() {
    let server = TestServer::start();
    for client in [server.client(), server.admin().await] {
        for (path, methods) in paths() {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "BREW"] {
                if methods.contains(method) {
                    continue;
                }
                let method: Method = method.parse().expect("a method");
                let answer = client.send(client.request(method.clone(), &format!("/{path}"))).await;
                assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text);
                assert_problem(&answer, 405, 2002);
                assert_eq!(allowed(answer.header("allow")), methods, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn head_is_as_get_without_a_body() {
    let server = TestServer::start();
    for client in [server.client(), server.admin().await] {
        for (path, _) in paths().into_iter().filter(|(_, methods)| methods.contains("GET")) {
            let path = format!("/{path}");
            let (get, head) = (client.get(&path).await, client.send(client.request(Method::HEAD, &path)).await);
            assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
            // Ids and times are of one length; what is counted, and what is still on its way to the trail, is not.
            let steady = !matches!(path.as_str(), "//health" | "//ops/actors" | "//api/v1/audit/events");
            let compared: &[_] =
                if steady { &["content-type", "etag", "content-length"] } else { &["content-type", "etag"] };
            for name in compared {
                assert_eq!(head.header(name), get.header(name), "{path} {name}");
            }
        }
    }
}
