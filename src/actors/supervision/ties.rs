//! What the members of a group know of each other, on whatever threads they are.
//!
//! Each member's cell holds its [`Membership`]: it says there what becomes of its incarnations, and asks for its turn
//! before it makes one. No lock is held while foreign code runs: commands and wakers only schedule.

use std::sync::Arc;
use std::task::{Context as Task, Waker};

use parking_lot::Mutex;

use super::RestartCause;
use super::child::Child;

/// The bonds of one group.
#[derive(Clone)]
pub(super) struct Ties(Arc<Group>);

struct Group {
    /// Whether members also depend on those that were started after them.
    mutual: bool,
    members: Mutex<Vec<Member>>,
}

struct Member {
    child: Arc<dyn Child>,
    standing: Standing,
    /// Woken when it may be its turn.
    waiting: Option<Waker>,
}

/// How a member stands, as far as others depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It has no incarnation.
    Down,
    /// An incarnation is being made.
    Starting,
    /// Its incarnation has started.
    Running,
    /// Its incarnation was told to go: whatever that still does, nobody may build on it.
    Outdated,
    /// It has been restarted too often, and rests.
    Failed,
    /// It is no more; the others do without it.
    Gone,
}

/// Why a member has to wait for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// One that it depends on is not there yet.
    Absence,
    /// One that it depends on has failed.
    Failure,
}

impl Ties {
    /// Each member depends on all others.
    pub(super) fn among_all() -> Self {
        Ties::new(true)
    }

    /// Each member depends on those that were started before it.
    pub(super) fn to_those_before() -> Self {
        Ties::new(false)
    }

    fn new(mutual: bool) -> Self {
        Ties(Arc::new(Group { mutual, members: Mutex::default() }))
    }

    /// Takes in the next member.
    pub(super) fn admit(&self, child: Arc<dyn Child>) -> Membership {
        let mut members = self.0.members.lock();
        members.push(Member { child, standing: Standing::Down, waiting: None });
        Membership { group: self.0.clone(), place: members.len() - 1, has_told: false }
    }
}

/// The place of one member in its group; dropped when the member is no more.
pub(super) struct Membership {
    group: Arc<Group>,
    place: usize,
    /// Whether the others know that the present incarnation runs.
    has_told: bool,
}

impl Membership {
    /// Whether an incarnation may be made.
    ///
    /// # Errors
    /// What stands in the way; the task is woken when that may be gone.
    pub(super) fn ask_turn(&mut self, task: &Task<'_>) -> Result<(), Obstacle> {
        let mut members = self.group.members.lock();
        let obstacle = self.group.obstacle(&members, self.place);
        let own = &mut members[self.place];
        let had_failed = own.standing == Standing::Failed;
        let turn = match obstacle {
            None => {
                own.standing = Standing::Starting;
                self.has_told = false;
                Ok(())
            }
            Some(obstacle) => {
                own.standing = Standing::Down;
                own.waiting = Some(task.waker().clone());
                Err(obstacle)
            }
        };
        if had_failed {
            Group::stir(&mut members, self.place);
        }
        turn
    }

    /// The incarnation has started.
    pub(super) fn runs(&mut self) {
        if !std::mem::replace(&mut self.has_told, true) {
            let mut members = self.group.members.lock();
            if members[self.place].standing == Standing::Starting {
                members[self.place].standing = Standing::Running;
                Group::stir(&mut members, self.place);
            }
        }
    }

    /// The incarnation has ended; if that was unforeseen, the dependents are replaced.
    pub(super) fn ended(&self, unforeseen: bool) {
        let mut members = self.group.members.lock();
        members[self.place].standing = Standing::Down;
        if !unforeseen {
            return;
        }
        let cause = RestartCause::Dependency(members[self.place].child.full_name().clone());
        let first = if self.group.mutual { 0 } else { self.place };
        for dependent in &mut members[first..] {
            if matches!(dependent.standing, Standing::Starting | Standing::Running) {
                dependent.standing = Standing::Outdated;
                // Under the lock, so that the command is there before the member asks for its next turn.
                dependent.child.restart(cause.clone());
            }
        }
    }

    /// The member rests after too many restarts.
    pub(super) fn failed(&self) {
        let mut members = self.group.members.lock();
        members[self.place].standing = Standing::Failed;
        Group::stir(&mut members, self.place); // so that those who wait for it show it
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut members = self.group.members.lock();
        members[self.place].standing = Standing::Gone;
        Group::stir(&mut members, self.place);
    }
}

impl Group {
    fn obstacle(&self, members: &[Member], place: usize) -> Option<Obstacle> {
        let failed = |member: &Member| member.standing == Standing::Failed;
        let (before, after) = (&members[..place], &members[place + 1..]);
        if before.iter().any(failed) || (self.mutual && after.iter().any(failed)) {
            return Some(Obstacle::Failure);
        }
        let there = |member: &Member| matches!(member.standing, Standing::Running | Standing::Gone);
        (!before.iter().all(there)).then_some(Obstacle::Absence)
    }

    /// Has all others ask for their turn who wait for it.
    fn stir(members: &mut [Member], place: usize) {
        let others = members.iter_mut().enumerate().filter(|&(other, _)| other != place);
        others.filter_map(|(_, other)| other.waiting.take()).for_each(Waker::wake);
    }
}
