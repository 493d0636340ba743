//! The threads that blocking work goes to.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::actors::auth::passwords::{HashCost, PasswordHasher};
use crate::actors::supervision::{Pool, PoolSpec};
use crate::store::sqlite::{Reader, Writer};

/// Passwords that may wait for each thread that hashes.
const PASSWORDS_WAITING: usize = 16;

/// With a longer wait no sign-in is begun, although fewer passwords wait: on slow cores.
const LONGEST_HASH_WAIT: Duration = Duration::from_millis(100);

/// The threads that blocking work goes to.
#[derive(Clone, Debug)]
pub struct Pools {
    /// They hash and compare passwords.
    pub passwords: Pool<PasswordHasher>,
    /// Those of the embedded store, where that is the one.
    pub store: Option<StorePools>,
}

/// The threads of the embedded store.
#[derive(Clone, Debug)]
pub struct StorePools {
    /// They read.
    pub readers: Pool<Reader>,
    /// It writes.
    pub writer: Pool<Writer>,
}

/// One thread less than there are cores, so that hashing leaves one for everything else.
pub(super) fn start_hashers(stall: Duration) -> Pool<PasswordHasher> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = (cores - 1).max(1);
    let queue = threads * PASSWORDS_WAITING;
    let spec = PoolSpec::new("passwords").threads(threads).queue(queue).max_wait(LONGEST_HASH_WAIT).stall(stall);
    Pool::start(spec, || PasswordHasher::new(HashCost::default()))
}
