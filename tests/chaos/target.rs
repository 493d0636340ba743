//! What a phase breaks: an actor with all its replicas, a pool, or threads.

use clientele::actors::Mailboxes;
use clientele::app::{Backend, StorePools};

use crate::GUESTS;
use crate::crowd::Samples;
use crate::guest::About;
use crate::harness::{SOON, wait_until};
use crate::victims::{Blow, IsWell, blows, blows_but_in_futures, is_well, pool_blows, pool_is_well, stall};

/// What a phase breaks.
pub struct Target {
    pub name: &'static str,
    blows: Vec<Blow>,
    well: Vec<IsWell>,
    /// How many requests one poisoned job of a pool may fail; 0 for an actor, whose own figures tell of each.
    pub shared_by: usize,
}

impl Target {
    /// The five actors, the three pools, and the threads that actors live on.
    pub fn all(backend: &Backend) -> Vec<Target> {
        let (workers, pools) = (backend.workers(), backend.pools());
        let actor = |name, blows: fn(&Mailboxes) -> Vec<Blow>, well: fn(&Mailboxes) -> IsWell| Target {
            name,
            blows: workers.iter().flat_map(blows).collect(),
            well: workers.iter().map(well).collect(),
            shared_by: 0,
        };
        let stalls = workers.iter().flat_map(|worker| {
            let Mailboxes { auth, customers, groups, rate_limiter, audit, .. } = worker;
            [stall(auth), stall(customers), stall(groups), stall(rate_limiter), stall(audit)]
        });
        let (audit, passwords) = (&workers[0].audit, &pools.passwords);
        let StorePools { readers, writer } = pools.store.as_ref().expect("the store is embedded");
        vec![
            actor("auth", |worker| blows(&worker.auth), |worker| is_well(&worker.auth)),
            actor("customers", |worker| blows(&worker.customers), |worker| is_well(&worker.customers)),
            actor("groups", |worker| blows(&worker.groups), |worker| is_well(&worker.groups)),
            actor(
                "rate-limiter",
                |worker| blows_but_in_futures(&worker.rate_limiter),
                |worker| is_well(&worker.rate_limiter),
            ),
            Target { name: "audit", blows: blows(audit), well: vec![is_well(audit)], shared_by: 0 },
            Target { name: "threads", blows: stalls.collect(), well: vec![], shared_by: 0 },
            Target {
                name: "passwords",
                blows: pool_blows(passwords),
                well: vec![pool_is_well(passwords)],

                shared_by: 1,
            },
            // All who miss the same document at once wait for one read.
            Target {
                name: "readers",
                blows: pool_blows(readers),
                well: vec![pool_is_well(readers)],
                shared_by: GUESTS,
            },
            Target { name: "writer", blows: pool_blows(writer), well: vec![pool_is_well(writer)], shared_by: 1 },
        ]
    }

    /// Whether requests about this go through what is broken, or share its thread.
    ///
    /// Everybody who is signed in comes by AuthActor and RateLimiterActor, and nearly every actor reads and writes the store;
    /// AuditActor stops itself when it cannot note there what it has sent on. Customers, groups, the trail and the hashing
    /// of passwords lie on no path but their own: changes reach the trail by the outbox, which nobody waits for.
    pub fn touches(&self, about: About) -> bool {
        match self.name {
            "customers" => about == About::Customers,
            "groups" => about == About::Groups,
            "audit" => about == About::Audit,
            "passwords" => about == About::SignIn,
            "auth" | "rate-limiter" | "readers" | "writer" => about != About::Nothing,
            _ => true,
        }
    }

    /// Deals each blow, in an order that chance decides, spread over so many requests. How many messages or jobs that
    /// poisons.
    pub async fn suffer(&self, random: &mut fastrand::Rng, samples: Samples, requests: usize) -> u64 {
        let mut blows: Vec<&Blow> = self.blows.iter().collect();
        random.shuffle(&mut blows);
        let pause = requests / blows.len();
        let mut poisoned = 0;
        for blow in blows {
            let next = samples.borrow().len() + random.usize(..pause);
            wait_until(SOON, || samples.borrow().len() >= next, "requests are answered").await;
            poisoned += blow().await;
            if random.bool() {
                self.recovered().await;
            }
        }
        self.recovered().await;
        poisoned
    }

    async fn recovered(&self) {
        for is_well in &self.well {
            wait_until(SOON, is_well, "what was broken works again").await;
        }
    }
}
