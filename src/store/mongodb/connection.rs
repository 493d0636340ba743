//! Opens the driver's client, and sees that what answers is a replica set.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::options::{
    Acknowledgment, ClientOptions, ReadPreference, SelectionCriteria, ServerMonitoringMode, WriteConcern,
};
use mongodb::{Client, Database};

use super::MongoOptions;
use super::error::{InvalidUri, NoReplicaSet, TooOld, reading, unreachable};
use crate::store::StoreError;

/// The database that is used where the connection string names none.
const DATABASE: &str = "clientele";
/// How often the driver looks for each server: a lost one is back after this long. The driver allows no less.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// How long a call waits for a primary: longer than one heartbeat, so that a short loss is not felt.
const SELECTION: Duration = Duration::from_millis(1_500);
const CONNECT: Duration = Duration::from_millis(1_000);
/// What MongoDB 8.0 says it speaks; its `bulkWrite` changes several collections in one command.
const WIRE_VERSION: i32 = 25;

/// Opens the client and asks the server what it is.
pub(super) async fn connect(options: &MongoOptions) -> Result<Database, StoreError> {
    let client_options = client_options(options).await?;
    let database = client_options.default_database.clone().unwrap_or_else(|| DATABASE.to_owned());
    let client = Client::with_options(client_options).map_err(|_| unreachable(InvalidUri))?;
    let admin = client.database("admin");
    let hello = tokio::time::timeout(options.patience, async { admin.run_command(doc! { "hello": 1 }).await });
    let hello = hello.await.map_err(|_| StoreError::TimedOut)?;
    check(&hello.map_err(reading)?)?;
    Ok(client.database(&database))
}

async fn client_options(options: &MongoOptions) -> Result<ClientOptions, StoreError> {
    // The driver's error may quote the connection string, which may hold a password.
    let parsed = tokio::time::timeout(options.patience, ClientOptions::parse(&options.uri)).await;
    let mut client = parsed.map_err(|_| StoreError::TimedOut)?.map_err(|_| unreachable(InvalidUri))?;
    client.app_name.get_or_insert_with(|| "clientele".to_owned());
    client.max_pool_size.get_or_insert(options.pool_size);
    client.heartbeat_freq = Some(HEARTBEAT);
    client.server_selection_timeout = Some(SELECTION);
    client.connect_timeout = Some(CONNECT);
    // Polled: a stream would notice a cut connection only when the next message is overdue.
    client.server_monitoring_mode = Some(ServerMonitoringMode::Poll);
    client.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    client.write_concern = Some(durable());
    client.retry_reads = Some(true);
    // A commit is sent again by `commit`, which knows how to tell what came of the first time.
    client.retry_writes = Some(false);
    Ok(client)
}

/// What every write is answered for: most nodes have it, in their journals.
pub(super) fn durable() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build()
}

/// Whether the server's answer to `hello` is that of one that knows transactions.
fn check(hello: &Document) -> Result<(), StoreError> {
    let sharded = hello.get_str("msg").is_ok_and(|message| message == "isdbgrid");
    if !sharded && !hello.contains_key("setName") {
        return Err(unreachable(NoReplicaSet));
    }
    if hello.get_i32("maxWireVersion").unwrap_or(0) < WIRE_VERSION {
        return Err(unreachable(TooOld));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(hello: &Document) -> String {
        match check(hello).unwrap_err() {
            StoreError::Unreachable(cause) => cause.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_single_server_is_refused_with_the_way_to_make_it_a_replica_set() {
        let text = refusal(&doc! { "isWritablePrimary": true, "maxWireVersion": 27 });
        assert!(text.contains("mongod --replSet rs0") && text.contains("rs.initiate()"), "{text}");
    }

    #[test]
    fn a_server_before_8_is_refused() {
        let text = refusal(&doc! { "setName": "rs0", "maxWireVersion": 21 });
        assert!(text.contains("8.0"), "{text}");
    }

    #[test]
    fn a_replica_set_and_a_sharded_cluster_are_taken() {
        check(&doc! { "setName": "rs0", "maxWireVersion": 25 }).unwrap();
        check(&doc! { "msg": "isdbgrid", "maxWireVersion": 25 }).unwrap();
    }
}
