//! Sessions: what a sign-in begins and a sign-out ends, and the count of failed sign-ins (§3 of the contract).

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::document::{Collection, Index, Record};
use super::id::{ObjectId, SessionId, UserId};
use super::time::Time;

/// Where sessions are kept. An ended session is erased.
pub static SESSIONS: Collection = Collection {
    name: "sessions",
    indexes: &[Index::Compound { field: "userId", then: "createdAt" }, Index::Live("expiresAt")],
};

/// A session as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id, the `sid` of its tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The refresh token that is good now.
    pub current: RefreshToken,
    /// The one before it: good for a moment longer, for clients that refresh twice at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<ObjectId>,
    /// 1, and one more with each rotation.
    pub version: u64,
    /// When the user signed in.
    pub created_at: Time,
    /// When the session was last refreshed.
    pub last_used_at: Time,
    /// When it ends, unless it is refreshed: never later than the absolute end.
    pub expires_at: Time,
    /// Where the user signed in from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// With what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// All that a refresh token is made of: the same parts sign to the same token, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefreshToken {
    /// Its `jti`.
    pub id: ObjectId,
    /// Its `iat`.
    pub issued_at: Time,
    /// Its `exp`.
    pub expires_at: Time,
}

/// What is to be done about a refresh token that was presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// It is the current one: put this session in the place of the old one.
    Rotate(Box<Session>),
    /// It is exactly one behind, and within the grace: answer with the current one again.
    Repeat,
    /// It was retired before: someone else has it. End the session.
    Reused,
    /// The session is over.
    Expired,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// From one refresh to the next.
    pub sliding: Duration,
    /// From the sign-in, whatever happens.
    pub absolute: Duration,
    /// How long a token that is exactly one behind is still good.
    pub grace: Duration,
}

impl Session {
    /// A new session.
    pub fn begin(
        user_id: UserId,
        (address, user_agent): (Option<IpAddr>, Option<String>),
        lifetimes: Lifetimes,
        now: Time,
    ) -> Self {
        let expires_at = now + lifetimes.sliding.min(lifetimes.absolute);
        Self {
            id: SessionId::new(now),
            user_id,
            current: RefreshToken { id: ObjectId::new(now), issued_at: now, expires_at },
            previous: None,
            version: 1,
            created_at: now,
            last_used_at: now,
            expires_at,
            address,
            user_agent,
        }
    }

    /// Decides about a refresh token, by its `jti`.
    pub fn refresh(&self, presented: ObjectId, lifetimes: Lifetimes, now: Time) -> Refresh {
        if now >= self.expires_at {
            return Refresh::Expired;
        }
        if presented == self.current.id {
            let expires_at = (now + lifetimes.sliding).min(self.created_at + lifetimes.absolute);
            let current = RefreshToken { id: ObjectId::new(now), issued_at: now, expires_at };
            let next = Self {
                current,
                previous: Some(presented),
                version: self.version + 1,
                last_used_at: now,
                expires_at,
                ..self.clone()
            };
            return Refresh::Rotate(Box::new(next));
        }
        let within_grace = now.since(self.current.issued_at) <= lifetimes.grace;
        if self.previous == Some(presented) && within_grace { Refresh::Repeat } else { Refresh::Reused }
    }
}

impl Record for Session {
    const COLLECTION: &'static Collection = &SESSIONS;

    fn id(&self) -> ObjectId {
        self.id.object_id()
    }

    fn version(&self) -> u64 {
        self.version
    }
}

/// Where failed sign-ins are counted.
pub static ATTEMPTS: Collection = Collection { name: "login_attempts", indexes: &[Index::All("expiresAt")] };

/// The failed sign-ins of one account name or one client address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempts {
    /// A digest of the name or address: the name itself is not kept.
    pub id: ObjectId,
    /// Failures since the last success.
    pub failures: u32,
    /// Until when every attempt is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked_until: Option<Time>,
    /// When the count is forgotten.
    pub expires_at: Time,
    /// 1, and one more with each failure.
    pub version: u64,
}

/// Failures in a row that lock an account.
pub const FAILURES_BEFORE_LOCK: u32 = 5;
/// The longest lock.
const LONGEST_LOCK: Duration = Duration::from_secs(15 * 60);
/// How long failures of an account count.
const ACCOUNT_MEMORY: Duration = Duration::from_secs(60 * 60);
/// The window in which failures from one address count.
pub const ADDRESS_WINDOW: Duration = Duration::from_secs(15 * 60);

impl Attempts {
    /// No failures yet.
    pub fn none(id: ObjectId) -> Self {
        Self { id, failures: 0, locked_until: None, expires_at: Time::from_millis(0), version: 0 }
    }

    /// One more failure of an account: the fifth locks it for a minute, each further one twice as long, up to a quarter of an hour.
    pub fn failed_by_account(&self, now: Time) -> Self {
        let failures = if now >= self.expires_at { 1 } else { self.failures + 1 };
        let locked_until = failures.checked_sub(FAILURES_BEFORE_LOCK).map(|doublings| {
            let minutes = 1_u64 << doublings.min(4);
            now + Duration::from_secs(minutes * 60).min(LONGEST_LOCK)
        });
        Self { failures, locked_until, expires_at: now + ACCOUNT_MEMORY, version: self.version + 1, ..self.clone() }
    }

    /// One more failure from an address: `max` of them in a window refuse every further attempt until its end. 0: never.
    pub fn failed_by_address(&self, max: u32, now: Time) -> Self {
        let (failures, expires_at) =
            if now >= self.expires_at { (1, now + ADDRESS_WINDOW) } else { (self.failures + 1, self.expires_at) };
        let locked_until = (max > 0 && failures >= max).then_some(expires_at);
        Self { failures, locked_until, expires_at, version: self.version + 1, ..self.clone() }
    }

    /// How long attempts are refused from now on, if they are.
    pub fn locked_for(&self, now: Time) -> Option<Duration> {
        self.locked_until.filter(|until| *until > now).map(|until| until.since(now))
    }
}

impl Record for Attempts {
    const COLLECTION: &'static Collection = &ATTEMPTS;

    fn id(&self) -> ObjectId {
        self.id
    }

    fn version(&self) -> u64 {
        self.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIMES: Lifetimes = Lifetimes {
        sliding: Duration::from_secs(7 * 86_400),
        absolute: Duration::from_secs(30 * 86_400),
        grace: Duration::from_secs(10),
    };

    fn session(now: Time) -> Session {
        Session::begin(UserId::new(now), (None, None), LIFETIMES, now)
    }

    fn rotated(session: &Session, now: Time) -> Session {
        match session.refresh(session.current.id, LIFETIMES, now) {
            Refresh::Rotate(next) => *next,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_token_one_behind_is_good_within_the_grace_only() {
        let start = Time::from_millis(0);
        let first = session(start);
        let second = rotated(&first, start);
        let within = start + Duration::from_secs(10);
        assert_eq!(second.refresh(first.current.id, LIFETIMES, within), Refresh::Repeat);
        let beyond = within + Duration::from_millis(1);
        assert_eq!(second.refresh(first.current.id, LIFETIMES, beyond), Refresh::Reused);
        let third = rotated(&second, start);
        assert_eq!(third.refresh(first.current.id, LIFETIMES, start), Refresh::Reused);
    }

    #[test]
    fn refreshing_slides_the_end_but_never_beyond_the_absolute_one() {
        let mut now = Time::from_millis(0);
        let mut session = session(now);
        for _ in 0..5 {
            now = now + Duration::from_secs(6 * 86_400);
            if now >= Time::from_millis(0) + LIFETIMES.absolute {
                break;
            }
            session = rotated(&session, now);
        }
        assert_eq!(session.expires_at, Time::from_millis(0) + LIFETIMES.absolute);
        assert_eq!(session.refresh(session.current.id, LIFETIMES, session.expires_at), Refresh::Expired);
    }

    #[test]
    fn the_fifth_failure_locks_for_a_minute_and_further_ones_for_longer() {
        let mut now = Time::from_millis(0);
        let mut attempts = Attempts::none(ObjectId::new(now));
        let mut minutes = vec![];
        for _ in 0..11 {
            attempts = attempts.failed_by_account(now);
            minutes.push(attempts.locked_for(now).map_or(0, |lock| lock.as_secs() / 60));
            now = now + attempts.locked_for(now).unwrap_or_default();
        }
        assert_eq!(minutes, [0, 0, 0, 0, 1, 2, 4, 8, 15, 15, 15]);
        let forgotten = attempts.failed_by_account(now + ACCOUNT_MEMORY);
        assert_eq!((forgotten.failures, forgotten.locked_until), (1, None));
    }

    #[test]
    fn an_address_is_refused_until_its_window_ends() {
        let now = Time::from_millis(0);
        let mut attempts = Attempts::none(ObjectId::new(now));
        for _ in 0..3 {
            attempts = attempts.failed_by_address(3, now);
        }
        assert_eq!(attempts.locked_for(now), Some(ADDRESS_WINDOW));
        assert_eq!(attempts.locked_for(now + ADDRESS_WINDOW), None);
        assert_eq!(attempts.failed_by_address(0, now).locked_until, None);
    }
}
