//! What a client has received and not yet looked at, shared between the test and the task that
//! reads the connection.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::{
    sync::{Notify, oneshot},
    time::timeout,
};

use super::{Disconnected, PATIENCE, Received, RecoveryTicket};
use crate::id::SocketId;

/// Events that may wait for the test. With more, the connection is not read, as by a slow client.
const MAX_WAITING: usize = 10_000;

/// Lines of the past that a failed expectation shows.
const MAX_PAST: usize = 20;

/// Characters of one such line.
const MAX_LINE: usize = 200;

/// The text of a packet, and its attachments.
pub(super) type Packed = (Vec<u8>, Vec<Bytes>);

/// Makes the ack to an event of this namespace and ack id; `None` for one that does not fit.
pub(super) type Responder = Box<dyn FnMut(&Received, &str, u64) -> Option<Packed> + Send>;

#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) events: VecDeque<Received>,
    pub(super) connected: Option<SocketId>,
    pub(super) recovery: Option<RecoveryTicket>,
    pub(super) recovered: bool,
    pub(super) ended: Option<Disconnected>,
    pub(super) refused: Option<super::ConnectRefused>,
    /// Who waits for an ack, by its id.
    pub(super) acks: HashMap<u64, oneshot::Sender<Received>>,
    pub(super) responders: HashMap<&'static str, Responder>,
    /// The last WebSocket ping that was answered.
    pub(super) pong: u64,
    past: VecDeque<String>,
}

impl State {
    pub(super) fn remember(&mut self, mut line: String) {
        if let Some((end, _)) = line.char_indices().nth(MAX_LINE) {
            line.truncate(end);
            line.push('…');
        }
        if self.past.len() == MAX_PAST {
            self.past.pop_front();
        }
        self.past.push_back(line);
    }

    /// The client's session is the one with this private id: what it has asked for, or a fresh one.
    pub(super) fn belongs_to(&mut self, private_id: Option<&str>) {
        let asked = self.recovery.take();
        self.recovery = private_id.map(|private_id| match asked {
            Some(asked) if asked.private_id == private_id => {
                self.recovered = true;
                asked
            }
            _ => RecoveryTicket {
                private_id: private_id.to_owned(),
                offset: None,
            },
        });
    }

    /// The next event, which then belongs to the past.
    pub(super) fn take(&mut self) -> Option<Received> {
        let event = self.events.pop_front()?;
        self.remember(format!("<- {event}"));
        Some(event)
    }

    pub(super) fn past(&self) -> Vec<String> {
        self.past.iter().cloned().collect()
    }
}

impl Inbox {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_waiters();
    }

    /// The client is no longer connected; what waits for acks learns it.
    pub(super) fn end(&self, how: Disconnected) {
        self.change(|state| {
            if state.ended.is_none() {
                state.remember(format!("<- disconnected: {how}"));
                state.ended = Some(how);
                state.acks.clear();
            }
        });
    }

    /// Waits until `look` finds what it looks for, at most [`PATIENCE`].
    pub(super) async fn until<T>(
        &self,
        mut look: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        let found = async {
            loop {
                let changed = self.changed.notified();
                if let Some(found) = look(&mut self.lock()) {
                    return found;
                }
                changed.await;
            }
        };
        timeout(PATIENCE, found).await.ok()
    }

    /// Waits, without end, until there is room for one more event.
    pub(super) async fn room(&self) {
        loop {
            let changed = self.changed.notified();
            if self.lock().events.len() < MAX_WAITING {
                return;
            }
            changed.await;
        }
    }

    /// Events were taken out.
    pub(super) fn has_room(&self) {
        self.changed.notify_waiters();
    }
}
