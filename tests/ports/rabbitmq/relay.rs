//! AuditActor over RabbitMQ: from the outbox to the trail, whatever becomes of the broker and of other nodes.

use std::future::ready;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix::System;
use clientele::actors::audit::{AuditActor, Bell, ListEvents, RecordEvent, RelayLease};
use clientele::actors::listing::PageRequest;
use clientele::actors::records::Records;
use clientele::actors::supervision::{ActorSpec, Deadline, Mailbox, Supervisor};
use clientele::broker::Broker;
use clientele::broker::rabbitmq::{RabbitBroker, RabbitOptions};
use clientele::cache::memory::{MemoryCache, MemoryCacheOptions};
use clientele::model::COLLECTIONS;
use clientele::model::audit::{Action, AuditEvent, Origin, Outgoing, TRAIL};
use clientele::model::document::Document;
use clientele::model::time::{Clock, Time};
use clientele::store::sqlite::{SqliteOptions, SqliteStore};
use clientele::store::{Query, Sort, Store, Write};
use tokio::time::Instant;

use crate::harness::servers::{self, Proxy};

const SOON: Duration = Duration::from_secs(60);

/// A node's AuditActor, and what it stands on.
struct Node {
    supervisor: Supervisor,
    audit: Mailbox<AuditActor>,
    bell: Bell,
    lease: RelayLease,
    broker: Arc<RabbitBroker>,
    store: Arc<SqliteStore>,
}

impl Node {
    fn start(store: &Arc<SqliteStore>, url: &str, prefix: &str, lease: RelayLease) -> Self {
        let clock = Clock::system();
        let cache = Arc::new(MemoryCache::new(MemoryCacheOptions::default(), clock.clone()));
        let bell = Bell::default();
        let records = Records::new(Arc::clone(store) as Arc<dyn Store>, cache, bell.clone(), clock);
        let broker = Arc::new(RabbitBroker::new(RabbitOptions::new(url, prefix)).unwrap());
        let supervisor = Supervisor::new();
        let audit = supervisor.spawn(ActorSpec::new("audit"), {
            let (bell, lease, broker) = (bell.clone(), lease.clone(), Arc::clone(&broker));
            move || ready(Ok(AuditActor::new(records.clone(), broker.clone(), bell.clone(), lease.clone())))
        });
        bell.connect(audit.clone());
        Self { supervisor, audit, bell, lease, broker, store: Arc::clone(store) }
    }

    async fn stop(self) {
        self.lease.give_back(&*self.store).await;
        self.supervisor.shutdown(Deadline::within(SOON)).await;
    }

    fn published(&self) -> u64 {
        self.broker.stats().published
    }
}

/// Runs a test over a store of its own.
fn with_store(test: impl AsyncFnOnce(Arc<SqliteStore>)) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    System::new().block_on(async {
        let store = Arc::new(open(folder.path()));
        store.migrate().await.unwrap();
        test(store).await;
    });
}

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(&folder.join("test.db"), SqliteOptions::new(COLLECTIONS)).unwrap()
}

fn lease() -> RelayLease {
    RelayLease::shared(Clock::system().now())
}

/// Puts so many events into the outbox.
async fn tell(store: &SqliteStore, count: usize) {
    let event = |_| {
        let event = AuditEvent::new(Action::CustomerCreated, None, &Origin::default(), Clock::system().now());
        Write::insert(&Outgoing(event))
    };
    for first in (0..count).step_by(500) {
        store.commit((first..count.min(first + 500)).map(event).collect()).await.unwrap();
    }
}

/// The whole trail, once it holds so many events.
async fn trail(store: &SqliteStore, count: usize) -> Vec<Arc<AuditEvent>> {
    let until = Instant::now() + SOON;
    while store.count(&TRAIL, vec![]).await.unwrap() < count as u64 {
        assert!(Instant::now() < until, "the trail holds {:?}", store.count(&TRAIL, vec![]).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let sort = Sort { field: "sequence", descending: false };
    let query = Query { collection: &TRAIL, filters: vec![], sort, after: None, limit: 20_000 };
    let documents = store.find(query).await.unwrap();
    documents.iter().map(|document: &Document| document.parse().unwrap()).collect()
}

#[track_caller]
fn assert_in_order(trail: &[Arc<AuditEvent>], count: usize) {
    let numbers: Vec<u64> = trail.iter().filter_map(|event| event.sequence).collect();
    assert_eq!(numbers, (1..=count as u64).collect::<Vec<_>>());
    let times: Vec<Time> = trail.iter().map(|event| event.time).collect();
    assert!(times.is_sorted(), "they are in the order of their times");
}

#[test]
fn what_was_told_while_the_broker_was_away_drains_in_order_of_time() {
    with_store(async |store| {
        let server = servers::rabbitmq();
        let proxy = Proxy::to(server.address());
        proxy.refuse();
        let node = Node::start(&store, &server.url_at(proxy.address()), &servers::unique("relay"), lease());
        tell(&store, 10_000).await;
        let event = AuditEvent::new(Action::AccessDenied, None, &Origin::default(), Clock::system().now());
        let asked = Instant::now();
        let deadline = || Deadline::within(Duration::from_secs(5));
        node.audit.ask(deadline(), RecordEvent { event }).await.unwrap().expect("events are kept");
        let list = ListEvents { page: PageRequest { limit: 1, ..PageRequest::default() } };
        let page = node.audit.ask(deadline(), list).await.unwrap().expect("the trail is read");
        assert!(page.items.is_empty() && asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
        assert!(!node.broker.is_up());

        proxy.pass();
        let begun = Instant::now();
        let trail = trail(&store, 10_001).await;
        let took = begun.elapsed();
        println!("10,000 events drained in {took:?}: {:.0} a second", 10_000.0 / took.as_secs_f64());
        assert_in_order(&trail, 10_001);
        assert!(node.broker.is_up());
        node.stop().await;
    });
}

#[test]
fn of_two_nodes_one_relays_and_the_other_goes_on_when_it_stops() {
    with_store(async |store| {
        let (url, prefix) = (servers::rabbitmq().url(), servers::unique("relay"));
        let first = Node::start(&store, &url, &prefix, lease());
        tell(&store, 1).await;
        trail(&store, 1).await;
        let second = Node::start(&store, &url, &prefix, lease());
        tell(&store, 1_000).await;
        second.bell.ring();
        assert_in_order(&trail(&store, 1_001).await, 1_001);
        assert_eq!((first.published(), second.published()), (1_001, 0));

        first.stop().await;
        let begun = Instant::now();
        tell(&store, 10).await;
        second.bell.ring();
        trail(&store, 1_011).await;
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        assert_eq!(second.published(), 10);
        second.stop().await;
    });
}

#[test]
fn a_node_that_is_gone_is_followed_when_its_lease_ends() {
    with_store(async |store| {
        let (url, prefix) = (servers::rabbitmq().url(), servers::unique("relay"));
        let first = Node::start(&store, &url, &prefix, lease());
        tell(&store, 1).await;
        trail(&store, 1).await;
        // It ends without a word.
        first.supervisor.shutdown(Deadline::within(SOON)).await;
        let second = Node::start(&store, &url, &prefix, lease());
        let begun = Instant::now();
        tell(&store, 10).await;
        trail(&store, 11).await;
        assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
        second.stop().await;
    });
}

#[test]
fn what_two_nodes_relay_at_once_is_in_the_trail_once() {
    with_store(async |store| {
        let (url, prefix) = (servers::rabbitmq().url(), servers::unique("relay"));
        // Each takes itself for the only one, as two do of which one was held up.
        let nodes = [(); 2].map(|()| Node::start(&store, &url, &prefix, RelayLease::sole()));
        for round in 1..=20 {
            tell(&store, 100).await;
            nodes.iter().for_each(|node| node.bell.ring());
            let trail = trail(&store, 100 * round).await;
            let numbers: Vec<u64> = trail.iter().filter_map(|event| event.sequence).collect();
            assert_eq!(numbers, (1..=100 * round as u64).collect::<Vec<_>>());
        }
        let published: u64 = nodes.iter().map(Node::published).sum();
        println!("2,000 events were relayed by {published} messages");
        for node in nodes {
            node.stop().await;
        }
    });
}
