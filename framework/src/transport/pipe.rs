//! A bounded stream of bytes from one thread to another. Unlike `tokio::io::duplex` it can tell
//! whether there is room without something to write.

use std::{
    collections::VecDeque,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// Bytes that may be on their way.
const CAPACITY: usize = 16 * 1024;

/// Bytes that are moved at once.
const CHUNK: usize = 4 * 1024;

/// One direction. One task writes, one reads.
#[derive(Default)]
pub(super) struct Pipe(Mutex<State>);

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    ended: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl State {
    fn room(&self) -> usize {
        CAPACITY.saturating_sub(self.bytes.len())
    }
}

impl Pipe {
    // Held while at most one chunk is copied.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ready when there is room, or the pipe has ended.
    pub(super) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.ended || state.room() > 0 {
            return Poll::Ready(());
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Puts in what `read` gives for so many bytes; how many that were.
    ///
    /// # Errors
    ///
    /// Those of `read`, which is not called without room: `WouldBlock` then, or `BrokenPipe` at the end.
    pub(super) fn fill(
        &self,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut chunk = [0; CHUNK];
        let mut state = self.state();
        if state.ended {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let room = state.room().min(CHUNK);
        if room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = read(&mut chunk[..room])?;
        state.bytes.extend(&chunk[..read]);
        let reader = state.reader.take();
        drop(state);
        wake(reader);
        Ok(read)
    }

    /// Ready when there are bytes, or the pipe has ended.
    pub(super) fn poll_bytes(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.ended || !state.bytes.is_empty() {
            return Poll::Ready(());
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Gives the first bytes to `write` and takes out as many as it says; how many those are, zero
    /// at the end of the pipe only.
    ///
    /// # Errors
    ///
    /// Those of `write`; `WouldBlock` when there is nothing.
    pub(super) fn drain(
        &self,
        write: impl FnOnce(&[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut state = self.state();
        let (first, _) = state.bytes.as_slices();
        if first.is_empty() {
            return match state.ended {
                true => Ok(0),
                false => Err(io::ErrorKind::WouldBlock.into()),
            };
        }
        let written = write(first)?;
        state.bytes.drain(..written);
        if state.bytes.is_empty() {
            // What is idle holds no buffer.
            state.bytes = VecDeque::new();
        }
        let writer = state.writer.take();
        drop(state);
        wake(writer);
        Ok(written)
    }

    /// Nothing more is put in; what is there can still be taken out.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        let wakers = (state.reader.take(), state.writer.take());
        drop(state);
        wake(wakers.0);
        wake(wakers.1);
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::Wake,
    };

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn fill(pipe: &Pipe, byte: u8, len: usize) -> io::Result<usize> {
        pipe.fill(|room| {
            let len = len.min(room.len());
            room[..len].fill(byte);
            Ok(len)
        })
    }

    fn kind<T>(result: io::Result<T>) -> io::ErrorKind {
        result.err().unwrap().kind()
    }

    #[test]
    fn a_full_pipe_is_not_ready_and_tells_when_it_is() {
        let (pipe, woken) = (Pipe::default(), Arc::new(Woken::default()));
        let waker = Arc::clone(&woken).into();
        let cx = Context::from_waker(&waker);
        while fill(&pipe, 1, CHUNK).is_ok() {
            assert!(pipe.poll_bytes(&cx).is_ready());
        }
        assert_eq!(kind(fill(&pipe, 1, 1)), io::ErrorKind::WouldBlock);
        assert!(pipe.poll_room(&cx).is_pending());
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
        assert_eq!(pipe.drain(|bytes| Ok(bytes.len().min(1))).unwrap(), 1);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(pipe.poll_room(&cx).is_ready());
        assert_eq!(fill(&pipe, 1, 2).unwrap(), 1);
    }

    #[test]
    fn an_empty_pipe_tells_when_something_comes() {
        let (pipe, woken) = (Pipe::default(), Arc::new(Woken::default()));
        let waker = Arc::clone(&woken).into();
        let cx = Context::from_waker(&waker);
        assert!(pipe.poll_bytes(&cx).is_pending());
        assert_eq!(kind(pipe.drain(|_| Ok(1))), io::ErrorKind::WouldBlock);
        fill(&pipe, 7, 1).unwrap();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(pipe.poll_bytes(&cx).is_ready());
    }

    #[test]
    fn what_was_put_in_before_the_end_comes_out() {
        let pipe = Pipe::default();
        fill(&pipe, 7, 3).unwrap();
        pipe.end();
        assert_eq!(kind(fill(&pipe, 7, 1)), io::ErrorKind::BrokenPipe);
        let taken = pipe.drain(|bytes| {
            assert_eq!(bytes, [7; 3]);
            Ok(bytes.len())
        });
        assert_eq!(taken.unwrap(), 3);
        assert_eq!(pipe.drain(|bytes| Ok(bytes.len())).unwrap(), 0);
    }
}
