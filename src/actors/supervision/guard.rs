//! The one place where panics are caught.
//!
//! A panic hook, installed on first use, notes message and place of every panic that happens under a
//! guard and keeps it off stderr: whoever guards, reports. Other panics go to the hook that was there before.
//! A program with a hook of its own sets it before it starts the first actor.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind};
use std::sync::{Arc, Once};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// A panic that was caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// The panic's message.
    pub reason: Arc<str>,
    /// Where it happened, as `file:line`; empty when unknown.
    pub location: Arc<str>,
}

impl Panic {
    /// Lets the panic go on unwinding, to be caught by the next guard with its message and place.
    pub(super) fn resume(self) -> ! {
        resume_unwind(Box::new(self))
    }

    #[cold]
    fn from_payload(payload: Box<dyn Any + Send>) -> Self {
        let noted = LAST.with(|last| last.borrow_mut().take());
        match payload.downcast::<Panic>() {
            Ok(resumed) => *resumed,
            Err(payload) => {
                let panic =
                    noted.unwrap_or_else(|| Panic { reason: message_of(payload.as_ref()).into(), location: "".into() });
                drop_payload(payload);
                panic
            }
        }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.location)
    }
}

/// Runs `f`; a panic in it becomes a value that knows its message and its place.
///
/// # Errors
/// The panic, if there was one. What `f` borrowed may be left half-changed: the caller discards it.
pub fn guarded<R>(f: impl FnOnce() -> R) -> Result<R, Panic> {
    install_hook();
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(f));
    GUARDED.set(outer);
    match result {
        Ok(done) => Ok(done),
        Err(payload) => Err(Panic::from_payload(payload)),
    }
}

/// A payload is foreign code too: its drop may panic in turn, with another such payload. That one is leaked, as whoever
/// panics in a panic deserves: no drop of it is tried that could end the thread.
fn drop_payload(payload: Box<dyn Any + Send>) {
    let outer = GUARDED.replace(true);
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another);
        LAST.take(); // it is nobody's reason
    }
    GUARDED.set(outer);
}

/// Drops `value` so that a panic in its drop harms nobody.
pub(super) fn discard<T>(value: T) {
    if let Err(panic) = guarded(|| drop(value)) {
        tracing::warn!(reason = %panic.reason, location = %panic.location, "a drop panicked");
    }
}

fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if GUARDED.get() {
                note(info);
            } else {
                previous(info);
            }
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    let location = info.location().map(|at| format!("{}:{}", at.file(), at.line()));
    let panic = Panic { reason: message_of(info.payload()).into(), location: location.unwrap_or_default().into() };
    LAST.with(|last| *last.borrow_mut() = Some(panic));
}

fn message_of(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a panic without a message"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_message_and_place() {
        let panic = guarded(|| panic!("number {}", 7)).unwrap_err();
        assert_eq!(&*panic.reason, "number 7");
        assert!(panic.location.contains("guard.rs:"), "{panic}");
    }

    #[test]
    fn a_resumed_panic_keeps_its_place() {
        let first = guarded(|| panic!("inner")).unwrap_err();
        let second = guarded(|| first.clone().resume()).unwrap_err();
        assert_eq!(first, second);
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_contained() {
        struct Grenade(u32);
        impl Drop for Grenade {
            fn drop(&mut self) {
                match self.0 {
                    0 => {}
                    1 => panic!("in a payload's drop"),
                    others => std::panic::panic_any(Grenade(others - 1)),
                }
            }
        }
        for grenades in 0..5 {
            let panic = guarded(|| std::panic::panic_any(Grenade(grenades))).unwrap_err();
            assert_eq!(&*panic.reason, "a panic without a message");
            assert!(LAST.with(|last| last.borrow().is_none()), "what came after it is forgotten");
        }
    }
}
