//! Tells AuditActor that the outbox has something in it, without flooding its mailbox.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::actors::supervision::Mailbox;

use super::actor::AuditActor;
use super::messages::RelayOutbox;

/// A bell that every actor which changes something rings. At most one ring waits in the mailbox at a time.
///
/// A ring that is lost (the mailbox is full, the actor is down) delays events, it loses none: the actor also looks by itself.
#[derive(Clone, Default)]
pub struct Bell(Arc<Inner>);

#[derive(Default)]
struct Inner {
    rung: AtomicBool,
    mailbox: OnceLock<Mailbox<AuditActor>>,
}

impl Bell {
    /// Connects the bell with the actor; rings before that are lost. Only the first call counts.
    pub fn connect(&self, mailbox: Mailbox<AuditActor>) {
        let _ = self.0.mailbox.set(mailbox);
    }

    /// Rings.
    pub fn ring(&self) {
        let Some(mailbox) = self.0.mailbox.get() else { return };
        if !self.0.rung.swap(true, Ordering::AcqRel) && mailbox.tell(RelayOutbox).is_err() {
            self.0.rung.store(false, Ordering::Release);
        }
    }

    /// The actor has heard it: the next ring is told again.
    pub(super) fn heard(&self) {
        self.0.rung.store(false, Ordering::Release);
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bell(rung: {})", self.0.rung.load(Ordering::Relaxed))
    }
}
