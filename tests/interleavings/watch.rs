//! The thread that looks at everybody, and what it tells of stalls.

use std::sync::Arc;
use std::time::Duration;

use loom::model;
use loom::thread;

use super::Happening;
use super::event_log::{EventLog, Events};
use super::sync::{Condvar, Mutex};
use super::watch::{Stalls, Watch};

const INTERVAL: Duration = Duration::from_secs(1);

/// A supervisor in miniature: whom it knows, and whom each look has seen.
#[derive(Default)]
struct Subject {
    known: Mutex<Vec<char>>,
    looks: Mutex<Vec<Vec<char>>>,
}

impl Subject {
    fn look(&self) {
        let known = self.known.lock().clone();
        self.looks.lock().push(known);
    }

    fn looks(&self) -> Vec<Vec<char>> {
        self.looks.lock().clone()
    }
}

#[test]
fn who_is_registered_during_a_look_is_seen_by_the_next() {
    model(|| {
        let subject = Arc::new(Subject::default());
        let watch = Watch::start(Arc::downgrade(&subject), INTERVAL, Subject::look);
        subject.known.lock().push('a');
        let before = subject.looks().len();
        let unaware = subject.looks().into_iter().filter(|seen| seen.is_empty()).count();
        assert!(unaware <= before + 1, "one look may have been under way");
        drop(watch);
        let looks = subject.looks();
        assert!(looks.iter().skip(before + 1).all(|seen| *seen == ['a']), "{looks:?}");
    });
}

#[test]
fn the_thread_ends_with_its_watch() {
    model(|| {
        let subject = Arc::new(Subject::default());
        let watch = Watch::start(Arc::downgrade(&subject), INTERVAL, Subject::look);
        let stopping = thread::spawn(move || drop(watch));
        // Perhaps it is the thread that lets go of it last. One that does not end is a deadlock, which loom reports.
        drop(subject);
        stopping.join().unwrap();
    });
}

/// A subject whose end can be waited for.
struct Mortal(Arc<(Mutex<bool>, Condvar)>);

impl Drop for Mortal {
    fn drop(&mut self) {
        *self.0.0.lock() = true;
        self.0.1.notify_all();
    }
}

#[test]
fn who_is_looked_at_can_go_although_nobody_stops_the_watch() {
    model(|| {
        let end = Arc::new((Mutex::new(false), Condvar::new()));
        let subject = Arc::new(Mortal(end.clone()));
        let watch = Watch::start(Arc::downgrade(&subject), INTERVAL, |_| ());
        drop(subject);
        let (ended, changed) = &*end;
        let mut has_ended = ended.lock();
        while !*has_ended {
            changed.wait(&mut has_ended);
        }
        drop(has_ended);
        drop(watch);
    });
}

/// What is told of stalls and their ends: `true` for a beginning.
fn told(events: &mut Events) -> Vec<bool> {
    let events = std::iter::from_fn(|| events.try_next()).map(|event| event.unwrap());
    events.map(|event| matches!(event.happening, Happening::Stalled { .. })).collect()
}

#[test]
fn a_stall_is_told_once_however_many_look() {
    model(|| {
        let (log, stalls) = (EventLog::keeping(8), Arc::new(Stalls::default()));
        let (mut events, emitter) = (log.follow(), log.emitter("customers/0"));
        let looking = {
            let (stalls, emitter) = (stalls.clone(), emitter.clone());
            thread::spawn(move || stalls.note(&emitter, Some(INTERVAL)))
        };
        stalls.note(&emitter, Some(INTERVAL));
        looking.join().unwrap();
        assert_eq!(told(&mut events), [true]);
    });
}

#[test]
fn the_end_of_a_stall_is_told_after_its_beginning() {
    model(|| {
        let (log, stalls) = (EventLog::keeping(8), Arc::new(Stalls::default()));
        let (mut events, emitter) = (log.follow(), log.emitter("customers/0"));
        let looking = {
            let (stalls, emitter) = (stalls.clone(), emitter.clone());
            thread::spawn(move || stalls.note(&emitter, Some(INTERVAL)))
        };
        stalls.note(&emitter, Some(INTERVAL));
        stalls.note(&emitter, None);
        looking.join().unwrap();
        let told_by_two = told(&mut events);
        assert!(told_by_two.iter().step_by(2).all(|&begun| begun), "{told_by_two:?}");
        assert!(told_by_two.iter().skip(1).step_by(2).all(|&begun| !begun), "{told_by_two:?}");
        // The last event is what the next look goes on from.
        stalls.note(&emitter, None);
        let settled = told(&mut events);
        assert_eq!(settled.len(), told_by_two.len() % 2, "{told_by_two:?} {settled:?}");
    });
}
