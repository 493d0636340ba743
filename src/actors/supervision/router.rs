//! Several replicas of one actor behind one address.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use actix::{Actor, Context, Handler, Message};
use tokio::time::Instant;

use super::rendezvous::{hash_of, weight};
use super::roster::Roster;
use super::{AskError, Deadline, Mailbox, State};

/// The replicas of one actor, which come and go. Clones share them.
pub struct Replicas<A: Actor<Context = Context<A>>>(Arc<Roster<Replica<A>>>);

struct Replica<A: Actor<Context = Context<A>>> {
    mailbox: Mailbox<A>,
    /// Where it lies among the places for keys.
    place: u64,
}

impl<A: Actor<Context = Context<A>>> Replicas<A> {
    /// No replicas yet.
    pub fn new() -> Self {
        Replicas(Arc::new(Roster::new()))
    }

    /// Takes one in, and gives a router whose home it is. A namesake is replaced: it has gone with its thread.
    pub fn join(&self, home: Mailbox<A>) -> Router<A> {
        let name = home.full_name().clone();
        let joining = Replica { mailbox: home.clone(), place: hash_of(&*name) };
        self.0.join(joining, |other| *other.mailbox.full_name() == name);
        Router { home, replicas: self.clone() }
    }

    fn now(&self) -> Arc<[Replica<A>]> {
        self.0.now()
    }
}

/// The address of an actor that has several replicas: asked as a [`Mailbox`] is, cheap to clone.
///
/// Messages go home, to the replica on the asker's own thread, while that takes them and gets on with them: to find
/// this out of an idle one costs four relaxed loads. Else they go to the replica that can take them soonest, and among
/// equals to the least loaded.
///
/// Invariants: a message is refused only when no replica can take it; none goes to one that is held, stalled, on its
/// way out or backing off while another is healthy.
pub struct Router<A: Actor<Context = Context<A>>> {
    home: Mailbox<A>,
    replicas: Replicas<A>,
}

/// How soon a replica will come to a message sent now, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outlook {
    /// It takes messages.
    Healthy,
    /// It will take messages before the deadline.
    Away,
    /// It is stuck or held: messages wait, for nobody knows how long.
    Held,
    /// Its mailbox is full.
    Full,
    /// It refuses messages for now, or has not the time that this one leaves it.
    Closed,
    /// It is no more.
    Gone,
}

impl<A: Actor<Context = Context<A>>> Router<A> {
    /// The replica on the asker's own thread.
    pub fn home(&self) -> &Mailbox<A> {
        &self.home
    }

    /// As [`Mailbox::ask`], of the replica that is best off.
    ///
    /// # Errors
    /// See [`AskError`]; a refusal is that of the best replica.
    pub fn ask<M>(
        &self,
        deadline: Deadline,
        message: M,
    ) -> impl Future<Output = Result<M::Result, AskError>> + Send + use<A, M>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        if self.home.takes_more() {
            return self.home.ask(deadline, message);
        }
        self.least_loaded(Some(deadline)).ask(deadline, message)
    }

    /// As [`ask`](Router::ask), but always of the same replica for the same key, while that is healthy.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn ask_by_key<K, M>(
        &self,
        key: &K,
        deadline: Deadline,
        message: M,
    ) -> impl Future<Output = Result<M::Result, AskError>> + Send + use<A, K, M>
    where
        K: Hash + ?Sized,
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        self.place_of(key, deadline).ask(deadline, message)
    }

    /// As [`Mailbox::tell`], to the replica that is best off.
    ///
    /// # Errors
    /// See [`Mailbox::tell`].
    pub fn tell<M>(&self, message: M) -> Result<(), AskError>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        if self.home.takes_more() {
            return self.home.tell(message);
        }
        self.least_loaded(None).tell(message)
    }

    fn least_loaded(&self, deadline: Option<Deadline>) -> Mailbox<A> {
        let now = Instant::now();
        let replicas = self.replicas.now();
        let mailboxes = replicas.iter().map(|replica| &replica.mailbox);
        let best = mailboxes.min_by_key(|mailbox| (outlook(mailbox, deadline, now), mailbox.load()));
        best.unwrap_or(&self.home).clone()
    }

    fn place_of(&self, key: &(impl Hash + ?Sized), deadline: Deadline) -> Mailbox<A> {
        let (key, now) = (hash_of(key), Instant::now());
        let replicas = self.replicas.now();
        let best = replicas.iter().min_by_key(|replica| {
            let lightness = u64::MAX - weight(key, replica.place);
            (outlook(&replica.mailbox, Some(deadline), now), lightness)
        });
        best.map_or(&self.home, |replica| &replica.mailbox).clone()
    }
}

/// What a router wants to know of a replica, without waiting for it.
impl<A: Actor<Context = Context<A>>> Mailbox<A> {
    /// Whether the actor takes messages and gets on with them, and its mailbox has room for another.
    fn takes_more(&self) -> bool {
        self.state() == State::Running && !self.is_full() && !self.is_stuck()
    }

    fn is_full(&self) -> bool {
        self.shared().queue.len() >= self.shared().queue.bound()
    }

    /// Whether it makes no progress. The clock is read only if something waits or runs, and the queue is locked only
    /// if nothing was taken from it lately.
    fn is_stuck(&self) -> bool {
        let vitals = &self.shared().vitals;
        let waiting = self.shared().queue.len();
        if waiting == 0 && !vitals.is_busy() {
            return false;
        }
        let now = Instant::now();
        !vitals.progressed_lately(now) && self.stalled(now).is_some()
    }

    /// Messages that wait or are in flight.
    fn load(&self) -> usize {
        self.shared().queue.len() + self.shared().vitals.in_flight.load(Relaxed)
    }
}

fn outlook<A: Actor<Context = Context<A>>>(mailbox: &Mailbox<A>, deadline: Option<Deadline>, now: Instant) -> Outlook {
    match mailbox.admission(deadline, now) {
        Err(AskError::Stopped) => return Outlook::Gone,
        Err(_) => return Outlook::Closed,
        Ok(()) if mailbox.is_full() => return Outlook::Full,
        Ok(()) => {}
    }
    match mailbox.state() {
        State::Suspended => Outlook::Held,
        _ if mailbox.stalled(now).is_some() => Outlook::Held,
        State::Running => Outlook::Healthy,
        _ => Outlook::Away,
    }
}

impl<A: Actor<Context = Context<A>>> From<Mailbox<A>> for Router<A> {
    /// A router to one replica.
    fn from(home: Mailbox<A>) -> Self {
        Replicas::new().join(home)
    }
}

impl<A: Actor<Context = Context<A>>> Clone for Router<A> {
    fn clone(&self) -> Self {
        Router { home: self.home.clone(), replicas: self.replicas.clone() }
    }
}

impl<A: Actor<Context = Context<A>>> Clone for Replica<A> {
    fn clone(&self) -> Self {
        Replica { mailbox: self.mailbox.clone(), place: self.place }
    }
}

impl<A: Actor<Context = Context<A>>> Clone for Replicas<A> {
    fn clone(&self) -> Self {
        Replicas(self.0.clone())
    }
}

impl<A: Actor<Context = Context<A>>> Default for Replicas<A> {
    fn default() -> Self {
        Replicas::new()
    }
}

impl<A: Actor<Context = Context<A>>> fmt::Debug for Replicas<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.now().iter().map(|replica| &replica.mailbox)).finish()
    }
}

impl<A: Actor<Context = Context<A>>> fmt::Debug for Router<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Router({:?} of {:?})", self.home, self.replicas)
    }
}
