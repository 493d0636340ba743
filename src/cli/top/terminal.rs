//! The terminal while it is taken over, and the signals that end that.

use std::io;
use std::thread;

use ratatui::DefaultTerminal;
use tokio::signal::unix::{SignalKind, signal};

/// The terminal, in raw mode and on its second screen until this is dropped; after a panic, too.
pub(super) struct Taken(DefaultTerminal);

impl Taken {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn take() -> io::Result<Self> {
        ratatui::try_init().map(Self)
    }

    /// To draw on.
    pub(super) fn terminal(&mut self) -> &mut DefaultTerminal {
        &mut self.0
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Calls `stop` when the process is told to end or its terminal is gone.
///
/// # Errors
/// The system hands out no signals.
pub(super) fn on_signal(stop: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut terminate, mut interrupt, mut hangup) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?)
    };
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hangup.recv() => {}
            }
        });
        stop();
    });
    Ok(())
}
