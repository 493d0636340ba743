//! What the store holds, looked at from outside: to show that a refused request changed nothing.

use rusqlite::{Connection, OpenFlags};

use crate::harness::TestServer;

/// What clients can change. The trail is not among it: refusals may leave events.
const COLLECTIONS: &[&str] = &["customers", "customer_groups", "users"];

/// Opens the server's store beside it.
pub fn open(server: &TestServer) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(server.folder().join("clientele.db"), flags);
    let connection = connection.expect("the store can be opened by another process");
    connection.busy_timeout(crate::harness::SOON).expect("a timeout can be set");
    connection
}

/// Every document that clients can change, with its id and version.
pub fn of(server: &TestServer) -> Vec<String> {
    let connection = open(server);
    let rows = COLLECTIONS.iter().flat_map(|collection| {
        let query = format!(
            "SELECT '{collection} ' || id || ' ' || version || ' ' || json(document) FROM {collection} ORDER BY id"
        );
        let mut statement = connection.prepare(&query).expect("the collection is there");
        let rows = statement.query_map((), |row| row.get(0)).expect("it can be read");
        rows.collect::<Result<Vec<String>, _>>().expect("it can be read")
    });
    rows.collect()
}
