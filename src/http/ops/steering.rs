//! What is logged, for good or for a while.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Mutex as Turns, OwnedMutexGuard};
use tokio::time::{Instant, sleep_until};

use crate::config::LogLevel;
use crate::telemetry::LogsEnded;

/// What is told by which level to log.
pub trait LogSink: Send + Sync {
    /// Logs by this level from now on.
    ///
    /// # Errors
    /// [`LogsEnded`]: nothing is logged any more.
    fn set_level(&self, level: &LogLevel) -> Result<(), LogsEnded>;
}

/// A level, and for how long it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSetting {
    /// What is logged.
    pub level: LogLevel,
    /// After this the settings' own level comes back; `None`: it stays until the program ends.
    pub revert_after: Option<Duration>,
}

/// Steers the logs of one server. Clones steer the same.
///
/// Invariant: at most one change is going to be taken back, and that is the last one.
#[derive(Clone)]
pub struct LogSteering(Arc<Inner>);

struct Inner {
    sink: Box<dyn LogSink>,
    /// What the settings say.
    settled: LogLevel,
    held: Mutex<Held>,
    turns: Arc<Turns<()>>,
}

struct Held {
    level: LogLevel,
    reverts_at: Option<Instant>,
    /// How many changes there have been: a timer that was set for another one than the last has nothing to take back.
    changes: u64,
}

impl LogSteering {
    /// Steers these logs, which log by the settings' level now.
    pub fn new(sink: impl LogSink + 'static, settled: LogLevel) -> Self {
        let held = Mutex::new(Held { level: settled.clone(), reverts_at: None, changes: 0 });
        Self(Arc::new(Inner { sink: Box::new(sink), settled, held, turns: Arc::default() }))
    }

    /// What holds now, and how long it still will.
    pub fn setting(&self) -> LogSetting {
        let held = self.0.held.lock();
        let left = |at: Instant| at.saturating_duration_since(Instant::now());
        LogSetting { level: held.level.clone(), revert_after: held.reverts_at.map(left) }
    }

    /// Waits until nobody else is changing what is logged; until the guard is dropped nobody else will.
    pub async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.0.turns).lock_owned().await
    }

    /// Logs so from now on. A change before this one that was to be taken back is not taken back any more.
    ///
    /// # Errors
    /// [`LogsEnded`]; nothing has changed.
    ///
    /// # Panics
    /// Outside of an actix system or worker.
    pub fn set(&self, setting: LogSetting) -> Result<(), LogsEnded> {
        let mut held = self.0.held.lock();
        self.0.sink.set_level(&setting.level)?;
        let reverts_at = setting.revert_after.map(|after| Instant::now() + after);
        *held = Held { level: setting.level, reverts_at, changes: held.changes + 1 };
        if let Some(at) = reverts_at {
            actix_web::rt::spawn(Self::revert_at(Arc::clone(&self.0), at, held.changes));
        }
        Ok(())
    }

    async fn revert_at(inner: Arc<Inner>, at: Instant, change: u64) {
        sleep_until(at).await;
        let mut held = inner.held.lock();
        if held.changes != change {
            return;
        }
        match inner.sink.set_level(&inner.settled) {
            Ok(()) => {
                *held = Held { level: inner.settled.clone(), reverts_at: None, changes: change };
                tracing::info!(level = %inner.settled, "the log level is that of the settings again");
            }
            Err(error) => tracing::warn!(%error, "the log level could not be taken back"),
        }
    }
}

impl fmt::Debug for LogSteering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogSteering").field(&self.setting()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::supervision::testkit::{paused, settle};
    use tokio::time::advance;

    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<String>>>);

    impl LogSink for Heard {
        fn set_level(&self, level: &LogLevel) -> Result<(), LogsEnded> {
            self.0.lock().push(level.to_string());
            Ok(())
        }
    }

    impl Heard {
        fn take(&self) -> Vec<String> {
            std::mem::take(&mut *self.0.lock())
        }
    }

    fn steering() -> (LogSteering, Heard) {
        let heard = Heard::default();
        (LogSteering::new(heard.clone(), "info,access=off".parse().unwrap()), heard)
    }

    fn setting(level: &str, seconds: Option<u64>) -> LogSetting {
        LogSetting { level: level.parse().unwrap(), revert_after: seconds.map(Duration::from_secs) }
    }

    #[test]
    fn a_temporary_level_holds_until_its_time_is_over() {
        paused(async {
            let (steering, heard) = steering();
            steering.set(setting("debug", Some(600))).unwrap();
            advance(Duration::from_secs(599)).await;
            settle().await;
            let left = steering.setting();
            assert_eq!(left.level.as_str(), "debug");
            assert!(left.revert_after.unwrap() <= Duration::from_secs(1), "{left:?}");
            advance(Duration::from_secs(1)).await;
            settle().await;
            assert_eq!(steering.setting(), setting("info,access=off", None));
            assert_eq!(heard.take(), ["debug", "info,access=off"]);
        });
    }

    #[test]
    fn a_later_change_is_not_undone_by_the_time_of_an_earlier_one() {
        paused(async {
            let (steering, heard) = steering();
            steering.set(setting("debug", Some(60))).unwrap();
            steering.set(setting("trace", Some(120))).unwrap();
            advance(Duration::from_secs(60)).await;
            settle().await;
            assert_eq!(steering.setting().level.as_str(), "trace");
            steering.set(setting("warn", None)).unwrap();
            advance(Duration::from_secs(86_400)).await;
            settle().await;
            assert_eq!(steering.setting(), setting("warn", None));
            assert_eq!(heard.take(), ["debug", "trace", "warn"]);
        });
    }

    #[test]
    fn changes_are_made_one_after_another() {
        paused(async {
            let (steering, _) = steering();
            let turn = steering.turn().await;
            let waiting = tokio::time::timeout(Duration::from_secs(1), steering.turn()).await;
            assert!(waiting.is_err(), "somebody else is at it");
            drop(turn);
            drop(steering.turn().await);
        });
    }
}
