//! The replicas of an actor: they join while routers look at them.

use loom::model;
use loom::sync::Arc;
use loom::thread;

use super::roster::Roster;

/// A replica: its name, and which one of that name it is.
type Replica = (char, u32);

fn join(roster: &Arc<Roster<Replica>>, joining: Replica) -> thread::JoinHandle<()> {
    let roster = roster.clone();
    thread::spawn(move || roster.join(joining, |other| other.0 == joining.0))
}

fn among(replicas: &[Replica]) -> Arc<Roster<Replica>> {
    let roster = Roster::new();
    replicas.iter().for_each(|&replica| roster.join(replica, |_| false));
    Arc::new(roster)
}

#[test]
fn who_looks_while_others_join_sees_each_of_them_or_not_and_forgets_nobody() {
    model(|| {
        let roster = among(&[('a', 1)]);
        let joining = [join(&roster, ('b', 1)), join(&roster, ('c', 1))];
        let (first, second) = (roster.now(), roster.now());
        assert!(second.starts_with(&first), "{first:?} {second:?}");
        assert!(first.starts_with(&[('a', 1)]) && second.len() <= 3, "{second:?}");
        joining.into_iter().for_each(|joining| joining.join().unwrap());
        let mut joined = roster.now().to_vec();
        assert!(joined.starts_with(&second), "{second:?} {joined:?}");
        joined.sort_unstable();
        assert_eq!(joined, [('a', 1), ('b', 1), ('c', 1)]);
    });
}

#[test]
fn a_replica_that_comes_back_is_never_there_twice_nor_missing() {
    model(|| {
        let roster = among(&[('a', 1), ('b', 1)]);
        let joining = [join(&roster, ('a', 2)), join(&roster, ('c', 1))];
        let seen = roster.now();
        let named = |name| seen.iter().filter(|replica| replica.0 == name).count();
        assert_eq!((named('a'), named('b')), (1, 1), "{seen:?}");
        joining.into_iter().for_each(|joining| joining.join().unwrap());
        let mut joined = roster.now().to_vec();
        joined.sort_unstable();
        assert_eq!(joined, [('a', 2), ('b', 1), ('c', 1)]);
    });
}
