//! How the rows of the tree are made of what the supervisor tells: the replicas of an actor are merged.

use std::collections::BTreeMap;

use crate::actors::supervision::{ActorStatus, Failure, MessageStatus, PoolStatus, State};

use super::tree::{ActorView, FailureView, MailboxView, MessageView, ReplicaView, ThreadsView, TreeView};

/// How much of a failure's reason is told, in characters.
const LONGEST_REASON: usize = 500;

impl TreeView {
    /// The tree of these actors, each with its replicas, and pools.
    pub fn of(actors: Vec<ActorStatus>, pools: Vec<PoolStatus>) -> Self {
        let mut replicas: Vec<(String, Vec<ActorStatus>)> = Vec::new();
        for actor in actors {
            match replicas.iter_mut().find(|(name, _)| *name == actor.name) {
                Some((_, others)) => others.push(actor),
                None => replicas.push((actor.name.clone(), vec![actor])),
            }
        }
        let actors = replicas.into_iter().map(|(name, replicas)| ActorView::of_replicas(name, &replicas));
        Self { actors: actors.chain(pools.into_iter().map(ActorView::of_pool)).collect() }
    }
}

impl ActorView {
    fn of_replicas(name: String, replicas: &[ActorStatus]) -> Self {
        let worst = replicas.iter().map(|replica| replica.state).max_by_key(|state| badness(*state));
        let newest =
            replicas.iter().filter_map(|replica| replica.last_failure.as_ref()).max_by_key(|failure| failure.at);
        let views: Vec<_> = replicas.iter().map(ReplicaView::of).collect();
        Self {
            name,
            state: worst.unwrap_or(State::Stopped).as_str(),
            ready: replicas.iter().all(|replica| replica.ready),
            restarts: replicas.iter().map(|replica| replica.restarts).sum(),
            panics: replicas.iter().map(|replica| replica.panics).sum(),
            last_failure: newest.map(FailureView::of),
            mailbox: views.iter().fold(MailboxView::default(), |sum, view| sum.and(view.mailbox)),
            in_flight: replicas.iter().map(|replica| replica.in_flight).sum(),
            stalled: replicas.iter().filter_map(|replica| replica.stalled).max(),
            messages: merged(replicas.iter().flat_map(|replica| &replica.messages)),
            replicas: views,
            threads: None,
        }
    }

    fn of_pool(pool: PoolStatus) -> Self {
        let state = match (pool.threads_live, pool.ready()) {
            (0, _) => "failed",
            (_, false) => "degraded",
            (_, true) => "running",
        };
        let errors = pool.panics + pool.shed + pool.expired;
        let jobs =
            MessageView { r#type: "Job", count: pool.done + errors, errors, p50: pool.run_p50, p99: pool.run_p99 };
        Self {
            state,
            ready: pool.ready(),
            name: pool.name,
            replicas: Vec::new(),
            // A panic costs the worker that did the job, and no thread.
            restarts: pool.panics + pool.restarts,
            panics: pool.panics,
            last_failure: pool.last_failure.as_ref().map(FailureView::of),
            mailbox: MailboxView {
                depth: pool.queue_depth,
                bound: pool.queue_bound,
                oldest: pool.oldest.unwrap_or_default(),
            },
            in_flight: pool.running,
            stalled: pool.stalled,
            messages: vec![jobs],
            threads: Some(ThreadsView { live: pool.threads_live, expected: pool.threads_expected }),
        }
    }
}

impl ReplicaView {
    fn of(actor: &ActorStatus) -> Self {
        Self {
            replica: actor.replica,
            state: actor.state.as_str(),
            ready: actor.ready,
            incarnation: actor.incarnation,
            uptime: actor.uptime,
            restarts: actor.restarts,
            panics: actor.panics,
            last_failure: actor.last_failure.as_ref().map(FailureView::of),
            mailbox: MailboxView {
                depth: actor.mailbox_depth,
                bound: actor.mailbox_bound,
                oldest: actor.oldest.unwrap_or_default(),
            },
            in_flight: actor.in_flight,
            stalled: actor.stalled,
        }
    }
}

impl FailureView {
    fn of(failure: &Failure) -> Self {
        Self {
            kind: failure.kind.as_str(),
            reason: shortened(&failure.reason),
            at: place(failure).to_owned(),
            during: failure.during,
            time: failure.at.into(),
        }
    }
}

impl MailboxView {
    fn and(self, other: Self) -> Self {
        Self { depth: self.depth + other.depth, bound: self.bound + other.bound, oldest: self.oldest.max(other.oldest) }
    }
}

impl MessageView {
    fn of(message: &MessageStatus) -> Self {
        let errors = message.crashed + message.expired + message.shed;
        Self {
            r#type: message.name,
            count: message.ok + errors,
            errors,
            p50: message.total.quantile(0.5),
            p99: message.total.quantile(0.99),
        }
    }
}

/// The messages of all replicas, by type, sorted by name.
fn merged<'a>(messages: impl Iterator<Item = &'a MessageStatus>) -> Vec<MessageView> {
    let mut merged: BTreeMap<&str, MessageStatus> = BTreeMap::new();
    for message in messages {
        merged.entry(message.name).and_modify(|sum| add(sum, message)).or_insert_with(|| message.clone());
    }
    merged.values().map(MessageView::of).collect()
}

/// Adds what became of the messages of one replica to that of others.
fn add(sum: &mut MessageStatus, message: &MessageStatus) {
    sum.ok += message.ok;
    sum.crashed += message.crashed;
    sum.expired += message.expired;
    sum.abandoned += message.abandoned;
    sum.shed += message.shed;
    sum.total.merge(&message.total);
}

/// How much a state keeps an actor from its work: the worst of several stands for all.
const fn badness(state: State) -> u8 {
    match state {
        State::Running => 0,
        State::Starting => 1,
        State::Draining => 2,
        State::Suspended => 3,
        State::BackingOff => 4,
        State::Stopped => 5,
        State::Failed => 6,
    }
}

/// Where a failure happened: the panic's place, or what was being done.
pub(super) fn place(failure: &Failure) -> &str {
    failure.location.as_deref().or(failure.during).unwrap_or(failure.kind.as_str())
}

/// A reason of bounded length: what a panic says may hold anything that it came upon.
pub(super) fn shortened(reason: &str) -> String {
    match reason.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}…", &reason[..end]),
        None => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::actors::supervision::{ActorStatus, FailureKind};

    fn replica(replica: usize, state: State) -> ActorStatus {
        ActorStatus {
            name: "customers".to_owned(),
            replica,
            state,
            ready: state == State::Running,
            stalled: None,
            mailbox_depth: replica,
            mailbox_bound: 16,
            oldest: (replica > 0).then(|| Duration::from_micros(1_234_567)),
            in_flight: 1,
            restarts: 2,
            panics: 1,
            incarnation: 3,
            uptime: Duration::ZERO,
            last_failure: Some(Failure {
                kind: FailureKind::Start,
                reason: Arc::from(format!("replica {replica}")),
                location: None,
                during: Some("factory"),
                at: UNIX_EPOCH + Duration::from_secs(replica as u64),
            }),
            messages: Vec::new(),
        }
    }

    #[test]
    fn replicas_are_one_row_as_bad_as_the_worst_of_them() {
        let states = [State::Running, State::Failed, State::Starting];
        let replicas = states.into_iter().enumerate().map(|(number, state)| replica(number, state)).collect();
        let tree = serde_json::to_value(TreeView::of(replicas, Vec::new())).unwrap();
        let [row] = &tree["actors"].as_array().unwrap()[..] else { panic!("one row: {tree}") };
        assert_eq!((&row["state"], &row["ready"]), (&"failed".into(), &false.into()));
        assert_eq!((&row["restarts"], &row["panics"], &row["inFlight"]), (&6.into(), &3.into(), &3.into()));
        assert_eq!(row["mailbox"], serde_json::json!({"depth": 3, "bound": 48, "oldestMs": 1234.567}));
        assert_eq!(row["lastFailure"]["reason"], "replica 2", "the newest");
        assert_eq!((&row["lastFailure"]["at"], &row["lastFailure"]["kind"]), (&"factory".into(), &"start".into()));
        assert_eq!(row["replicas"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn a_long_reason_is_cut_off_between_characters() {
        assert_eq!(shortened("short"), "short");
        let long = shortened(&"ä".repeat(LONGEST_REASON + 1));
        assert_eq!(long.chars().count(), LONGEST_REASON + 1);
        assert!(long.ends_with('…'));
    }
}
