//! Reads the streams, each entry once.

use std::{convert::Infallible, sync::Arc, time::Duration};

use redis::{Value, cmd};

use super::{
    health::Part,
    lane::Lane,
    position::{Info, Position},
    reply::{self, Stored},
    writer::HERE,
};
use crate::{
    cluster::{
        adapter::{Inbound, Received, redis::link::Link},
        wire::{entry::Entry, layer::Content},
    },
    error::AdapterError,
};

pub(super) struct Reader {
    pub(super) lane: Arc<Lane>,
    pub(super) inbound: Inbound,
    pub(super) count: usize,
    pub(super) block: Duration,
    pub(super) response_timeout: Duration,
    /// All nodes take their events from here, this one its own too.
    pub(super) logged: bool,
}

impl Reader {
    /// Reads until the connection fails.
    pub(super) async fn read(&self, link: &Link, part: &Part) -> Result<Infallible, AdapterError> {
        let key = self.lane.key().as_bytes();
        let timeout = self.response_timeout.saturating_add(self.block);
        let mut dedicated = link.dedicated(key, timeout).await?;
        let redis = &mut dedicated.connection;
        let mut behind = true;
        loop {
            if behind {
                // What is far behind may be trimmed before it is read.
                for stream in 0..self.lane.len() {
                    let info = self.lane.info(redis, stream).await?;
                    self.check(stream, &info);
                }
                part.up();
            }
            let mut read = cmd("XREAD");
            read.arg("COUNT").arg(self.count);
            read.arg("BLOCK")
                .arg(u64::try_from(self.block.as_millis()).unwrap_or(u64::MAX));
            read.arg("STREAMS");
            for stream in 0..self.lane.len() {
                read.arg(self.lane.name(stream));
            }
            for stream in 0..self.lane.len() {
                read.arg(self.position(stream));
            }
            let reply: Value = read.query_async(redis).await.map_err(AdapterError::new)?;
            behind = false;
            for (name, entries) in reply::streams(reply) {
                behind |= entries.len() >= self.count;
                if let Some(stream) = self.lane.find(&name) {
                    self.deliver(stream, &entries);
                }
            }
            // Others of this worker want to work, too.
            tokio::task::yield_now().await;
        }
    }

    fn position(&self, stream: usize) -> String {
        let position = self.lane.position(stream).and_then(|position| *position);
        position.map_or_else(|| "$".to_owned(), |position| position.id.to_string())
    }

    fn check(&self, stream: usize, info: &Info) {
        let Some(mut position) = self.lane.position(stream) else {
            return;
        };
        let gap = match &mut *position {
            None => {
                *position = Some(Position::end(info));
                None
            }
            Some(position) => position.check(info),
        };
        let at = position.map(|position| position.id);
        drop(position);
        if gap.is_some() {
            self.lane.outbox.lost(stream, info.last);
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
