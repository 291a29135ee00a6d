//! Reads the streams, each entry once.

use std::{convert::Infallible, sync::Arc, time::Duration};

use redis::{Cmd, cmd};

use super::{
    adding::HERE,
    health::Part,
    lane::Lane,
    loss,
    portion::Portion,
    position::{Gap, Info, Position},
    reply::{self, Stored},
    wire::Wire,
};
use crate::{
    cluster::{
        adapter::{Inbound, Message, Received, redis::link::Link},
        wire::{entry::Entry, layer::Content},
    },
    error::AdapterError,
};

pub(super) struct Reader {
    pub(super) lane: Arc<Lane>,
    pub(super) inbound: Inbound,
    pub(super) portion: Portion,
    /// Streams may be cut to so many.
    pub(super) max_len: usize,
    pub(super) block: Duration,
    pub(super) response_timeout: Duration,
    /// All nodes take their events from here, this one its own too.
    pub(super) logged: bool,
}

impl Reader {
    /// Reads until the connection fails.
    pub(super) async fn read(
        &self,
        link: &Link,
        part: &Part,
        generation: u64,
    ) -> Result<Infallible, AdapterError> {
        let mut redis = Wire::open(link, self.lane.key(), self.response_timeout).await?;
        for stream in 0..self.lane.len() {
            let found = self.lane.has_last_read(&mut redis, stream).await?;
            let info = self.lane.info(&mut redis, stream).await?;
            self.check(stream, &info, |position| position.check_anew(&info, found));
            self.tell_loss(link, stream).await;
        }
        self.lane.set_checked(generation);
        redis.ask(&self.newest()).await.and_then(reply::done)?;
        part.up();
        let mut asked = self.portion.count();
        redis.send(&self.next(asked, &[])).await?;
        loop {
            let reply = redis.reply_after(self.block).await;
            let reply = reply.inspect_err(|_| self.portion.was_too_much())?;
            let mut batches: Vec<_> = reply::streams(reply::done(reply)?)
                .into_iter()
                .filter_map(|(name, entries)| Some((self.lane.find(&name)?, entries)))
                .collect();
            let full = batches
                .iter()
                .any(|(_, entries)| entries.len() >= asked.min(self.max_len));
            let cut = redis.was_cut();
            if cut {
                self.portion.was_too_much();
                reply::leave_cut(batches.iter_mut().map(|(_, entries)| entries));
            } else if full {
                self.portion.was_not_too_much();
            }
            asked = self.portion.count();
            // What is far behind may be trimmed before it is read.
            let behind = full || cut;
            if !behind {
                // Redis waits for the next ones while these are delivered.
                redis.send(&self.next(asked, &batches)).await?;
            }
            for (stream, entries) in &batches {
                self.deliver(*stream, entries);
            }
            if behind {
                for (stream, entries) in &batches {
                    let info = self.lane.info(&mut redis, *stream).await?;
                    let is_there = |entry: &&Stored| Some(entry.id) >= info.first;
                    let kept = match info.first {
                        Some(_) => entries.iter().filter(is_there).count(),
                        None => 0,
                    };
                    self.check(*stream, &info, |position| {
                        position.check(&info, kept as u64)
                    });
                    self.tell_loss(link, *stream).await;
                }
                redis.send(&self.next(asked, &[])).await?;
            }
            // Others of this worker want to work, too.
            tokio::task::yield_now().await;
        }
    }

    async fn tell_loss(&self, link: &Link, stream: usize) {
        if self.logged {
            loss::tell(link, &self.lane, stream).await;
        }
    }

    /// Asks for nothing, to see whether it may ask.
    fn newest(&self) -> Cmd {
        let mut read = cmd("XREAD");
        read.arg("COUNT").arg(1).arg("STREAMS");
        for stream in 0..self.lane.len() {
            read.arg(self.lane.name(stream));
        }
        for _ in 0..self.lane.len() {
            read.arg("$");
        }
        read
    }

    /// Asks for so many that follow these entries, which are the last ones.
    fn next(&self, count: usize, batches: &[(usize, Vec<Stored>)]) -> Vec<u8> {
        let block = u64::try_from(self.block.as_millis()).unwrap_or(u64::MAX);
        let mut read = cmd("XREAD");
        read.arg("COUNT").arg(count).arg("BLOCK").arg(block);
        read.arg("STREAMS");
        for stream in 0..self.lane.len() {
            read.arg(self.lane.name(stream));
        }
        for (stream, position) in self.lane.read().into_iter().enumerate() {
            let batch = batches.iter().find(|(of, _)| *of == stream);
            let last = batch.and_then(|(_, entries)| entries.last());
            let last = last.map_or(position, |last| last.id);
            read.arg(last.to_string());
        }
        read.get_packed_command()
    }

    fn check(&self, stream: usize, info: &Info, look: impl FnOnce(&mut Position) -> Option<Gap>) {
        let Some(mut position) = self.lane.position(stream) else {
            return;
        };
        let before = position.map(|position| position.id);
        let gap = match &mut *position {
            None => {
                *position = Some(Position::end(info));
                None
            }
            Some(position) => look(position),
        };
        let at = position.map(|position| position.id);
        drop(position);
        if gap.is_some() {
            self.lane.outbox.lost(stream, info.last);
        }
        if let (Some(Gap { lost: None }), Some(before)) = (&gap, before) {
            self.lane.has_lost(stream, before);
        }
        if let Some(at) = at {
            self.lane.set_head(stream, at);
            self.lane.tell_delivered(stream);
        }
        if let Some(gap) = gap {
            tracing::debug!(stream = self.lane.name(stream), "a stream has a gap");
            self.inbound.gap(gap.lost);
        }
    }

    fn deliver(&self, stream: usize, entries: &[Stored]) {
        for entry in entries {
            self.lane.set_head(stream, entry.id);
            if self.logged || !self.is_own(entry) {
                self.receive(stream, entry);
            }
            // Only now: what was not received is read again by whoever runs the adapter next.
            if let Some(position) = self
                .lane
                .position(stream)
                .as_deref_mut()
                .and_then(Option::as_mut)
            {
                position.advance(entry.id);
            }
        }
        self.lane.tell_delivered(stream);
    }

    fn is_own(&self, entry: &Stored) -> bool {
        entry.sender() == Some(self.inbound.server_id().as_bytes())
    }

    fn receive(&self, stream: usize, stored: &Stored) {
        if !stored.whole {
            tracing::warn!(id = %stored.id, "an entry of the stream is too long to be read");
            return self.inbound.gap(Some(1));
        }
        let entry = match Entry::read(stored.fields()) {
            Ok(Some(entry)) => entry,
            // Not a node's.
            Ok(None) => return,
            Err(error) => return self.inbound.malformed(&error),
        };
        let (message, packet_id) = match entry.decode() {
            Ok(Content::Message { message, packet_id }) => (message, packet_id),
            // Of nodes before version 0.3, which are not counted.
            Ok(Content::InitialHeartbeat | Content::Heartbeat | Content::Close) => return,
            Err(error) => return self.inbound.malformed(&error),
        };
        // An answer would be taken for that of a node which was counted.
        if matches!(message, Message::FetchSockets { .. }) && self.lane.has_left(stream, stored.id)
        {
            return;
        }
        let received = Received {
            namespace: &entry.nsp,
            from: Some(&entry.uid),
            message,
        };
        if self.logged && self.is_own(stored) {
            let data = stored.field("data").unwrap_or_default();
            let marked = stored.field(HERE).is_some();
            let at = (stream, stored.id);
            if self.lane.outbox.read_back(at, marked, &entry.nsp, data) {
                return self.inbound.skip_entry(&entry.nsp, stored.id);
            }
        }
        match packet_id {
            None if self.logged => self.inbound.receive_entry(received, stored.id),
            None => self.inbound.receive(received),
            // For one socket, which is on the node that wants its answer.
            Some(_) => {}
        }
    }
}
