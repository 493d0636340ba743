//! What the store holds: to show that a refused request changed nothing.

use clientele::model::document::Collection;
use clientele::model::{customer, group, user};
use clientele::store::{Filter, Query, Sort};
use rusqlite::{Connection, OpenFlags};

use crate::harness::TestServer;

/// What clients can change. The trail is not among it: refusals may leave events.
const COLLECTIONS: [&Collection; 3] = [&customer::CUSTOMERS, &group::GROUPS, &user::USERS];

/// Opens the server's embedded store beside it.
pub fn open(server: &TestServer) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(server.folder().join("clientele.db"), flags);
    let connection = connection.expect("the store can be opened by another process");
    connection.busy_timeout(crate::harness::SOON).expect("a timeout can be set");
    connection
}

/// Every live document that clients can change.
pub async fn of(server: &TestServer) -> Vec<String> {
    let mut documents = Vec::new();
    for collection in COLLECTIONS {
        let sort = Sort { field: "createdAt", descending: false };
        let query = Query { collection, filters: vec![Filter::Live], sort, after: None, limit: 1_000 };
        let found = server.backend().store().find(query).await.expect("the store answers");
        documents.extend(found.iter().map(|document| format!("{} {}", collection.name, document.json())));
    }
    documents
}
