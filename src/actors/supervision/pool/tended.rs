//! How the supervisor looks after a pool.

use futures_util::future::BoxFuture;

use super::Pool;
use crate::actors::supervision::child::Tended;
use crate::actors::supervision::{Deadline, Drained, Emitter, PoolStatus};

impl<W: Unpin + 'static> Tended for Pool<W> {
    fn status(&self) -> PoolStatus {
        Pool::status(self)
    }

    fn report_to(&self, emitter: Emitter) {
        self.shared.report_to(emitter);
    }

    fn tend(&self) {
        Pool::tend(self);
    }

    fn restart(&self) -> usize {
        Pool::restart(self)
    }

    fn drain(&self, deadline: Deadline) -> BoxFuture<'static, Drained> {
        let pool = self.clone();
        Box::pin(async move { Pool::drain(&pool, deadline).await })
    }
}
