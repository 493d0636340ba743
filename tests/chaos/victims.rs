//! Who is broken, and how.

use std::time::Duration;

use actix::{Actor, Context};
use clientele::actors::Mailboxes;
use clientele::actors::supervision::{ActorStatus, Fault, Injected, Mailbox, State};
use clientele::app::Backend;
use tokio::time::Instant;

use crate::crowd::Samples;
use crate::guest::About;
use crate::harness::SOON;

/// A stall that is felt, and that no deadline misses.
const STALL: Duration = Duration::from_millis(150);

/// What every replica of every actor meets, once a round. Those that strike at a start come with a restart.
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

/// One replica of an actor, whatever its type.
pub struct Victim {
    /// As in `customers/1`.
    pub name: String,
    inject: Box<dyn Fn(Fault) -> Injected>,
    restart: Box<dyn Fn()>,
    status: Box<dyn Fn() -> ActorStatus>,
}

impl Victim {
    fn of<A: Actor<Context = Context<A>>>(mailbox: &Mailbox<A>) -> Self {
        let (injected, restarted, seen) = (mailbox.clone(), mailbox.clone(), mailbox.clone());
        Victim {
            name: mailbox.status().full_name(),
            inject: Box::new(move |fault| injected.inject(fault)),
            restart: Box::new(move || restarted.restart()),
            status: Box::new(move || seen.status()),
        }
    }

    pub fn status(&self) -> ActorStatus {
        (self.status)()
    }

    /// Breaks it, and waits until that has happened.
    async fn suffer(&self, fault: Fault) -> Injected {
        if fault == Fault::PanicInDrop {
            self.recovered().await; // there has to be something to drop
        }
        let injected = (self.inject)(fault);
        let strikes_at_a_start_or_an_end = matches!(
            fault,
            Fault::PanicInFactory
                | Fault::RefuseStart(_)
                | Fault::PanicInStarted
                | Fault::StopInStarted
                | Fault::PanicInDrop
        );
        if strikes_at_a_start_or_an_end {
            (self.restart)();
        }
        let struck = tokio::time::timeout(SOON, injected.struck()).await;
        assert_eq!(struck, Ok(true), "{fault:?} did not go off in {}: {:?}", self.name, self.status());
        injected
    }

    /// Waits until it serves again.
    pub async fn recovered(&self) {
        let until = Instant::now() + SOON;
        while self.status().state != State::Running {
            assert!(Instant::now() < until, "it does not come back: {:?}", self.status());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// All replicas of one actor, and what a phase does to them.
pub struct Target {
    pub name: &'static str,
    pub victims: Vec<Victim>,
    faults: Vec<Fault>,
}

impl Target {
    /// The five actors, and all of them once more for the stalls.
    pub fn all(backend: &Backend) -> Vec<Target> {
        let workers = backend.workers();
        let audit = || vec![Victim::of(&workers[0].audit)];
        let each = |victim: fn(&Mailboxes) -> Victim| workers.iter().map(victim).collect::<Vec<_>>();
        let replicas = [
            ("auth", each(|worker| Victim::of(&worker.auth))),
            ("customers", each(|worker| Victim::of(&worker.customers))),
            ("groups", each(|worker| Victim::of(&worker.groups))),
            ("rate-limiter", each(|worker| Victim::of(&worker.rate_limiter))),
            ("audit", audit()),
        ];
        let stalled = workers
            .iter()
            .flat_map(|worker| [Victim::of(&worker.auth), Victim::of(&worker.customers), Victim::of(&worker.groups)]);
        let stalls =
            Target { name: "stalls", victims: stalled.chain(audit()).collect(), faults: vec![Fault::Stall(STALL)] };
        let broken = replicas.into_iter().map(|(name, victims)| {
            // The limiter in this process answers at once: no future of its actor is ever waited for.
            let meets = |fault: &Fault| name != "rate-limiter" || *fault != Fault::PanicInFuture;
            Target { name, victims, faults: FAULTS.into_iter().filter(meets).collect() }
        });
        broken.chain([stalls]).collect()
    }

    /// Whether requests about this go through what is broken, or share its thread.
    pub fn touches(&self, about: About) -> bool {
        match self.name {
            "customers" => about == About::Customers,
            "groups" => about == About::Groups,
            "audit" => about == About::Audit,
            "auth" | "rate-limiter" => about != About::Nothing,
            _ => true,
        }
    }

    /// How many incarnations a phase may end, those included that a restart ends so that a fault can strike.
    pub fn ends(&self) -> usize {
        2 * self.faults.len() * self.victims.len()
    }

    /// How many incarnations stop themselves while they take messages.
    pub fn stops(&self) -> usize {
        self.faults.iter().filter(|&&fault| fault == Fault::Stop).count() * self.victims.len()
    }

    /// Breaks each victim in each way, in an order that chance decides, spread over so many requests. How many messages
    /// that has to cost.
    pub async fn suffer(&self, random: &mut fastrand::Rng, samples: Samples, requests: usize) -> u64 {
        let mut plan: Vec<(&Victim, Fault)> =
            self.victims.iter().flat_map(|victim| self.faults.iter().map(move |&fault| (victim, fault))).collect();
        random.shuffle(&mut plan);
        let pause = requests / plan.len();
        let mut costs = 0;
        for (victim, fault) in plan {
            let until = samples.borrow().len() + random.usize(..pause);
            while samples.borrow().len() < until {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let injected = victim.suffer(fault).await;
            if matches!(fault, Fault::PanicInHandler | Fault::PanicInFuture) {
                costs += u64::from(injected.strikes());
            }
            if random.bool() {
                victim.recovered().await;
            }
        }
        for victim in &self.victims {
            victim.recovered().await;
        }
        costs
    }
}
