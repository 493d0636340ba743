//! Faults that are injected into running actors.
//!
//! An actor of any type is broken from outside, without its knowing: [`Mailbox::inject`](super::Mailbox::inject) arms a
//! [`Fault`], which goes off at its next occasion. What it cost can be told apart from everything else that happens
//! meanwhile, because [`Injected`] says whether and how often it has struck.
//!
//! Invariants: a fault strikes as often as it says and no more; one occasion meets one fault, the one armed first;
//! while nothing is armed, a message pays for two relaxed loads. Nothing outside of the process can inject anything.

mod armory;
mod poison;

use std::time::Duration;

use super::StartError;

pub(super) use self::armory::Armory;
pub use self::armory::{Injected, Injection};
pub(super) use self::poison::{Poison, offered};

/// What can be done to an actor. Each strikes once, but for [`RefuseStart`](Fault::RefuseStart).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The handler of the next message panics. That message alone is lost.
    PanicInHandler,
    /// The [`Isolated`](super::Isolated) answer of the next message that has to be waited for panics, at a poll after its
    /// first. Messages that are answered at once let it pass by.
    PanicInFuture,
    /// The next incarnation panics at the end of its `started`.
    PanicInStarted,
    /// The factory panics when it is called next.
    PanicInFactory,
    /// The factory refuses so many times to make an actor, whenever it is called next.
    RefuseStart(u32),
    /// The actor stops itself.
    Stop,
    /// The next incarnation stops itself in its `started`.
    StopInStarted,
    /// The handler of the next message blocks its thread for so long, in real time, before it begins.
    Stall(Duration),
    /// The actor panics in its own poll, between two messages: no message is lost at once, and those in flight have the
    /// grace to finish.
    Panic,
    /// The drop of the present incarnation panics, when its life has ended.
    PanicInDrop,
}

impl Fault {
    /// The same, to be armed only when the actor has taken so many more messages.
    pub fn after(self, messages: u64) -> Injection<Fault> {
        Injection::from(self).after(messages)
    }
}

impl From<Fault> for Injection<Fault> {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::RefuseStart(times) => Injection::times(fault, times),
            _ => Injection::times(fault, 1),
        }
    }
}

/// The occasions of an actor's life, each at its place in the cell, the incarnation or the intake.
impl Armory<Fault> {
    /// Before the factory is called. Panics if that is the fault.
    pub(super) fn at_factory(&self) -> Result<(), StartError> {
        match self.strike(|fault| matches!(fault, Fault::PanicInFactory | Fault::RefuseStart(_))) {
            None => Ok(()),
            Some(Fault::RefuseStart(_)) => Err(StartError::new("injected: the start is refused")),
            Some(_) => panic!("injected: panic in the factory"),
        }
    }

    /// Before a new actor is started. Whether it is to stop itself there.
    pub(super) fn before_started(&self) -> bool {
        self.strike(|fault| fault == Fault::StopInStarted).is_some()
    }

    /// When `started` has returned. Panics if that is the fault.
    pub(super) fn after_started(&self) {
        if self.strike(|fault| fault == Fault::PanicInStarted).is_some() {
            panic!("injected: panic in started");
        }
    }

    /// Between two messages. Whether the actor is to stop itself; panics if that is the fault.
    pub(super) fn between_messages(&self) -> bool {
        match self.strike(|fault| matches!(fault, Fault::Panic | Fault::Stop)) {
            None => false,
            Some(Fault::Stop) => true,
            Some(_) => panic!("injected: panic in the actor's poll"),
        }
    }

    /// In place of a handler that is about to be called. Panics, or blocks, if that is the fault.
    pub(super) fn in_handler(&self) {
        let due = self.strike(|fault| matches!(fault, Fault::PanicInHandler | Fault::Stall(_)));
        self.count_down();
        match due {
            None => {}
            Some(Fault::Stall(stall)) => block(stall),
            Some(_) => panic!("injected: panic in a handler"),
        }
    }

    /// After an actor was dropped. Panics if that is the fault.
    pub(super) fn after_drop(&self) {
        if self.strike(|fault| fault == Fault::PanicInDrop).is_some() {
            panic!("injected: panic in drop");
        }
    }
}

/// Blocks the thread in earnest: that is what a stall is.
#[expect(clippy::disallowed_methods, reason = "nothing is waited for; the thread is to be stuck")]
pub(super) fn block(stall: Duration) {
    std::thread::sleep(stall);
}
