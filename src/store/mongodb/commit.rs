//! Commits: one command where one document is changed, else a transaction of two: the writes, and the commit.
//!
//! Every write tells the version of the document that it may change, so that a commit can be sent again without being done
//! twice: if the first attempt was done, the second one meets a conflict. What the store holds then tells whose it is. (The
//! driver's own retries are off: they would hide that there was a first attempt.)

use std::sync::Arc;
use std::time::Duration;

use mongodb::error::Error;
use mongodb::options::WriteModel;
use mongodb::{ClientSession, Database};
use tokio::time::Instant;

use super::connection::durable;
use super::error::{BrokenOff, Fate, fate, fate_in_transaction, fate_of_commit, is_commit_open, writing};
use super::layout::Layouts;
use super::outcome::{self, Against};
use super::reader::Reader;
use super::room::Place;
use crate::model::document::Document;
use crate::store::{CommitError, StoreError, Write};

/// The longest pause before another attempt; each is random, so that those who met once do not meet again.
const PAUSE_MAX_MICROS: u64 = 50_000;
/// How long the commit of a transaction is tried, beyond the patience of whoever asked for it: as long as it is open, others
/// wait for its documents.
const SETTLE: Duration = Duration::from_secs(30);

/// A commit under way.
pub(super) struct Commit {
    pub database: Database,
    pub layouts: Arc<Layouts>,
    pub writes: Arc<[Write]>,
    /// Held until its outcome is known.
    pub _place: Place,
}

/// What came of an attempt.
enum Attempt {
    Done,
    Conflict(usize, Against),
    Failed(Fate, Error),
}

impl Commit {
    /// Tries until it is done or known to be impossible.
    pub async fn run(self) -> Result<(), CommitError> {
        let this = Arc::new(self);
        let mut session = None;
        let mut doubt: Option<StoreError> = None;
        let mut attempts = 0;
        loop {
            match this.attempt(&mut session).await? {
                Attempt::Done => return Ok(()),
                Attempt::Conflict(index, against) => return this.conflict(index, against, doubt).await,
                Attempt::Failed(Fate::Refused, error) => return Err(doubt.unwrap_or_else(|| writing(error)).into()),
                Attempt::Failed(Fate::Doubtful, error) => {
                    doubt.get_or_insert(writing(error));
                }
                Attempt::Failed(Fate::Undone, _) => {}
            }
            attempts += 1;
            tokio::time::sleep(pause(attempts)).await;
        }
    }

    async fn attempt(self: &Arc<Self>, session: &mut Option<ClientSession>) -> Result<Attempt, StoreError> {
        let models: Result<Vec<WriteModel>, StoreError> =
            self.writes.iter().map(|write| outcome::model(&self.database, &self.layouts, write)).collect();
        let models = models?;
        if self.writes.len() == 1 {
            let done = self.database.client().bulk_write(models).verbose_results().await;
            return Ok(match done {
                Ok(done) => self.settled(outcome::first_unmatched(&self.writes, &done)),
                Err(error) => self.failed(error, fate),
            });
        }
        self.transact(models, session).await
    }

    async fn transact(
        self: &Arc<Self>,
        models: Vec<WriteModel>,
        kept: &mut Option<ClientSession>,
    ) -> Result<Attempt, StoreError> {
        // The session of an attempt before ends its transaction, if that is still open, by beginning the next one.
        let mut session = match kept.take() {
            Some(session) => session,
            None => self.database.client().start_session().causal_consistency(false).await.map_err(writing)?,
        };
        session.start_transaction().write_concern(durable()).await.map_err(writing)?;
        let done = self.database.client().bulk_write(models).session(&mut session).verbose_results().await;
        let attempt = match done {
            Ok(done) => self.settled(outcome::first_unmatched(&self.writes, &done)),
            Err(error) => self.failed(error, fate_in_transaction),
        };
        if !matches!(attempt, Attempt::Done) {
            // If it cannot be told, the server ends the transaction when the session's next one begins, or by itself.
            let _ = session.abort_transaction().await;
            *kept = Some(session);
            return Ok(attempt);
        }
        // Another task: whoever asked may go away, but what is begun is brought to its end.
        let commit = tokio::spawn(Arc::clone(self).settle(session));
        let (session, settled) = commit.await.map_err(|_| StoreError::Crashed(Arc::new(BrokenOff)))?;
        *kept = Some(session);
        Ok(settled.map_or_else(|error| Attempt::Failed(fate_of_commit(&error), error), |()| Attempt::Done))
    }

    /// Commits the transaction; tries again as long as it cannot be known whether it did.
    async fn settle(self: Arc<Self>, mut session: ClientSession) -> (ClientSession, Result<(), Error>) {
        let until = Instant::now() + SETTLE;
        let mut attempts = 0;
        loop {
            let committed = session.commit_transaction().await;
            let open = committed.as_ref().err().is_some_and(is_commit_open);
            if !open || Instant::now() > until {
                return (session, committed);
            }
            attempts += 1;
            tokio::time::sleep(pause(attempts)).await;
        }
    }

    fn settled(&self, unmatched: Option<usize>) -> Attempt {
        unmatched.map_or(Attempt::Done, |index| Attempt::Conflict(index, Against::Unmatched))
    }

    fn failed(&self, error: Error, fate: fn(&Error) -> Fate) -> Attempt {
        match outcome::against(&self.writes, &error) {
            Some((index, against)) => Attempt::Conflict(index, against),
            None => Attempt::Failed(fate(&error), error),
        }
    }

    /// Says what stands against the commit, unless it was done by an attempt before.
    async fn conflict(&self, index: usize, against: Against, doubt: Option<StoreError>) -> Result<(), CommitError> {
        if let Some(doubt) = doubt {
            return if self.is_there().await? { Ok(()) } else { Err(doubt.into()) };
        }
        let write = &self.writes[index];
        let (collection, id) = write.target();
        let there = match outcome::after(&self.writes[..index]).get(&(collection.name, id)) {
            Some(version) => version.is_some(),
            None if against == Against::Taken("id") => true,
            None => self.document(write).await?.is_some(),
        };
        Err(CommitError::Conflict { index, conflict: outcome::conflict(against, write, there) })
    }

    /// Whether the store holds exactly what this commit writes.
    async fn is_there(&self) -> Result<bool, StoreError> {
        let mut last: std::collections::HashMap<_, &Write> = std::collections::HashMap::new();
        for write in self.writes.iter() {
            let (collection, id) = write.target();
            last.insert((collection.name, id), write);
        }
        for write in last.into_values() {
            let found = self.document(write).await?;
            let same = match write {
                Write::Insert { document, .. } | Write::Replace { document, .. } => {
                    found.is_some_and(|found| found.json() == document.json())
                }
                Write::Delete { .. } => found.is_none(),
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn document(&self, write: &Write) -> Result<Option<Document>, StoreError> {
        let (collection, id) = write.target();
        Reader { database: &self.database, layouts: &self.layouts }.get(collection, id).await
    }
}

/// A random pause, longer with each attempt.
fn pause(attempts: u32) -> Duration {
    let most = (2_000_u64 << attempts.min(6)).min(PAUSE_MAX_MICROS);
    Duration::from_micros(fastrand::u64(500..most))
}
