//! The connection of a client, without a socket: two lanes of bytes, each of which takes its time.

mod reader;
mod requests;

use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use tokio::{
    sync::Notify,
    time::{Instant, Sleep, sleep_until},
};

pub(super) use self::reader::Reader;
use super::{faults::Delay, history::History, report::Digest};
use crate::entropy::seeded::Chance;

/// Bytes that may be on their way in one direction, as in a kernel's buffers.
const CAPACITY: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To the node.
    Up,
    /// To the client.
    Down,
}

pub(in crate::testing) struct Wire {
    number: usize,
    /// Its client polls.
    polls: bool,
    delay: Delay,
    told: Told,
    state: Mutex<State>,
    /// It was reset.
    over: Notify,
}

/// Where it is told what has become of it.
pub(super) struct Told {
    pub(super) begun: Instant,
    /// Of what the client has received.
    pub(super) digest: Arc<Mutex<Digest>>,
    pub(super) history: Arc<History>,
}

impl Told {
    /// To the client.
    fn came(&self, bytes: &[u8]) {
        let mut digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        digest.add(&self.begun.elapsed().as_micros().to_le_bytes());
        digest.add(bytes);
    }
}

struct State {
    lanes: [Lane; 2],
    /// Nothing passes any more, and nobody is told.
    silent: bool,
    /// Both ends have been told that it is over.
    reset: bool,
    /// Requests and answers on their way, where the client polls.
    travelling: usize,
}

struct Lane {
    chance: Chance,
    /// Each with the time at which it arrives; `None` is the end.
    queue: VecDeque<(Instant, Option<Bytes>)>,
    bytes: usize,
    /// When the last of them arrives.
    last: Instant,
    /// Nothing more is put in.
    ended: bool,
    /// Nothing more is taken out.
    over: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Lane {
    fn new(chance: Chance, now: Instant) -> Self {
        Self {
            chance,
            queue: VecDeque::new(),
            bytes: 0,
            last: now,
            ended: false,
            over: false,
            reader: None,
            writer: None,
        }
    }

    /// After what was put in before.
    fn put(&mut self, delay: &Delay, item: Option<Bytes>) {
        let due = Instant::now() + delay.draw(&mut self.chance);
        self.last = self.last.max(due);
        self.bytes += item.as_ref().map_or(0, Bytes::len);
        self.queue.push_back((self.last, item));
        wake(&mut self.reader);
    }

    fn clear(&mut self) {
        self.queue.clear();
        self.bytes = 0;
        wake(&mut self.reader);
        wake(&mut self.writer);
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

impl Wire {
    pub(super) fn new(
        (number, polls): (usize, bool),
        delay: Delay,
        [up, down]: [Chance; 2],
        told: Told,
    ) -> Self {
        let now = Instant::now();
        Self {
            number,
            polls,
            delay,
            told,
            state: Mutex::new(State {
                lanes: [Lane::new(up, now), Lane::new(down, now)],
                silent: false,
                reset: false,
                travelling: 0,
            }),
            over: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::testing) fn note(&self, what: impl fmt::Display) {
        let number = self.number;
        self.told
            .history
            .step(format_args!("connection {number} {what}"));
    }

    /// A time that something on this way takes.
    pub(super) fn draw(&self, way: Way) -> std::time::Duration {
        let mut state = self.state();
        self.delay.draw(&mut state.lanes[way as usize].chance)
    }

    pub(super) fn is_open(&self) -> bool {
        let state = self.state();
        !state.silent && !state.reset && state.lanes.iter().any(|lane| !lane.over)
    }

    pub(super) fn is_moving(&self) -> bool {
        let state = self.state();
        state.travelling > 0 || state.lanes.iter().any(|lane| !lane.queue.is_empty())
    }

    /// Both ends find that it is over, and what was on its way is lost. Whether it was open.
    pub(super) fn reset(&self) -> bool {
        let was_open = self.is_open();
        let mut state = self.state();
        if !state.silent {
            state.reset = true;
            state.lanes.iter_mut().for_each(Lane::clear);
            self.over.notify_waiters();
        }
        was_open
    }

    /// What was on its way is lost, and so is what comes. Whether it was open.
    pub(super) fn silence(&self) -> bool {
        let was_open = self.is_open();
        let mut state = self.state();
        state.silent = true;
        state.lanes.iter_mut().for_each(Lane::clear);
        was_open
    }

    /// Puts in as much of `bytes` as there is room for.
    pub(super) fn poll_write(
        &self,
        way: Way,
        bytes: &[u8],
        cx: &Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let state = &mut *self.state();
        let lane = &mut state.lanes[way as usize];
        if state.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if lane.ended || lane.over {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if state.silent {
            return Poll::Ready(Ok(bytes.len()));
        }
        let fits = bytes.len().min(CAPACITY.saturating_sub(lane.bytes));
        if fits == 0 && !bytes.is_empty() {
            lane.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        lane.put(&self.delay, Some(Bytes::copy_from_slice(&bytes[..fits])));
        Poll::Ready(Ok(fits))
    }

    /// Nothing more is put in.
    pub(super) fn end(&self, way: Way) {
        let state = &mut *self.state();
        let lane = &mut state.lanes[way as usize];
        if std::mem::replace(&mut lane.ended, true) {
            return;
        }
        if !state.silent && !state.reset {
            lane.put(&self.delay, None);
        }
        // When the client lets go is the test's own doing, often at its end only.
        if way == Way::Down {
            self.note("is ended by its node");
        }
    }

    /// Nothing more is taken out: who puts in finds a broken pipe.
    pub(super) fn refuse(&self, way: Way) {
        let lane = &mut self.state().lanes[way as usize];
        lane.over = true;
        lane.clear();
    }

    fn poll_read(
        &self,
        way: Way,
        alarm: &mut Option<Pin<Box<Sleep>>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Bytes>>> {
        let state = &mut *self.state();
        let lane = &mut state.lanes[way as usize];
        if state.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if lane.over {
            return Poll::Ready(Ok(None));
        }
        lane.reader = Some(cx.waker().clone());
        let Some((due, _)) = lane.queue.front() else {
            return Poll::Pending;
        };
        if *due > Instant::now() {
            let alarm = alarm.get_or_insert_with(|| Box::pin(sleep_until(*due)));
            if alarm.deadline() != *due {
                alarm.as_mut().reset(*due);
            }
            // Once it is due the clock is at that time.
            std::task::ready!(alarm.as_mut().poll(cx));
        }
        let Some((_, item)) = lane.queue.pop_front() else {
            return Poll::Pending;
        };
        lane.over = item.is_none();
        lane.bytes -= item.as_ref().map_or(0, Bytes::len);
        wake(&mut lane.writer);
        if let (Way::Down, Some(bytes)) = (way, &item) {
            self.told.came(bytes);
        }
        Poll::Ready(Ok(item))
    }
}
