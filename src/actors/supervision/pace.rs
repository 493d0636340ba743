//! How fast an actor works off its backlog.

use std::time::Duration;

use tokio::time::Instant;

/// Windows are at least this long.
const WINDOW: Duration = Duration::from_millis(100);

/// The time that passes for each message taken, measured while others wait.
///
/// Answers that land together let as many messages in together, so the time between two of them tells nothing. A window
/// runs from one message taken to another, and with it from one such batch to another.
///
/// Invariant: time without a backlog is in no window; a window counts half as much as the one after it.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the present window began, and the messages taken since, that first one included.
    window: Option<(Instant, u32)>,
    /// Time and messages of the windows before, the older the less.
    time: Duration,
    taken: f64,
    /// Whether anything is better than what is known.
    may_guess: bool,
}

impl Pace {
    /// Nothing measured yet; `known` says that another has measured this actor before.
    pub(super) fn new(known: bool) -> Self {
        Pace { may_guess: !known, ..Pace::default() }
    }

    /// A message is taken at `now`, and `backlog` says whether others are left waiting. The time for each message, if
    /// there is news of it.
    pub(super) fn take(&mut self, now: Instant, backlog: bool) -> Option<Duration> {
        let news = self.window.and_then(|(begun, taken)| self.measure(now.saturating_duration_since(begun), taken));
        self.window = match self.window {
            _ if !backlog => None,
            Some((begun, taken)) => Some((begun, taken.saturating_add(1))),
            None => Some((now, 1)),
        };
        news
    }

    /// Closes a window that is long enough. While nothing is known, the present one is better than that.
    fn measure(&mut self, length: Duration, taken: u32) -> Option<Duration> {
        if length < WINDOW {
            return self.may_guess.then(|| length / taken);
        }
        (self.window, self.may_guess) = (None, false);
        self.time = self.time / 2 + length;
        self.taken = self.taken / 2.0 + f64::from(taken);
        Some(self.time.div_f64(self.taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: Duration = Duration::from_millis(500);

    #[test]
    fn a_batch_counts_as_many_messages_as_it_has() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let taken = (0..640).filter_map(|message| pace.take(start + BATCH * (message / 64), true));
        let last = taken.last().expect("there is a pace");
        assert!(last.abs_diff(BATCH / 64) < Duration::from_micros(100), "{last:?}");
    }

    #[test]
    fn time_without_a_backlog_does_not_count() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(pace.take(at(0), true), None);
        assert_eq!(pace.take(at(200), false), Some(Duration::from_millis(200)));
        assert_eq!(pace.take(at(60_000), true), None);
        assert_eq!(pace.take(at(60_200), false), Some(Duration::from_millis(200)));
    }

    #[test]
    fn a_new_pace_is_soon_believed() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let slow = (1..=10).map(|second| start + Duration::from_secs(second));
        let fast = (1..=1_000).map(|millis| start + Duration::from_secs(10) + Duration::from_millis(millis));
        let last = slow.chain(fast).filter_map(|at| pace.take(at, true)).last().expect("there is a pace");
        assert!(last < Duration::from_millis(4), "{last:?}");
    }
}
