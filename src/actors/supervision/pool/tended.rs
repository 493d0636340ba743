//! How the supervisor looks after a pool.

use super::Pool;
use crate::actors::supervision::PoolStatus;
use crate::actors::supervision::child::Tended;

impl<W: Unpin + 'static> Tended for Pool<W> {
    fn status(&self) -> PoolStatus {
        Pool::status(self)
    }
}
