//! Who can be broken, and how: a replica of an actor, or a pool.

use std::rc::Rc;
use std::time::Duration;

use actix::{Actor, Context};
use clientele::actors::supervision::{Fault, Injected, Mailbox, Pool, PoolFault, State};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use crate::harness::{SOON, wait_until};

/// A stall that is felt, and that no deadline misses.
const STALL: Duration = Duration::from_millis(150);

/// What every replica of every actor meets.
const FAULTS: [Fault; 9] = [
    Fault::PanicInHandler,
    Fault::PanicInFuture,
    Fault::Panic,
    Fault::Stop,
    Fault::PanicInFactory,
    Fault::RefuseStart(2),
    Fault::PanicInStarted,
    Fault::StopInStarted,
    Fault::PanicInDrop,
];

/// What every pool meets.
const POOL_FAULTS: [PoolFault; 5] = [
    PoolFault::PanicInJob,
    PoolFault::Stall(STALL),
    PoolFault::EndThread,
    PoolFault::RefuseMake(1),
    PoolFault::PanicInMake,
];

/// One way to break one victim: breaks it, waits until that has happened, and tells how many messages that poisons.
pub type Blow = Rc<dyn Fn() -> LocalBoxFuture<'static, u64>>;

/// Whether a victim works as it should.
pub type IsWell = Box<dyn Fn() -> bool>;

/// Every way to break this actor.
pub fn blows<A: Actor<Context = Context<A>>>(actor: &Mailbox<A>) -> Vec<Blow> {
    FAULTS.iter().map(|&fault| blow(actor, fault)).collect()
}

/// The way that blocks the thread of this actor, and of all that live with it.
pub fn stall<A: Actor<Context = Context<A>>>(actor: &Mailbox<A>) -> Blow {
    blow(actor, Fault::Stall(STALL))
}

/// Every way to break an actor whose answers are always at hand: no future of it is ever waited for.
pub fn blows_but_in_futures<A: Actor<Context = Context<A>>>(actor: &Mailbox<A>) -> Vec<Blow> {
    FAULTS.iter().filter(|&&fault| fault != Fault::PanicInFuture).map(|&fault| blow(actor, fault)).collect()
}

pub fn is_well<A: Actor<Context = Context<A>>>(actor: &Mailbox<A>) -> IsWell {
    let actor = actor.clone();
    Box::new(move || actor.status().state == State::Running)
}

fn blow<A: Actor<Context = Context<A>>>(actor: &Mailbox<A>, fault: Fault) -> Blow {
    let actor = actor.clone();
    Rc::new(move || {
        let actor = actor.clone();
        async move {
            if fault == Fault::PanicInDrop {
                // There has to be something to drop.
                wait_until(SOON, || actor.status().state == State::Running, "it comes back").await;
            }
            let injected = actor.inject(fault);
            let strikes_at_a_start_or_an_end = matches!(
                fault,
                Fault::PanicInFactory
                    | Fault::RefuseStart(_)
                    | Fault::PanicInStarted
                    | Fault::StopInStarted
                    | Fault::PanicInDrop
            );
            if strikes_at_a_start_or_an_end {
                actor.restart();
            }
            struck(&injected, &fault).await;
            u64::from(matches!(fault, Fault::PanicInHandler | Fault::PanicInFuture))
        }
        .boxed_local()
    })
}

/// Every way to break this pool.
pub fn pool_blows<W: Unpin + 'static>(pool: &Pool<W>) -> Vec<Blow> {
    POOL_FAULTS.iter().map(|&fault| pool_blow(pool, fault)).collect()
}

pub fn pool_is_well<W: Unpin + 'static>(pool: &Pool<W>) -> IsWell {
    let pool = pool.clone();
    Box::new(move || pool.status().ready())
}

fn pool_blow<W: Unpin + 'static>(pool: &Pool<W>, fault: PoolFault) -> Blow {
    let pool = pool.clone();
    Rc::new(move || {
        let pool = pool.clone();
        async move {
            let injected = pool.inject(fault);
            if matches!(fault, PoolFault::RefuseMake(_) | PoolFault::PanicInMake) {
                pool.restart();
            }
            struck(&injected, &fault).await;
            u64::from(!matches!(fault, PoolFault::Stall(_) | PoolFault::EndThread))
        }
        .boxed_local()
    })
}

async fn struck(injected: &Injected, fault: &impl std::fmt::Debug) {
    let struck = tokio::time::timeout(SOON, injected.struck()).await;
    assert_eq!(struck, Ok(true), "{fault:?} did not go off");
}
