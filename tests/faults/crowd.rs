//! Many writers at once.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::Notify;

use crate::harness::writer::Writer;

/// Has all writers write at once, and does `strike` to the server as soon as so many requests were answered, without
/// waiting for the others. Ends when no writer is answered any more.
pub async fn write_until(writers: Vec<Writer>, answers: usize, strike: impl FnOnce()) -> Vec<Writer> {
    let enough = Rc::new(Notify::new());
    let answered = Rc::new(Cell::new(0));
    let writing: Vec<_> = writers
        .into_iter()
        .map(|mut writer| {
            let (enough, answered) = (Rc::clone(&enough), Rc::clone(&answered));
            actix_web::rt::spawn(async move {
                while writer.step().await {
                    answered.set(answered.get() + 1);
                    if answered.get() == answers {
                        enough.notify_one();
                    }
                }
                writer
            })
        })
        .collect();
    enough.notified().await;
    strike();
    let mut stopped = Vec::new();
    for writer in writing {
        stopped.push(writer.await.expect("a writer is promised what it gets"));
    }
    stopped
}
