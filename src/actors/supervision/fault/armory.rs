//! Faults that wait for their occasion.

use std::fmt;
use std::sync::{Arc, Weak};

use tokio::sync::watch;

use super::super::sync::{AtomicBool, Mutex, MutexGuard, Relaxed};

/// A fault and when it is due.
#[derive(Clone, Copy, Debug)]
pub struct Injection<F> {
    fault: F,
    after: u64,
    times: u32,
}

impl<F> Injection<F> {
    pub(in crate::actors::supervision) fn times(fault: F, times: u32) -> Self {
        Injection { fault, after: 0, times }
    }

    /// The same, due only when so many more messages, or jobs of a pool, have been begun.
    pub fn after(self, messages: u64) -> Self {
        Injection { after: messages, ..self }
    }
}

/// An injected fault, seen by whoever injected it. Dropping it changes nothing.
#[derive(Clone)]
pub struct Injected {
    strikes: watch::Receiver<u32>,
    withdrawn: Arc<AtomicBool>,
    armory: Weak<dyn Disarm>,
}

impl Injected {
    /// Whether it has gone off, at least once.
    pub fn has_struck(&self) -> bool {
        self.strikes() > 0
    }

    /// How often it has gone off.
    pub fn strikes(&self) -> u32 {
        *self.strikes.borrow()
    }

    /// Waits until it goes off. False when it never will: it was withdrawn, or the last mailbox is gone.
    pub async fn struck(&self) -> bool {
        self.strikes.clone().wait_for(|&strikes| strikes > 0).await.is_ok()
    }

    /// Disarms it: from now on it does not go off, or not again.
    pub fn withdraw(&self) {
        self.withdrawn.store(true, Relaxed);
        if let Some(armory) = self.armory.upgrade() {
            armory.disarm();
        }
    }
}

impl fmt::Debug for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Injected").field("strikes", &self.strikes()).finish_non_exhaustive()
    }
}

/// An armory, whatever faults it is for.
trait Disarm: Send + Sync {
    /// Lets go of the faults that will not go off any more.
    fn disarm(&self);
}

/// A fault that has not gone off as often as it will.
pub(super) struct Armed<F> {
    fault: F,
    after: u64,
    left: u32,
    strikes: watch::Sender<u32>,
    withdrawn: Arc<AtomicBool>,
}

impl<F: Copy> Armed<F> {
    fn is_due(&self) -> bool {
        self.after == 0
    }

    fn is_spent(&self) -> bool {
        self.left == 0 || self.withdrawn.load(Relaxed)
    }

    pub(super) fn strike(&mut self) -> F {
        self.left -= 1;
        self.strikes.send_modify(|strikes| *strikes += 1);
        self.fault
    }
}

/// The faults that one actor or pool will meet.
///
/// Invariants: while a fault is kept here, `armed` is set: whoever looks without the lock may miss one that is being armed
/// just now, never one that was armed before; a fault strikes at most as often as it is to, and never once it is seen to be
/// withdrawn; one occasion meets one fault at most.
pub(in crate::actors::supervision) struct Armory<F> {
    /// Whether there may be any; looked at on the way of each message.
    armed: AtomicBool,
    faults: Mutex<Vec<Armed<F>>>,
}

impl<F: Copy + Send + 'static> Disarm for Armory<F> {
    fn disarm(&self) {
        drop(self.lock_unspent());
    }
}

impl<F: Copy + Send + 'static> Armory<F> {
    pub(in crate::actors::supervision) fn new() -> Self {
        Armory { armed: AtomicBool::new(false), faults: Mutex::new(Vec::new()) }
    }

    pub(in crate::actors::supervision) fn arm(self: &Arc<Self>, injection: Injection<F>) -> Injected {
        let (strikes, seen) = watch::channel(0);
        let withdrawn = Arc::new(AtomicBool::new(false));
        let Injection { fault, after, times } = injection;
        let itself = Arc::downgrade(self);
        let injected = Injected { strikes: seen, withdrawn: withdrawn.clone(), armory: itself };
        self.put(Armed { fault, after, left: times, strikes, withdrawn });
        injected
    }

    pub(in crate::actors::supervision) fn is_armed(&self) -> bool {
        self.armed.load(Relaxed)
    }

    /// The fault that strikes at an occasion for those that are `wanted`, if one is due.
    pub(in crate::actors::supervision) fn strike(&self, wanted: impl Fn(F) -> bool) -> Option<F> {
        if !self.is_armed() {
            return None;
        }
        let mut faults = self.lock_unspent();
        let due = faults.iter_mut().find(|armed| armed.is_due() && wanted(armed.fault))?;
        Some(due.strike())
    }

    /// Takes out a due fault that may strike elsewhere, or else is [put](Armory::put) back.
    pub(super) fn take(&self, wanted: impl Fn(F) -> bool) -> Option<Armed<F>> {
        let mut faults = self.lock_unspent();
        let at = faults.iter().position(|armed| armed.is_due() && wanted(armed.fault))?;
        Some(faults.remove(at))
    }

    /// One that was withdrawn while it was elsewhere does not come back.
    pub(super) fn put(&self, armed: Armed<F>) {
        let mut faults = self.faults.lock();
        if !armed.is_spent() {
            faults.push(armed);
            self.armed.store(true, Relaxed);
        }
    }

    /// A message has been begun: those that wait for a number of them are nearer to it.
    pub(in crate::actors::supervision) fn count_down(&self) {
        for armed in self.faults.lock().iter_mut() {
            armed.after = armed.after.saturating_sub(1);
        }
    }

    fn lock_unspent(&self) -> MutexGuard<'_, Vec<Armed<F>>> {
        let mut faults = self.faults.lock();
        faults.retain(|armed| !armed.is_spent());
        self.armed.store(!faults.is_empty(), Relaxed);
        faults
    }
}
