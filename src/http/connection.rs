//! A connection that is cut off when its client is too slow.
//!
//! actix bounds the time of a connection's first head alone: on a connection that is kept alive, a head that comes byte by
//! byte, or an answer that is not fetched, would hold it for as long as the client likes.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

use super::figures::OpenConnection;

/// How long a head may take, from its first byte on.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);

/// How long an answer may wait without one byte of it being fetched.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);

/// What goes on on a connection, as far as its requests tell.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Requests whose head was read and whose answer was not begun.
    under_way: Cell<usize>,
    /// Since when a head has been coming in.
    head_since: Cell<Option<Instant>>,
    /// Since when the client has fetched nothing of what waits for it.
    blocked_since: Cell<Option<Instant>>,
    /// The client has closed its side.
    closed: Cell<bool>,
    closing: Notify,
}

impl Watch {
    /// A request's head was read: what comes in until its answer is begun is not a head.
    pub(super) fn request(self: &Rc<Self>) -> RequestUnderWay {
        self.under_way.set(self.under_way.get() + 1);
        self.head_since.set(None);
        RequestUnderWay(Rc::clone(self))
    }

    /// Waits until the client has closed its side. It may still fetch what it has asked for, so that only an answer
    /// without an end needs to look at this: actix finds out at the second write after it that nobody reads.
    pub(super) async fn closed(&self) {
        while !self.closed.get() {
            self.closing.notified().await;
        }
    }

    fn note_closed(&self) {
        self.closed.set(true);
        self.closing.notify_waiters();
    }

    /// When the connection is to be cut off, if things stay as they are.
    fn end(&self) -> Option<Instant> {
        let head = self.head_since.get().map(|since| since + HEAD_PATIENCE);
        let answer = self.blocked_since.get().map(|since| since + ANSWER_PATIENCE);
        head.into_iter().chain(answer).min()
    }
}

/// A request is under way until this is dropped.
#[derive(Debug)]
pub(super) struct RequestUnderWay(Rc<Watch>);

impl Drop for RequestUnderWay {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get() - 1);
    }
}

/// A connection that loses its patience with a slow client: reading and writing then fail.
#[derive(Debug)]
pub(super) struct Patient<T> {
    io: T,
    watch: Rc<Watch>,
    /// Set at most once for many requests, and looked at when it rings: to set it for each would cost more than the request.
    alarm: Option<Pin<Box<Sleep>>>,
    open: OpenConnection,
}

impl<T> Patient<T> {
    /// A connection over which nothing has come yet.
    pub(super) fn new(io: T, open: OpenConnection) -> Self {
        Self { io, watch: Rc::default(), alarm: None, open }
    }

    /// What tells it of its requests.
    pub(super) fn watch(&self) -> Rc<Watch> {
        Rc::clone(&self.watch)
    }

    /// Fails once the client has been slow for too long; wakes the task then.
    fn poll_patience(&mut self, task: &mut Context<'_>) -> io::Result<()> {
        while let Some(end) = self.watch.end() {
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(end)));
            if alarm.as_mut().poll(task).is_pending() {
                break;
            }
            self.alarm = None;
            if Instant::now() >= end {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(mut self: Pin<&mut Self>, task: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.io).poll_read(task, buffer);
        let received = buffer.filled().len() - before;
        if received > 0 {
            this.open.figures().received_bytes.fetch_add(received as u64, Relaxed);
        }
        if received == 0 && buffer.remaining() > 0 && matches!(read, Poll::Ready(Ok(()))) {
            this.watch.note_closed();
        }
        let is_head = this.watch.under_way.get() == 0 && this.watch.head_since.get().is_none();
        if is_head && received > 0 {
            this.watch.head_since.set(Some(Instant::now()));
        }
        this.poll_patience(task)?;
        read
    }
}

impl<T: AsyncWrite + Unpin> Patient<T> {
    /// Counts what is written, and notes whether the client fetches it.
    fn counting(&mut self, task: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(written) => {
                let sent = *written.as_ref().unwrap_or(&0);
                self.open.figures().sent_bytes.fetch_add(sent as u64, Relaxed);
                self.watch.blocked_since.set(None);
                Poll::Ready(written)
            }
            Poll::Pending => {
                if self.watch.blocked_since.get().is_none() {
                    self.watch.blocked_since.set(Some(Instant::now()));
                }
                self.poll_patience(task)?;
                Poll::Pending
            }
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(task, bytes);
        self.counting(task, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(task, slices);
        self.counting(task, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_shutdown(task))?;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::supervision::testkit::paused;
    use futures_util::FutureExt as _;
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// Reads until it fails, and tells after how long.
    async fn cut_off_after(connection: &mut Patient<tokio::io::DuplexStream>) -> (io::ErrorKind, Duration) {
        let begun = Instant::now();
        loop {
            match connection.read_u8().await {
                Ok(_) => {}
                Err(error) => return (error.kind(), begun.elapsed()),
            }
        }
    }

    #[test]
    fn a_head_that_takes_too_long_is_cut_off_on_any_request() {
        paused(async {
            let (mut client, server) = tokio::io::duplex(64);
            let mut connection = Patient::new(server, OpenConnection::of(Arc::default()));
            client.write_all(b"GET /1").await.unwrap();
            connection.read_exact(&mut [0; 6]).await.unwrap();
            let first = connection.watch().request();
            tokio::time::advance(HEAD_PATIENCE * 2).await;
            client.write_all(b"body").await.unwrap();
            connection.read_exact(&mut [0; 4]).await.expect("a body is no head");
            drop(first);
            let dripping = actix::spawn(async move {
                while client.write_all(b"a").await.is_ok() {
                    tokio::time::advance(Duration::from_millis(100)).await;
                }
            });
            let (kind, elapsed) = cut_off_after(&mut connection).await;
            assert_eq!(kind, io::ErrorKind::TimedOut);
            assert!((HEAD_PATIENCE..HEAD_PATIENCE * 2).contains(&elapsed), "{elapsed:?}");
            dripping.abort();
        });
    }

    #[actix_web::test]
    async fn a_client_that_closes_its_side_is_noticed() {
        let (mut client, server) = tokio::io::duplex(16);
        let mut connection = Patient::new(server, OpenConnection::of(Arc::default()));
        let watch = connection.watch();
        client.write_all(b"GET").await.unwrap();
        connection.read_exact(&mut [0; 3]).await.unwrap();
        assert!(watch.closed().now_or_never().is_none(), "it is open");
        let waiting = actix::spawn(async move { watch.closed().await });
        client.shutdown().await.unwrap();
        assert_eq!(connection.read(&mut [0; 3]).await.unwrap(), 0);
        waiting.await.expect("it is told");
        connection.watch().closed().await;
    }

    #[test]
    fn an_answer_that_is_not_fetched_is_given_up() {
        paused(async {
            let (_client, server) = tokio::io::duplex(16);
            let mut connection = Patient::new(server, OpenConnection::of(Arc::default()));
            let begun = Instant::now();
            let written = connection.write_all(&[0; 64]).await;
            assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
            assert!(begun.elapsed() >= ANSWER_PATIENCE, "{:?}", begun.elapsed());
        });
    }
}
