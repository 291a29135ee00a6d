//! Adds what waits to the streams, each entry once.
//!
//! Several entries go in one transaction: all of them are there, or none. When a connection breaks,
//! it is not known whether the server has executed what was sent, or will: so that connection is
//! killed, and what is there is found by its sender, which is nobody else's name. Only what was
//! trimmed meanwhile is not found, and is added again.

use std::{convert::Infallible, sync::Arc, time::Duration};

use redis::{RedisError, Value, aio::MultiplexedConnection, cmd};
use tokio::time::timeout;

use super::{
    health::Part,
    lane::Lane,
    outbox::{Peer, Waiting},
    reply,
};
use crate::{cluster::adapter::redis::link::Link, error::AdapterError, id::EntryId};

/// Entries of one transaction, and their bytes.
const MAX_BATCH: usize = 128;
const MAX_BATCH_BYTES: usize = 1 << 20;

/// The name of a field of ours, which others pass over: the node that has added the entry has
/// delivered it already.
pub(super) const HERE: &str = "here";

/// Entries that are looked through at once for our own.
const PART: usize = 500;

/// A connection that nothing goes through for this long is tried.
const QUIET: Duration = Duration::from_secs(5);

pub(super) struct Writer {
    pub(super) lane: Arc<Lane>,
    pub(super) server_id: Arc<str>,
    pub(super) max_len: u64,
    pub(super) response_timeout: Duration,
}

impl Writer {
    /// Writes until the connection fails.
    pub(super) async fn write(&self, link: &Link, part: &Part) -> Result<Infallible, AdapterError> {
        let outbox = &self.lane.outbox;
        let key = self.lane.key().as_bytes();
        let mut dedicated = link.dedicated(key, self.response_timeout).await?;
        let redis = &mut dedicated.connection;
        let peer = identify(redis).await?;
        self.settle(redis, peer.as_ref()).await?;
        outbox.connected(peer);
        loop {
            // Not before: a Redis that is full takes connections.
            if outbox.is_empty() {
                part.up();
            }
            if timeout(QUIET, outbox.filled()).await.is_err() {
                let pong: Result<Value, _> = cmd("PING").query_async(redis).await;
                pong.map_err(AdapterError::new)?;
                continue;
            }
            let batch = outbox.send(MAX_BATCH, MAX_BATCH_BYTES);
            let ids = self.add(redis, &batch).await?;
            outbox.acknowledge(&ids);
            // Some of it may have been read back before.
            self.lane.tell_all_delivered();
            part.up();
        }
    }

    async fn add(
        &self,
        redis: &mut MultiplexedConnection,
        batch: &[Arc<Waiting>],
    ) -> Result<Vec<EntryId>, AdapterError> {
        let mut pipeline = redis::pipe();
        if batch.len() > 1 {
            pipeline.atomic();
        }
        for entry in batch {
            let Waiting {
                nsp, kind, data, ..
            } = &**entry;
            pipeline
                .cmd("XADD")
                .arg(self.lane.name(entry.stream))
                .arg(("MAXLEN", "~", self.max_len, "*"))
                .arg(("uid", &*self.server_id, "nsp", &**nsp, "type", *kind))
                .arg("data")
                .arg(&**data);
            if entry.is_here() {
                pipeline.arg((HERE, "1"));
            }
        }
        let ids: Vec<String> = pipeline
            .query_async(redis)
            .await
            .map_err(AdapterError::new)?;
        let ids: Result<_, _> = ids.iter().map(|id| id.parse()).collect();
        ids.map_err(AdapterError::new)
    }

    /// Finds out what became of what was sent on an earlier connection.
    async fn settle(
        &self,
        redis: &mut MultiplexedConnection,
        peer: Option<&Peer>,
    ) -> Result<(), AdapterError> {
        let outbox = &self.lane.outbox;
        let (unanswered, earlier) = outbox.unanswered();
        if let (Some(earlier), Some(peer), false) = (earlier, peer, unanswered.is_empty())
            && earlier.run_id == peer.run_id
        {
            let mut kill = cmd("CLIENT");
            kill.arg("KILL").arg("ID").arg(earlier.client);
            // Gone already, or forbidden by an ACL.
            permitted::<Value>(kill.query_async(redis).await)?;
        }
        let (mut found, mut trimmed) = (Vec::new(), false);
        for stream in 0..self.lane.len() {
            let info = self.lane.info(redis, stream).await?;
            let before = match outbox.before(stream) {
                Some(before) if before <= info.last => before,
                // Asked for the first time, or it is another stream, or an older state of it.
                _ => {
                    outbox.set_before(stream, info.last);
                    info.last
                }
            };
            let sent = unanswered.iter().filter(|sent| **sent == stream).count();
            if sent == 0 {
                found.push(Vec::new());
                continue;
            }
            trimmed |= before != EntryId::default()
                && info.last > before
                && info.first.is_none_or(|first| first > before);
            found.push(self.last_own(redis, stream, before, sent).await?);
        }
        if !outbox.settle(&found) && trimmed {
            let entries = unanswered.len();
            tracing::warn!(entries, "entries may be in the trimmed stream twice");
        }
        Ok(())
    }

    /// The last of our own entries behind another one, at most so many.
    async fn last_own(
        &self,
        redis: &mut MultiplexedConnection,
        stream: usize,
        before: EntryId,
        max: usize,
    ) -> Result<Vec<EntryId>, AdapterError> {
        let (mut own, mut from) = (Vec::new(), before.next());
        loop {
            let mut range = cmd("XRANGE");
            range
                .arg(self.lane.name(stream))
                .arg(from.to_string())
                .arg("+");
            range.arg("COUNT").arg(PART);
            let entries = range.query_async(redis).await.map_err(AdapterError::new)?;
            let entries = reply::entries(entries);
            let Some(last) = entries.last() else {
                return Ok(own);
            };
            from = last.id.next();
            let is_own = |entry: &&reply::Stored| entry.sender() == Some(self.server_id.as_bytes());
            own.extend(entries.iter().filter(is_own).map(|entry| entry.id));
            own.drain(..own.len().saturating_sub(max));
        }
    }
}

/// How the server knows the connection; `None` if it does not tell us.
async fn identify(redis: &mut MultiplexedConnection) -> Result<Option<Peer>, AdapterError> {
    let mut client = cmd("CLIENT");
    client.arg("ID");
    let client = permitted::<u64>(client.query_async(redis).await)?;
    let mut info = cmd("INFO");
    info.arg("server");
    let info = permitted::<String>(info.query_async(redis).await)?;
    let run_id = info.as_deref().and_then(|info| {
        let mut lines = info.lines();
        lines.find_map(|line| line.strip_prefix("run_id:"))
    });
    Ok(run_id.zip(client).map(|(run_id, client)| Peer {
        run_id: run_id.trim().to_owned(),
        client,
    }))
}

/// `None` for what the server refuses.
fn permitted<T>(result: Result<T, RedisError>) -> Result<Option<T>, AdapterError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_unrecoverable_error() || error.is_io_error() => {
            Err(AdapterError::new(error))
        }
        Err(_) => Ok(None),
    }
}
