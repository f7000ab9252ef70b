//! A WebSocket's stream that the server can end.
//!
//! socketioxide has no public way to close a transport, but takes any stream: this one says that the client is gone once
//! its connection is to be closed. What is on its way to the client is written before: once a WebSocket has read the end
//! of its stream, it writes no more.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use crate::hangup::{Hangup, Heard};

/// For how long a transport that is closing still takes what is on its way to its client.
pub(super) const FLUSH: Duration = Duration::from_millis(50);

pin_project! {
    pub(super) struct Closable<S> {
        #[pin]
        stream: S,
        hangup: Hangup,
        // boxed, for socketioxide wants a stream that can be moved
        closes: Pin<Box<Heard>>,
        // who is woken when it closes
        reader: Option<Waker>,
        // since it closes
        flush: Option<Pin<Box<Sleep>>>,
        ended: bool,
    }
}

impl<S> Closable<S> {
    pub(super) fn new(stream: S, hangup: Hangup) -> Self {
        let closes = Box::pin(hangup.heard());
        Self { stream, hangup, closes, reader: None, flush: None, ended: false }
    }
}

impl<S: AsyncRead> AsyncRead for Closable<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        if !this.hangup.is_said() {
            match this.stream.poll_read(context, buffer) {
                // to be woken when it closes, too: said once, for each event ends here
                Poll::Pending if this.reader.as_ref().is_some_and(|reader| reader.will_wake(context.waker())) => {
                    return Poll::Pending;
                }
                Poll::Pending if this.closes.as_mut().poll(context).is_pending() => {
                    *this.reader = Some(context.waker().clone());
                    return Poll::Pending;
                }
                Poll::Pending => {}
                read @ Poll::Ready(_) => return read,
            }
        }
        if !*this.ended {
            let flush = this.flush.get_or_insert_with(|| Box::pin(sleep(FLUSH)));
            ready!(flush.as_mut().poll(context));
            *this.ended = true;
        }
        // nothing read is the end of the stream
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite> AsyncWrite for Closable<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write_vectored(context, buffers)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
        time::timeout,
    };

    use super::*;

    /// The task that has read before is not the one that reads when it closes.
    #[tokio::test]
    async fn who_reads_last_is_woken() {
        let (ours, _theirs) = duplex(64);
        let hangup = Hangup::default();
        let mut stream = Closable::new(ours, hangup.clone());
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        for _ in 0..2 {
            let nobody = &mut Context::from_waker(Waker::noop());
            assert!(Pin::new(&mut stream).poll_read(nobody, &mut buffer).is_pending());
        }
        let read = tokio::spawn(async move { stream.read(&mut [0]).await.unwrap() });
        tokio::task::yield_now().await;
        hangup.say();
        assert_eq!(timeout(Duration::from_secs(10), read).await.unwrap().unwrap(), 0);
    }

    #[tokio::test]
    async fn closing_ends_reading_and_lets_writing_finish() {
        let (ours, mut theirs) = duplex(64);
        let hangup = Hangup::default();
        let mut stream = Closable::new(ours, hangup.clone());
        theirs.write_all(b"a").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'a');
        let read = tokio::spawn(async move {
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap();
            stream.write_all(b"bye").await.unwrap();
            rest
        });
        hangup.say();
        assert!(read.await.unwrap().is_empty());
        let mut said = String::new();
        theirs.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "bye");
    }
}
