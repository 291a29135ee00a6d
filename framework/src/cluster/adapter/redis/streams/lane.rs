use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use redis::{Value, cmd};
use tokio::sync::watch;

use super::{
    adding::Adding,
    outbox::{Outbox, Pushed, Refused, Waiting},
    position::{Info, Position},
    reply,
    wire::Wire,
};
use crate::{error::AdapterError, id::EntryId};

/// Streams that one connection reads and another one writes: all of them, or in a Redis Cluster one.
/// What it knows outlives its connections.
pub(super) struct Lane {
    streams: Vec<Stream>,
    pub(super) outbox: Outbox,
    adding: Adding,
    /// The last generation in which it was looked whether Redis has lost anything.
    checked: watch::Sender<u64>,
}

struct Stream {
    name: String,
    /// How far it has been read; `None` before the first connection.
    position: Mutex<Option<Position>>,
    /// The entry that was handed over last, or is about to be.
    head: Mutex<EntryId>,
    /// Everything up to there has been.
    delivered: watch::Sender<EntryId>,
    /// How far it had been read when Redis was found to have lost some of it.
    lost: Mutex<EntryId>,
    /// Where it ended when others had ceased to count this node.
    left: OnceLock<EntryId>,
}

impl Lane {
    pub(super) fn new(names: Vec<String>, outbox: Outbox, adding: Adding) -> Self {
        let stream = |name| Stream {
            name,
            position: Mutex::default(),
            head: Mutex::default(),
            delivered: watch::Sender::default(),
            lost: Mutex::default(),
            left: OnceLock::new(),
        };
        Self {
            streams: names.into_iter().map(stream).collect(),
            outbox,
            adding,
            checked: watch::Sender::default(),
        }
    }

    /// Adds an entry to its stream: written now if nothing is on its way, and with those that wait
    /// otherwise.
    pub(super) fn add(&self, entry: Waiting) -> Result<Pushed, Refused> {
        let mut pushed = self.outbox.push(entry)?;
        if let Some(at_once) = pushed.at_once.take() {
            let command = self.command(std::slice::from_ref(&at_once.entry));
            self.outbox.write(&at_once, command);
        }
        if !pushed.evicted.is_empty() {
            self.tell_all_delivered();
        }
        Ok(pushed)
    }

    /// Forgets what was sent if it is there; see [`Outbox::settle`].
    pub(super) fn settle(&self, found: &[Vec<EntryId>]) -> bool {
        let there = self.outbox.settle(found);
        self.tell_all_delivered();
        there
    }

    /// What adds these entries, all of them or none.
    pub(super) fn command(&self, batch: &[Arc<Waiting>]) -> Vec<u8> {
        self.adding.pack(batch, |stream| self.name(stream))
    }

    pub(super) fn len(&self) -> usize {
        self.streams.len()
    }

    /// What is on the same server as all of its streams.
    pub(super) fn key(&self) -> &str {
        self.name(0)
    }

    pub(super) fn name(&self, stream: usize) -> &str {
        self.streams.get(stream).map_or("", |stream| &stream.name)
    }

    pub(super) fn position(&self, stream: usize) -> Option<MutexGuard<'_, Option<Position>>> {
        Some(lock(&self.streams.get(stream)?.position))
    }

    /// The entry of a stream that was handed over last, or is about to be.
    pub(super) fn head(&self, stream: usize) -> EntryId {
        let stream = self.streams.get(stream);
        stream.map(|stream| *lock(&stream.head)).unwrap_or_default()
    }

    pub(super) fn set_head(&self, stream: usize, id: EntryId) {
        if let Some(stream) = self.streams.get(stream) {
            *lock(&stream.head) = id;
        }
    }

    /// Up to where all entries of a stream have been handed over.
    pub(super) fn delivered(&self, stream: usize) -> Option<watch::Receiver<EntryId>> {
        Some(self.streams.get(stream)?.delivered.subscribe())
    }

    /// In this generation of the adapter it is known what Redis has [lost](Self::lost_up_to).
    pub(super) fn set_checked(&self, generation: u64) {
        self.checked.send_replace(generation);
    }

    /// Waits until it is known in the present generation, which `number` tells.
    pub(super) async fn checked(&self, number: impl Fn() -> u64) -> u64 {
        let mut checked = self.checked.subscribe();
        // The sender is ours.
        let checked = checked.wait_for(|checked| *checked == number()).await;
        checked.map_or_else(|_| number(), |checked| *checked)
    }

    /// Redis has lost some of a stream, which had been read up to there.
    pub(super) fn has_lost(&self, stream: usize, read: EntryId) {
        if let Some(stream) = self.streams.get(stream) {
            let mut lost = lock(&stream.lost);
            *lost = read.max(*lost);
        }
    }

    /// What others have had of a stream up to there may not be in it any more.
    pub(super) fn lost_up_to(&self, stream: usize) -> EntryId {
        let stream = self.streams.get(stream);
        stream.map(|stream| *lock(&stream.lost)).unwrap_or_default()
    }

    /// Nobody counts this node any more who adds something behind this entry.
    pub(super) fn leave(&self, stream: usize, end: EntryId) {
        if let Some(stream) = self.streams.get(stream) {
            let _ = stream.left.set(end);
        }
    }

    /// Whether who has added an entry did not count this node.
    pub(super) fn has_left(&self, stream: usize, entry: EntryId) -> bool {
        let left = self.streams.get(stream).and_then(|it| it.left.get());
        left.is_some_and(|end| entry > *end)
    }

    /// Tells it to those who wait. What they wait for may have changed without it: what is still to
    /// be [read back](Outbox::all_read_back).
    pub(super) fn tell_delivered(&self, stream: usize) {
        if let Some(stream) = self.streams.get(stream)
            && let Some(position) = *lock(&stream.position)
        {
            stream.delivered.send_replace(position.id);
        }
    }

    /// Tells it of all streams.
    pub(super) fn tell_all_delivered(&self) {
        for stream in 0..self.len() {
            self.tell_delivered(stream);
        }
    }

    /// How far each stream has been read.
    pub(super) fn read(&self) -> Vec<EntryId> {
        let position = |stream: &Stream| lock(&stream.position).map(|position| position.id);
        let streams = self.streams.iter();
        streams
            .map(|stream| position(stream).unwrap_or_default())
            .collect()
    }

    /// Whether entries of this node are still to come that are in their streams, which have been
    /// read up to there.
    pub(super) fn is_behind(&self, read: &[EntryId]) -> bool {
        let mut streams = read.iter().enumerate();
        streams.any(|(stream, read)| self.outbox.before(stream) > Some(*read))
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.streams.iter().position(|stream| stream.name == name)
    }

    /// What Redis tells of a stream; one that has not been written yet is empty.
    pub(super) async fn info(&self, redis: &mut Wire, stream: usize) -> Result<Info, AdapterError> {
        let mut info = cmd("XINFO");
        info.arg("STREAM").arg(self.name(stream));
        match redis.ask(&info).await? {
            Value::ServerError(error) if error.to_string().contains("no such key") => {
                Ok(Info::EMPTY)
            }
            reply => Ok(reply::info(reply::done(reply)?)),
        }
    }

    /// Whether a stream has the entry that was read last.
    pub(super) async fn has_last_read(
        &self,
        redis: &mut Wire,
        stream: usize,
    ) -> Result<bool, AdapterError> {
        let position = self.position(stream).and_then(|position| *position);
        let Some(Position { id, .. }) = position else {
            return Ok(false);
        };
        let mut range = cmd("XRANGE");
        range.arg(self.name(stream));
        range.arg(id.to_string()).arg(id.to_string());
        range.arg("COUNT").arg(1);
        let found = redis.ask(&range).await?;
        Ok(!reply::entries(reply::done(found)?).is_empty())
    }
}

// Held for a few instructions.
fn lock<T>(known: &Mutex<T>) -> MutexGuard<'_, T> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin};

    use futures_util::FutureExt;

    use super::{super::super::options::OutboxPolicy, *};
    use crate::cluster::wire::entry::Fields;

    fn entry() -> Waiting {
        let data = b"x".to_vec();
        Waiting::new(0, "/", Fields { kind: 3, data }, true, false)
    }

    /// A lane on which one event was delivered while Redis was away.
    fn lane() -> Lane {
        let adding = Adding {
            server_id: "node".into(),
            max_len: 10,
        };
        // One alone may be larger.
        let outbox = Outbox::new(1, 1, OutboxPolicy::DropOldest);
        let lane = Lane::new(vec!["stream".to_owned()], outbox, adding);
        if let Some(mut position) = lane.position(0) {
            *position = Some(Position::end(&Info::EMPTY));
        }
        assert!(lane.add(entry()).is_ok());
        assert_eq!(lane.outbox.go_away(1).len(), 1);
        lane.outbox.come_back();
        lane
    }

    /// Ready when all that was delivered here is known to be in the log.
    fn complete(lane: &Lane) -> impl Future<Output = bool> + '_ {
        let delivered = lane.delivered(0);
        async {
            let Some(mut delivered) = delivered else {
                return false;
            };
            let complete = |read: &EntryId| lane.outbox.all_read_back(0, *read);
            delivered.wait_for(complete).await.is_ok()
        }
    }

    #[test]
    fn who_waits_is_told_when_what_was_sent_is_found() {
        let lane = lane();
        let mut complete = pin!(complete(&lane));
        assert_eq!(lane.outbox.send(1, 1000).len(), 1);
        assert!(complete.as_mut().now_or_never().is_none());
        assert!(lane.settle(&[vec![EntryId::default()]]));
        assert_eq!(complete.now_or_never(), Some(true));
    }

    #[test]
    fn who_waits_is_told_when_what_was_not_sent_makes_room() {
        let lane = lane();
        let mut complete = pin!(complete(&lane));
        assert!(complete.as_mut().now_or_never().is_none());
        assert!(matches!(lane.add(entry()), Ok(pushed) if pushed.evicted.len() == 1));
        assert_eq!(complete.now_or_never(), Some(true));
    }
}
