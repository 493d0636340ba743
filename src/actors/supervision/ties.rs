//! What the members of a group know of each other, on whatever threads they are.
//!
//! Each member's cell holds its [`Membership`]: it says there what becomes of its incarnations, and asks for its turn
//! before it makes one.
//!
//! Invariants: a member has a turn only while all that were started before it run, and none that it depends on has
//! failed; of each incarnation that others may have built upon, they are told its end exactly once; whoever is no more
//! is forgotten, and stands in nobody's way. No lock is held while foreign code runs: commands and wakers only schedule.

use std::sync::Arc;
use std::task::{Context as Task, Waker};

use super::RestartCause;
use super::child::Child;
use super::sync::Mutex;

/// The bonds of one group.
#[derive(Clone)]
pub(super) struct Ties(Arc<Group>);

struct Group {
    /// Whether members also depend on those that were started after them.
    mutual: bool,
    members: Mutex<Members>,
}

/// Those that are not at their end, in the order of their start.
#[derive(Default)]
struct Members {
    list: Vec<Member>,
    /// How many there have ever been.
    admitted: u64,
}

struct Member {
    /// How many were started before it.
    number: u64,
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
        let number = members.admitted;
        members.admitted += 1;
        members.list.push(Member { number, child, standing: Standing::Down, waiting: None });
        Membership { group: self.0.clone(), number, has_told: false }
    }
}

/// The place of one member in its group; dropped when the member is no more.
pub(super) struct Membership {
    group: Arc<Group>,
    number: u64,
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
        let place = members.place_of(self.number);
        let obstacle = self.group.obstacle(&members.list, place);
        let own = &mut members.list[place];
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
            members.stir();
        }
        turn
    }

    /// The incarnation has started.
    pub(super) fn runs(&mut self) {
        if !std::mem::replace(&mut self.has_told, true) {
            let mut members = self.group.members.lock();
            let own = members.member(self.number);
            if own.standing == Standing::Starting {
                own.standing = Standing::Running;
                members.stir();
            }
        }
    }

    /// The incarnation has ended; if that was unforeseen, the dependents are replaced. Not so for an outdated one: whoever
    /// had built upon it was replaced with it, and those who have come since did not.
    pub(super) fn ended(&self, unforeseen: bool) {
        let mut members = self.group.members.lock();
        let own = members.member(self.number);
        let was_outdated = std::mem::replace(&mut own.standing, Standing::Down) == Standing::Outdated;
        if !unforeseen || was_outdated {
            return;
        }
        let cause = RestartCause::Dependency(own.child.full_name().clone());
        let first = if self.group.mutual { 0 } else { members.place_of(self.number) };
        for dependent in &mut members.list[first..] {
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
        members.member(self.number).standing = Standing::Failed;
        members.stir(); // so that those who wait for it show it
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut members = self.group.members.lock();
        let place = members.place_of(self.number);
        let gone = members.list.remove(place);
        members.stir();
        drop(members);
        drop(gone);
    }
}

impl Group {
    fn obstacle(&self, members: &[Member], place: usize) -> Option<Obstacle> {
        let failed = |member: &Member| member.standing == Standing::Failed;
        let (before, after) = (&members[..place], &members[place + 1..]);
        if before.iter().any(failed) || (self.mutual && after.iter().any(failed)) {
            return Some(Obstacle::Failure);
        }
        let there = |member: &Member| member.standing == Standing::Running;
        (!before.iter().all(there)).then_some(Obstacle::Absence)
    }
}

impl Members {
    fn place_of(&self, number: u64) -> usize {
        let place = self.list.binary_search_by_key(&number, |member| member.number);
        place.expect("a member is forgotten only when its membership is dropped")
    }

    fn member(&mut self, number: u64) -> &mut Member {
        let place = self.place_of(number);
        &mut self.list[place]
    }

    /// Has all ask for their turn who wait for it.
    fn stir(&mut self) {
        self.list.iter_mut().filter_map(|member| member.waiting.take()).for_each(Waker::wake);
    }
}
