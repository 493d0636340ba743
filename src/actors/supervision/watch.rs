//! The look at everybody that is taken from time to time, by a thread which nobody can keep.
//!
//! Invariants: of each stall one beginning is told and, if whoever stalled is still there, one end after it; the thread holds
//! what it looks at only while it looks, and a panic of one look does not prevent the next.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::guard::guarded;
use super::sync::{Mutex, RecvTimeoutError, Sender, channel, thread};
use super::{Emitter, Happening};

/// Who has been told to be stalled, so that each stall is told once, and its end too.
#[derive(Default)]
pub(super) struct Stalls(Mutex<HashSet<Arc<str>>>);

impl Stalls {
    /// Tells of a stall that is new, and of one that is over; `silent` is for how long nothing has been done, if that
    /// is longer than allowed.
    pub(super) fn note(&self, emitter: &Emitter, silent: Option<Duration>) {
        let actor = emitter.actor();
        let mut told = self.0.lock();
        let news = match silent {
            Some(_) => told.insert(actor.clone()),
            None => told.remove(actor),
        };
        if !news {
            return;
        }
        // Under the lock, so that whoever looks at the same time tells the next after this.
        emitter.emit(silent.map_or(Happening::Recovered, |silent| Happening::Stalled { silent }));
        drop(told);
        match silent {
            Some(silent) => tracing::warn!(%actor, ?silent, "no progress"),
            None => tracing::info!(%actor, "progress again"),
        }
    }
}

/// The thread that looks; it ends when this is dropped.
pub(super) struct Watch {
    _end: Sender<()>,
}

impl Watch {
    /// Has a thread of its own call `look` each `interval`, for as long as there is a `subject`.
    ///
    /// # Panics
    /// When the operating system gives no thread.
    pub(super) fn start<T: Send + Sync + 'static>(subject: Weak<T>, interval: Duration, look: fn(&T)) -> Self {
        let (end, ended) = channel();
        let watching = move || {
            while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                let Some(subject) = subject.upgrade() else { return };
                if let Err(panic) = guarded(|| look(&subject)) {
                    tracing::error!(reason = %panic.reason, location = %panic.location, "panicked while watching");
                }
            }
        };
        thread::Builder::new().name("watch".to_owned()).spawn(watching).expect("the system gives a thread");
        Watch { _end: end }
    }
}
