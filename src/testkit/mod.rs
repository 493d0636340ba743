//! The product's own actors under test: the real ones, over the real embedded backends, without HTTP.
//!
//! [`run`] starts the five actors in a folder of their own, hands them to a test, drains them, and fails the test if one
//! outlives it. `docs/testing.md` shows how to drive and how to break them.
//!
//! ```
//! use clientele::actors::customers::{CreateCustomer, GetCustomer};
//! use clientele::model::customer::CustomerDraft;
//! use clientele::testkit::{self, soon};
//! use serde_json::json;
//!
//! testkit::run(async |clientele| {
//!     let draft = CustomerDraft::read(json!({"name": "Ada", "email": "ada@example.com"})).unwrap();
//!     let origin = clientele.administrator().await;
//!     let ada = clientele.customers().ask(soon(), CreateCustomer { draft, origin }).await.unwrap().unwrap();
//!     let read = clientele.customers().ask(soon(), GetCustomer { id: ada.id }).await.unwrap().unwrap();
//!     assert_eq!(read.draft.name, "Ada");
//! });
//! ```

mod folder;

use std::path::Path;
use std::time::Duration;

use actix::System;
use serde_json::json;

use self::folder::Folder;
use crate::actors::Mailboxes;
use crate::actors::audit::{AuditActor, ListEvents};
use crate::actors::auth::{AuthActor, CreateAdmin};
use crate::actors::customers::CustomerActor;
use crate::actors::groups::GroupActor;
use crate::actors::listing::PageRequest;
use crate::actors::rate_limiter::RateLimiterActor;
use crate::actors::supervision::testkit::assert_ended;
use crate::actors::supervision::{Deadline, Mailbox, Supervisor};
use crate::app::Backend;
use crate::config::Settings;
use crate::model::audit::{AuditEvent, OUTBOX, Origin, Outgoing};
use crate::model::document::Document;
use crate::model::time::{Clock, Time};
use crate::model::user::Registration;
use crate::store::{Query, Sort, Store};

/// How long a test waits for what must happen soon: 20 s.
pub const SOON: Duration = Duration::from_secs(20);

/// The time at which the clock of a test stands at first: 2026-03-23T10:00:00Z.
pub const DAWN: Time = Time::from_millis(1_774_260_000_000);

/// A deadline that no healthy answer misses: [`SOON`] from now.
pub fn soon() -> Deadline {
    Deadline::within(SOON)
}

/// Runs `test` with the actors in a temporary folder, which is gone afterwards.
///
/// # Panics
/// When the actors do not start, or one of them, or a thread of a pool, outlives the test.
pub fn run(test: impl AsyncFnOnce(&TestClientele)) {
    run_with(&[], test);
}

/// The same, with these settings beside the usual ones.
///
/// # Panics
/// As [`run`], and when a setting is wrong.
pub fn run_with(wanted: &[(&str, &str)], test: impl AsyncFnOnce(&TestClientele)) {
    let folder = Folder::temporary();
    System::new().block_on(async {
        let clientele = TestClientele::start(folder, wanted).await;
        test(&clientele).await;
        clientele.finish().await;
    });
}

/// The settings for a test over a data folder: any free port, two workers, no limits, and what is `wanted` beside that.
///
/// # Panics
/// When a setting is wrong.
pub fn settings(folder: &Path, wanted: &[(&str, &str)]) -> Settings {
    let folder = folder.to_str().expect("temporary folders have plain names");
    let usual = [
        ("DATA_DIR", folder),
        ("PORT", "0"),
        ("MAX_WORKERS", "2"),
        ("RATE_LIMIT_MAX_REQUESTS", "0"),
        ("LOGIN_ADDRESS_MAX_FAILURES", "0"),
        ("SHUTDOWN_TIMEOUT", "10000"),
    ];
    let flags = usual.iter().chain(wanted).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(flags.collect(), [], None).expect("these settings are right")
}

/// The actors of one worker on the test's own thread, and what they stand on.
#[derive(Debug)]
pub struct TestClientele {
    backend: Backend,
    actors: Mailboxes,
    clock: Clock,
    folder: Folder,
}

impl TestClientele {
    async fn start(folder: Folder, wanted: &[(&str, &str)]) -> Self {
        let clock = Clock::manual(DAWN);
        let backend =
            Backend::start(&settings(folder.path(), wanted), clock.clone()).await.expect("the backend starts");
        let actors = backend.replicas();
        Self { backend, actors, clock, folder }
    }

    /// Drains the actors and the pools, and makes sure that none is left.
    async fn finish(self) {
        self.backend.stop(soon()).await;
        assert_ended(self.backend.supervisor());
    }

    /// Accounts, sessions, tokens.
    pub fn auth(&self) -> &Mailbox<AuthActor> {
        &self.actors.auth
    }

    /// Customers.
    pub fn customers(&self) -> &Mailbox<CustomerActor> {
        &self.actors.customers
    }

    /// Customer groups.
    pub fn groups(&self) -> &Mailbox<GroupActor> {
        &self.actors.groups
    }

    /// The audit trail.
    pub fn audit(&self) -> &Mailbox<AuditActor> {
        &self.actors.audit
    }

    /// Budgets of requests.
    pub fn rate_limiter(&self) -> &Mailbox<RateLimiterActor> {
        &self.actors.rate_limiter
    }

    /// All five.
    pub fn actors(&self) -> &Mailboxes {
        &self.actors
    }

    /// The actors of one more worker, over the same backends.
    pub fn another_worker(&self) -> Mailboxes {
        self.backend.replicas()
    }

    /// The clock they all go by. It stands at [`DAWN`] until it is [advanced](Clock::advance).
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Who watches over them.
    pub fn supervisor(&self) -> &Supervisor {
        self.backend.supervisor()
    }

    /// The store behind them, to look past the actors.
    pub fn store(&self) -> &dyn Store {
        self.backend.store()
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A new administrator, `root@example.com`, as the one who acts. Once in a test: the address is taken then.
    ///
    /// # Panics
    /// When there is one already.
    pub async fn administrator(&self) -> Origin {
        let body = json!({"email": "root@example.com", "password": "correct horse battery"});
        let registration = Registration::read(body).expect("a good registration");
        let message = CreateAdmin { registration, origin: Origin::default() };
        let user = self.auth().ask(soon(), message).await.expect("auth answers").expect("the administrator is made");
        Origin {
            user: Some((user.id, user.email.clone())),
            bypass: true,
            request_id: "test".to_owned(),
            ..Origin::default()
        }
    }

    /// The events that wait in the outbox for AuditActor, the oldest first, up to 1,000.
    ///
    /// # Panics
    /// When the store does not answer.
    pub async fn outbox(&self) -> Vec<AuditEvent> {
        let sort = Sort { field: "time", descending: false };
        let query = Query { collection: &OUTBOX, filters: vec![], sort, after: None, limit: 1_000 };
        let waiting = self.store().find(query).await.expect("the store answers");
        let event = |document: &Document| document.parse::<Outgoing>().expect("the outbox holds events").0.clone();
        waiting.iter().map(event).collect()
    }

    /// The whole trail, the oldest event first, once it holds at least `count` events.
    ///
    /// # Panics
    /// When it does not soon, or the store does not answer.
    pub async fn trail(&self, count: usize) -> Vec<AuditEvent> {
        let until = tokio::time::Instant::now() + SOON;
        loop {
            let mut events = self.trail_now().await;
            if events.len() >= count {
                events.reverse();
                return events;
            }
            assert!(tokio::time::Instant::now() < until, "the trail holds {} of {count} events", events.len());
            tokio::task::yield_now().await;
        }
    }

    /// The trail as it is, the newest event first.
    async fn trail_now(&self) -> Vec<AuditEvent> {
        let mut events = Vec::new();
        let mut page = PageRequest { limit: 100, ..PageRequest::default() };
        loop {
            let answer = self.audit().ask(soon(), ListEvents { page: page.clone() }).await;
            let answer = answer.expect("audit answers").expect("a page");
            events.extend(answer.items.iter().map(|event| (**event).clone()));
            let Some(next) = answer.next else { return events };
            page.after = Some(next);
        }
    }
}
