//! Commits that wait for the writer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::actors::supervision::Deadline;
use crate::store::{CommitError, StoreError, Write};

/// A commit and the one who waits for it.
#[derive(Debug)]
pub(super) struct Pending {
    pub writes: Vec<Write>,
    pub reply: oneshot::Sender<Result<(), CommitError>>,
    deadline: Deadline,
    ticket: u64,
}

/// Names a commit in the queue.
#[derive(Debug)]
pub(super) struct Ticket(u64);

/// The commits in the order they came, at most `bound` of them.
#[derive(Debug)]
pub(super) struct CommitQueue {
    bound: usize,
    waiting: Mutex<(u64, VecDeque<Pending>)>,
    groups: AtomicU64,
    grouped: AtomicU64,
}

/// The commit queue is full.
#[derive(Debug)]
pub(super) struct Full;

impl CommitQueue {
    pub fn new(bound: usize) -> Self {
        Self { bound, waiting: Mutex::default(), groups: AtomicU64::new(0), grouped: AtomicU64::new(0) }
    }

    /// Puts a commit at the end, which is of no more use after `deadline`.
    pub fn push(
        &self,
        writes: Vec<Write>,
        deadline: Deadline,
    ) -> Result<(Ticket, oneshot::Receiver<Result<(), CommitError>>), Full> {
        let (reply, answer) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        let (next, queue) = &mut *waiting;
        if queue.len() >= self.bound {
            queue.retain(|pending| !pending.reply.is_closed());
        }
        if queue.len() >= self.bound {
            return Err(Full);
        }
        *next += 1;
        queue.push_back(Pending { writes, reply, deadline, ticket: *next });
        Ok((Ticket(*next), answer))
    }

    /// Takes the next commits, at most `max`. Those that nobody waits for any more are dropped, those that come too late
    /// are told so.
    pub fn take(&self, max: usize) -> Vec<Pending> {
        let mut waiting = self.waiting.lock();
        let mut group = Vec::new();
        while group.len() < max {
            let Some(pending) = waiting.1.pop_front() else { break };
            if pending.deadline.is_past() {
                // If nobody waits any more, nobody has to be told.
                let _ = pending.reply.send(Err(StoreError::TimedOut.into()));
            } else if !pending.reply.is_closed() {
                group.push(pending);
            }
        }
        if !group.is_empty() {
            self.groups.fetch_add(1, Relaxed);
            self.grouped.fetch_add(group.len() as u64, Relaxed);
        }
        group
    }

    /// How many groups were taken so far, and how many commits in them.
    pub fn taken(&self) -> (u64, u64) {
        (self.groups.load(Relaxed), self.grouped.load(Relaxed))
    }

    /// Takes a commit back. False: the writer has taken it already.
    pub fn withdraw(&self, ticket: &Ticket) -> bool {
        let mut waiting = self.waiting.lock();
        let at = waiting.1.iter().position(|pending| pending.ticket == ticket.0);
        at.is_some_and(|at| waiting.1.remove(at).is_some())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Deadline {
        Deadline::within(Duration::from_secs(60))
    }

    #[test]
    fn a_commit_that_comes_too_late_is_told_so_and_not_made() {
        let queue = CommitQueue::new(2);
        let (_, mut late) = queue.push(vec![], Deadline::within(Duration::ZERO)).unwrap();
        let (_ticket, _answer) = queue.push(vec![], soon()).unwrap();
        assert_eq!(queue.take(8).len(), 1);
        assert!(matches!(late.try_recv(), Ok(Err(CommitError::Store(StoreError::TimedOut)))));
    }

    #[test]
    fn commits_are_taken_in_the_order_they_came() {
        let queue = CommitQueue::new(8);
        let pushed: Vec<_> = (0..5).map(|_| queue.push(vec![], soon()).unwrap()).collect();
        let tickets = |group: Vec<Pending>| group.iter().map(|pending| pending.ticket).collect::<Vec<_>>();
        assert_eq!(tickets(queue.take(3)), [1, 2, 3]);
        assert_eq!(tickets(queue.take(3)), [4, 5]);
        assert!(queue.take(3).is_empty());
        assert_eq!(queue.taken(), (2, 5), "two groups of five commits in all");
        drop(pushed);
    }

    #[test]
    fn what_nobody_waits_for_takes_no_place() {
        let queue = CommitQueue::new(2);
        let (_first, abandoned) = (queue.push(vec![], soon()).unwrap(), queue.push(vec![], soon()).unwrap());
        assert!(queue.push(vec![], soon()).is_err());
        drop(abandoned);
        let _third = queue.push(vec![], soon()).unwrap();
        assert_eq!(queue.take(8).len(), 2);
    }

    #[test]
    fn a_commit_can_be_taken_back_until_it_is_taken() {
        let queue = CommitQueue::new(2);
        let (ticket, _answer) = queue.push(vec![], soon()).unwrap();
        assert!(queue.withdraw(&ticket));
        assert!(!queue.withdraw(&ticket));
        let (ticket, _answer) = queue.push(vec![], soon()).unwrap();
        assert_eq!(queue.take(8).len(), 1);
        assert!(!queue.withdraw(&ticket));
    }
}
