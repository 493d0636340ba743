//! The smallest actor, and the smallest worker: each gives back what it is sent.

use actix::{Actor, Context, Handler, Message, SyncContext};
use clientele::actors::supervision::Work;

#[derive(Message)]
#[rtype(result = "u64")]
pub struct Say(pub u64);

/// The same struct runs plain and supervised.
pub struct Echo;

impl Actor for Echo {
    type Context = Context<Self>;
}

impl Handler<Say> for Echo {
    type Result = u64;

    fn handle(&mut self, Say(number): Say, _: &mut Self::Context) -> u64 {
        number
    }
}

/// One thread of a plain `SyncArbiter`, and the worker of a supervised pool.
pub struct Toiler;

impl Actor for Toiler {
    type Context = SyncContext<Self>;
}

impl Handler<Say> for Toiler {
    type Result = u64;

    fn handle(&mut self, Say(number): Say, _: &mut Self::Context) -> u64 {
        number
    }
}

impl Work<Say> for Toiler {
    fn work(&mut self, Say(number): Say) -> u64 {
        number
    }
}
