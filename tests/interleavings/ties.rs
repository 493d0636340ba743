//! Groups: members come, end, fail and are replaced while others do.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use loom::future::block_on;
use loom::model;
use loom::model::Builder;
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::{Acquire, Release};
use loom::thread;
use tokio::time::Instant;

use super::RestartCause;
use super::child::Child;
use super::queue::Queue;
use super::ties::{Membership, Ties};

/// An actor as its group sees it: its commands come by the queue that mailboxes have for them.
struct Actor {
    name: Arc<str>,
    orders: Queue<RestartCause>,
}

impl Child for Actor {
    fn full_name(&self) -> &Arc<str> {
        &self.name
    }

    fn restart(&self, cause: RestartCause) {
        assert!(self.orders.push(Instant::now(), cause).is_ok());
    }
}

/// A cell in miniature: it does what `cell/` does, in the same order.
struct Cell {
    actor: Arc<Actor>,
    membership: Membership,
    /// Incarnations so far.
    lives: usize,
    /// Those of them that were to be replaced for another's sake.
    told: usize,
}

impl Cell {
    fn join(ties: &Ties, name: &str) -> Self {
        let actor = Arc::new(Actor { name: name.into(), orders: Queue::new(8) });
        let membership = ties.admit(actor.clone());
        Cell { actor, membership, lives: 0, told: 0 }
    }

    /// Waits for its turn, as `Cell::await_turn` does, and begins an incarnation. A turn that never comes is a deadlock, which
    /// loom reports.
    fn begin(&mut self) {
        block_on(poll_fn(|task| {
            while let Poll::Ready(Some(_)) = self.actor.orders.poll_pop(task) {} // there is nothing to be replaced
            match self.membership.ask_turn(task) {
                Ok(()) => Poll::Ready(()),
                Err(_) => Poll::Pending,
            }
        }));
        self.lives += 1;
    }

    /// The incarnation takes messages.
    fn run(&mut self) {
        self.membership.runs();
    }

    /// The incarnation comes to an end that nobody wanted.
    fn crash(&mut self) {
        self.membership.ended(true);
    }

    /// Whether the incarnation is to be replaced; if so, it has ended.
    fn obeys(&mut self) -> bool {
        let told = self.actor.orders.pop().is_some();
        if told {
            self.told += 1;
            self.membership.ended(false);
        }
        told
    }

    /// Waits until the incarnation is to be replaced, and ends it. An order that never comes is a deadlock, too.
    fn await_order(&mut self) {
        block_on(poll_fn(|task| self.actor.orders.poll_pop(task).map(drop)));
        self.told += 1;
        self.membership.ended(false);
    }

    /// Lives until an incarnation is built upon that one of another member which is its `last`.
    fn live_upon(&mut self, other: &AtomicUsize, last: usize) {
        loop {
            self.begin();
            self.run();
            let seen = other.load(Acquire);
            // Whoever tells the end of one does so before the next begins: if the last is seen, what there is to be told is
            // in the queue.
            if self.obeys() {
                continue;
            }
            if seen == last {
                return;
            }
            self.await_order();
        }
    }
}

/// The first of two members comes to an end and back, as `ends` does it, while the second joins. Whatever the second had built
/// upon the first life is replaced, once; its last incarnation is built upon the second life.
fn joining_while_the_first(ties: fn() -> Ties, ends: fn(&mut Cell)) {
    // Without this bound it takes minutes.
    let mut five_preemptions = Builder::new();
    five_preemptions.preemption_bound = Some(5);
    five_preemptions.check(move || {
        let ties = ties();
        let mut first = Cell::join(&ties, "a/0");
        let lives = loom::sync::Arc::new(AtomicUsize::new(0));
        let joining = {
            let lives = lives.clone();
            thread::spawn(move || {
                let mut second = Cell::join(&ties, "b/0");
                second.live_upon(&lives, 2);
                assert_eq!((second.lives, second.obeys()), (1 + second.told, false));
                assert!(second.told <= 1, "told {} times of one end", second.told);
            })
        };
        for life in 1..=2 {
            first.begin();
            lives.store(life, Release);
            first.run();
            if life == 1 {
                ends(&mut first);
            }
        }
        joining.join().unwrap();
        assert_eq!((first.lives, first.obeys()), (2, false), "nobody else has ended");
    });
}

#[test]
fn who_joins_while_another_ends_is_replaced_if_it_was_there_and_only_once() {
    joining_while_the_first(Ties::to_those_before, Cell::crash);
    joining_while_the_first(Ties::among_all, Cell::crash);
}

#[test]
fn who_joins_while_another_fails_waits_for_it_and_is_woken() {
    fn fail(cell: &mut Cell) {
        cell.crash();
        cell.membership.failed();
    }
    joining_while_the_first(Ties::to_those_before, fail);
    joining_while_the_first(Ties::among_all, fail);
}

/// Two members that run.
fn two(ties: &Ties) -> [Cell; 2] {
    ["a/0", "b/0"].map(|name| {
        let mut cell = Cell::join(ties, name);
        cell.begin();
        cell.run();
        cell
    })
}

/// The second may have been replaced, and be built upon the first one's life of before, when that ends: then once more.
#[test]
fn two_that_end_at_once_are_replaced_for_their_own_end_and_for_what_they_were_built_upon() {
    for ties in [Ties::to_those_before, Ties::among_all] {
        model(move || {
            let [mut first, mut second] = two(&ties());
            let lives = loom::sync::Arc::new(AtomicUsize::new(1));
            let ending = {
                let lives = lives.clone();
                thread::spawn(move || {
                    second.crash();
                    second.live_upon(&lives, 2);
                    assert_eq!((second.lives, second.obeys()), (2 + second.told, false));
                    assert!(second.told <= 1, "told {} times of one end", second.told);
                })
            };
            first.crash();
            first.begin();
            lives.store(2, Release);
            first.run();
            ending.join().unwrap();
            assert_eq!((first.lives, first.obeys()), (2, false), "its own end is what it was replaced for");
        });
    }
}

#[test]
fn all_are_replaced_for_the_last_one_if_all_depend_on_each_other() {
    model(|| {
        let [mut first, mut second] = two(&Ties::among_all());
        let ending = thread::spawn(move || {
            second.crash();
            second.begin();
            second.run();
            second
        });
        first.await_order();
        first.begin();
        first.run();
        let mut second = ending.join().unwrap();
        assert_eq!((first.lives, first.obeys()), (2, false));
        assert_eq!((second.lives, second.obeys()), (2, false));
    });
}

#[test]
fn nobody_waits_for_one_that_is_no_more() {
    for ties in [Ties::to_those_before, Ties::among_all] {
        model(move || {
            let ties = ties();
            let mut first = Cell::join(&ties, "a/0");
            let mut second = Cell::join(&ties, "b/0");
            first.begin();
            let leaving = thread::spawn(move || {
                first.membership.ended(false);
                drop(first);
            });
            second.begin();
            second.run();
            leaving.join().unwrap();
            assert_eq!((second.lives, second.obeys()), (1, false));
        });
    }
}
