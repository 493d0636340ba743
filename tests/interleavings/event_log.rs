//! The events: many tell, many listen, and old ones are forgotten.

use loom::future::block_on;
use loom::model;
use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;

use super::Happening;
use super::event_log::{EventLog, Events, Missed};

/// A log that keeps so many events, and the number before that of its first.
fn log_of(bound: usize, count: usize) -> (EventLog, u64) {
    let log = EventLog::keeping(bound);
    let mut first = log.follow();
    tell(&log, "customers/0", 1);
    let origin = first.try_next().unwrap().unwrap().sequence - 1;
    tell(&log, "customers/0", count - 1);
    (log, origin)
}

fn tell(log: &EventLog, actor: &str, times: usize) {
    let emitter = log.emitter(actor);
    (0..times).for_each(|_| emitter.emit(Happening::Recovered));
}

/// One that tells so many events on a thread of its own.
fn teller(log: &EventLog, actor: &'static str, times: usize) -> thread::JoinHandle<()> {
    let log = log.clone();
    thread::spawn(move || tell(&log, actor, times))
}

/// The number of the next event, waited for, and who told it; how many were missed instead. A lost wake-up would make this
/// wait for ever, which loom reports.
fn next(events: &mut Events) -> Result<(u64, String), u64> {
    let heard = block_on(events.next());
    heard.map(|event| (event.sequence, event.actor.to_string())).map_err(|missed| missed.count)
}

/// The numbers of what is told, counted from 1.
fn sequences(events: &mut Events, origin: u64) -> Vec<u64> {
    std::iter::from_fn(|| events.try_next()).map(|event| event.unwrap().sequence - origin).collect()
}

#[test]
fn who_waits_hears_each_event_once_and_in_order_however_many_tell() {
    // Without this bound it takes half a minute.
    let mut three_preemptions = Builder::new();
    three_preemptions.preemption_bound = Some(3);
    three_preemptions.check(|| {
        let (log, origin) = log_of(4, 1);
        let mut events = log.follow();
        let telling = [teller(&log, "a", 1), teller(&log, "b", 1)];
        let heard = [(), ()].map(|()| next(&mut events).unwrap());
        telling.into_iter().for_each(|telling| telling.join().unwrap());
        assert_eq!(heard.clone().map(|(sequence, _)| sequence - origin), [2, 3]);
        let mut told_by = heard.map(|(_, actor)| actor);
        told_by.sort_unstable();
        assert_eq!(told_by, ["a", "b"]);
        assert!(events.try_next().is_none());
    });
}

#[test]
fn whoever_is_overtaken_is_told_so_and_hears_or_misses_each_event_exactly_once() {
    model(|| {
        let (log, origin) = log_of(1, 1);
        let mut events = log.follow();
        let telling = teller(&log, "a", 2);
        let (mut heard, mut missed) = (Vec::new(), 0);
        while heard.last() != Some(&(origin + 3)) {
            match next(&mut events) {
                Ok((sequence, _)) => {
                    assert_eq!(sequence, origin + 2 + heard.len() as u64 + missed, "in its place");
                    heard.push(sequence);
                }
                Err(count) => missed += count,
            }
        }
        telling.join().unwrap();
        assert_eq!(heard.len() as u64 + missed, 2);
        assert!(events.try_next().is_none());
    });
}

#[test]
fn all_who_wait_are_woken_by_one_event() {
    // Without this bound it takes minutes.
    let mut three_preemptions = Builder::new();
    three_preemptions.preemption_bound = Some(3);
    three_preemptions.check(|| {
        let (log, origin) = log_of(2, 1);
        let heard = Arc::new(AtomicUsize::new(0));
        let listening = [(), ()].map(|()| {
            let (mut events, heard) = (log.follow(), heard.clone());
            thread::spawn(move || {
                assert_eq!(next(&mut events), Ok((origin + 2, "a".to_owned())));
                heard.fetch_add(1, Relaxed);
            })
        });
        tell(&log, "a", 1);
        listening.into_iter().for_each(|listening| listening.join().unwrap());
        assert_eq!(heard.load(Relaxed), 2);
    });
}

#[test]
fn who_comes_while_others_tell_hears_what_comes_after() {
    model(|| {
        let (log, origin) = log_of(4, 1);
        let telling = teller(&log, "a", 2);
        let mut late = log.follow();
        let mut resumed = log.follow_after(origin + 1);
        telling.join().unwrap();
        let (late, resumed) = (sequences(&mut late, origin), sequences(&mut resumed, origin));
        assert_eq!(resumed, [2, 3]);
        assert!(resumed.ends_with(&late), "{late:?}");
    });
}

#[test]
fn a_listener_hears_what_happens_after_it_came() {
    model(|| {
        let (log, origin) = log_of(4, 3);
        let mut events = log.follow();
        assert!(events.try_next().is_none());
        tell(&log, "groups/0", 1);
        assert_eq!(sequences(&mut events, origin), [4]);
    });
}

#[test]
fn a_listener_resumes_after_what_it_heard() {
    model(|| {
        let (log, origin) = log_of(5, 5);
        assert_eq!(sequences(&mut log.follow_after(origin + 3), origin), [4, 5]);
        assert!(sequences(&mut log.follow_after(origin + 5), origin).is_empty());
        for foreign in [0, 3, origin - 1, origin + 99, u64::MAX] {
            let mut events = log.follow_after(foreign);
            assert_eq!(sequences(&mut events, origin), [1, 2, 3, 4, 5], "a number of another process");
        }
    });
}

#[test]
fn numbers_rise_from_one_process_to_the_next_and_are_exact_in_every_reader() {
    const SAFE_INTEGER: u64 = (1 << 53) - 1;
    model(|| {
        let ((_, before), (_, after)) = (log_of(4, 3), log_of(4, 3));
        assert!((1 << 50..SAFE_INTEGER).contains(&before), "microseconds since 1970");
        assert!(before <= after);
    });
}

#[test]
fn a_slow_listener_is_told_how_much_it_missed_and_goes_on() {
    model(|| {
        let (log, origin) = log_of(4, 14);
        for (heard, count) in [(origin + 2, 8), (7, 10)] {
            let mut events = log.follow_after(heard);
            assert_eq!(events.try_next().unwrap().unwrap_err(), Missed { count });
            assert_eq!(sequences(&mut events, origin), [11, 12, 13, 14]);
        }
    });
}
