//! What has to be so when it is over.

use std::collections::BTreeMap;
use std::fs;

use clientele::actors::supervision::State;

use crate::crowd::Crowd;
use crate::harness::trail::{assert_unbroken, changes, whole_trail};
use crate::harness::{SOON, TestServer, poll_until, status_of, wait_until};

/// Waits until every actor takes messages.
pub async fn all_run(server: &TestServer) {
    let supervisor = server.backend().supervisor();
    let run = || supervisor.statuses().iter().all(|actor| actor.state == State::Running);
    wait_until(SOON, run, "every actor takes messages").await;
}

/// Every actor takes messages, none is left in it, and every thread of every pool lives.
pub async fn assert_all_is_well(server: &TestServer) {
    let supervisor = server.backend().supervisor();
    poll_until(|| supervisor.unready().is_empty(), "every actor and every pool is ready");
    assert_eq!(status_of(&format!("{}/health/ready", server.url())), Some(200));
    for actor in supervisor.statuses() {
        assert_eq!((actor.state, actor.mailbox_depth), (State::Running, 0), "{actor:?}");
    }
    for pool in supervisor.pools() {
        assert_eq!((pool.threads_live, pool.queue_depth), (pool.threads_expected, 0), "{pool:?}");
    }
}

/// What was answered with success is there, with its one event; of what was refused there is both or neither.
pub async fn assert_nothing_is_lost(server: &TestServer, crowd: Crowd) {
    let admin = server.admin().await;
    let trail = whole_trail(&admin, "marker").await;
    assert_unbroken(&trail);
    let mut told = changes(&trail);
    told.retain(|(request, ..)| request != "marker");
    let mut events = BTreeMap::new();
    for event in &trail {
        let text = |field: &str| event[field].as_str().unwrap_or_default();
        *events.entry((text("requestId"), text("action"))).or_insert(0) += 1;
    }
    let mut promised = Vec::new();
    let mut live = 0;
    for mut guest in crowd.0 {
        guest.writer.settle(&told);
        guest.writer.verify(&admin).await;
        promised.extend(guest.writer.promised().to_vec());
        live += guest.writer.live().count();
        for (requests, action) in &guest.promised {
            let told: i32 = requests.iter().filter_map(|request| events.get(&(request.as_str(), *action))).sum();
            assert_eq!(told, 1, "{requests:?} {action}");
        }
    }
    promised.sort_unstable();
    assert_eq!(told, promised, "the trail tells what was done, and nothing else");
    let page = admin.get("/customers?limit=1&include=total").await.expect(200);
    assert_eq!(page["page"]["total"], live, "nothing was half done");
}

/// The threads of this process.
pub fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("threads can be counted").count()
}

/// A server that has stopped leaves no thread behind.
pub fn assert_threads_end(before: usize) {
    poll_until(|| threads() <= before, "all threads of the server have ended");
}
