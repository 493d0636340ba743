//! A fault that strikes in the future which an answer comes from.
//!
//! Whether a message has to be waited for, its handler alone knows. So the fault is offered to whatever the handler
//! returns; when nobody takes it, or the answer comes without a second poll, it goes back to where it came from.

use std::cell::Cell;
use std::sync::Arc;

use super::armory::Armed;
use super::{Armory, Fault};

thread_local! {
    static OFFER: Cell<Option<Poison>> = const { Cell::new(None) };
}

/// A [`Fault::PanicInFuture`] on its way.
pub(in crate::actors::supervision) struct Poison {
    armed: Option<Armed<Fault>>,
    origin: Arc<Armory<Fault>>,
    polled: bool,
}

impl Poison {
    /// The poison offered to the answer that is being made; mostly there is none.
    pub(in crate::actors::supervision) fn take() -> Option<Self> {
        OFFER.take()
    }

    /// Panics, but at the first call.
    pub(in crate::actors::supervision) fn sting(&mut self) {
        if !std::mem::replace(&mut self.polled, true) {
            return;
        }
        if let Some(mut armed) = self.armed.take() {
            armed.strike();
            panic!("injected: panic in a future");
        }
    }
}

impl Drop for Poison {
    fn drop(&mut self) {
        if let Some(armed) = self.armed.take() {
            self.origin.put(armed);
        }
    }
}

/// Runs a handler, which may [take](Poison::take) the poison that `armory` has for it.
pub(in crate::actors::supervision) fn offered(armory: &Arc<Armory<Fault>>, handler: impl FnOnce()) {
    let armed = armory.take(|fault| fault == Fault::PanicInFuture);
    OFFER.set(armed.map(|armed| Poison { armed: Some(armed), origin: armory.clone(), polled: false }));
    let _withdrawn = Withdrawal;
    handler();
}

/// Takes back what was not taken, also when the handler panics.
struct Withdrawal;

impl Drop for Withdrawal {
    fn drop(&mut self) {
        drop(OFFER.take());
    }
}
