//! What the pools of readers and of the writer are asked to do.

use actix::Message;
use rusqlite::Connection;

use super::{Reader, Writer};
use crate::actors::supervision::Work;
use crate::model::document::Collection;
use crate::store::{MigrateError, Migration, StoreError};

/// Runs a read on a reader's connection.
pub(super) struct Read<R>(pub Box<Question<R>>);

type Question<R> = dyn FnOnce(&Connection) -> Result<R, StoreError> + Send;

impl<R: Send + 'static> Message for Read<R> {
    type Result = Result<R, StoreError>;
}

impl<R: Send + 'static> Work<Read<R>> for Reader {
    fn work(&mut self, message: Read<R>) -> Result<R, StoreError> {
        self.run(message.0)
    }
}

/// Commits what waits in the queue.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Flush;

impl Work<Flush> for Writer {
    fn work(&mut self, _: Flush) {
        self.flush();
    }
}

/// Brings the database to this program's version.
#[derive(Message)]
#[rtype(result = "Result<Migration, MigrateError>")]
pub(super) struct Migrate(pub &'static [&'static Collection]);

impl Work<Migrate> for Writer {
    fn work(&mut self, message: Migrate) -> Result<Migration, MigrateError> {
        self.migrate(message.0)
    }
}
