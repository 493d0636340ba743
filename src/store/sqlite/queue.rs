//! Commits that wait for the writer.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::store::{CommitError, Write};

/// A commit and the one who waits for it.
#[derive(Debug)]
pub(super) struct Pending {
    pub writes: Vec<Write>,
    pub reply: oneshot::Sender<Result<(), CommitError>>,
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
}

/// The commit queue is full.
#[derive(Debug, thiserror::Error)]
#[error("{0} commits are waiting already")]
pub(super) struct Full(pub usize);

impl CommitQueue {
    pub fn new(bound: usize) -> Self {
        Self { bound, waiting: Mutex::default() }
    }

    /// Puts a commit at the end.
    pub fn push(&self, writes: Vec<Write>) -> Result<(Ticket, oneshot::Receiver<Result<(), CommitError>>), Full> {
        let (reply, answer) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        let (next, queue) = &mut *waiting;
        if queue.len() >= self.bound {
            queue.retain(|pending| !pending.reply.is_closed());
        }
        if queue.len() >= self.bound {
            return Err(Full(self.bound));
        }
        *next += 1;
        queue.push_back(Pending { writes, reply, ticket: *next });
        Ok((Ticket(*next), answer))
    }

    /// Takes the next commits, at most `max`. Those that nobody waits for any more are dropped.
    pub fn take(&self, max: usize) -> Vec<Pending> {
        let mut waiting = self.waiting.lock();
        let mut group = Vec::new();
        while group.len() < max {
            let Some(pending) = waiting.1.pop_front() else { break };
            if !pending.reply.is_closed() {
                group.push(pending);
            }
        }
        group
    }

    /// Takes a commit back. False: the writer has taken it already.
    pub fn withdraw(&self, ticket: &Ticket) -> bool {
        let mut waiting = self.waiting.lock();
        let at = waiting.1.iter().position(|pending| pending.ticket == ticket.0);
        at.is_some_and(|at| waiting.1.remove(at).is_some())
    }
}
