//! Adds what waits to the streams, each entry once.
//!
//! Several entries go in one transaction: all of them are there, or none. When a connection breaks,
//! it is not known whether the server has executed what was sent, or will: so that connection is
//! killed, and what is there is found by its sender, which is nobody else's name. Only what was
//! trimmed meanwhile is not found, and is added again.

use std::{convert::Infallible, sync::Arc, time::Duration};

use redis::{Cmd, Value, cmd};
use tokio::time::{MissedTickBehavior, interval};

use super::{health::Part, lane::Lane, outbox::Peer, portion::Portion, reply, wire::Wire};
use crate::{
    cluster::adapter::redis::link::Link, error::AdapterError, id::EntryId, metrics::Metrics,
};

/// Entries of one transaction, and their bytes.
const MAX_BATCH: usize = 128;
const MAX_BATCH_BYTES: usize = 1 << 20;

/// Entries that are looked through at once for our own.
pub(super) const PART: usize = 500;

/// A connection that nothing goes through for this long is tried.
const QUIET: Duration = Duration::from_secs(5);

/// How often answers that do not come are looked for, at least.
const TICK: Duration = Duration::from_millis(250);

pub(super) struct Writer {
    pub(super) lane: Arc<Lane>,
    pub(super) server_id: Arc<str>,
    pub(super) response_timeout: Duration,
    /// Of entries that are looked through.
    pub(super) portion: Portion,
    pub(super) metrics: Arc<Metrics>,
}

impl Writer {
    /// Writes until the connection fails.
    pub(super) async fn write(&self, link: &Link, part: &Part) -> Result<Infallible, AdapterError> {
        let outbox = &self.lane.outbox;
        let mut redis = Wire::open(link, self.lane.key(), self.response_timeout).await?;
        let peer = identify(&mut redis).await?;
        self.settle(&mut redis, peer.as_ref()).await?;
        let _open = outbox.open(redis.socket(), peer);
        let mut tick = interval(TICK.min(self.response_timeout / 2));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // Not before: a Redis that is full takes connections.
            if outbox.is_empty() {
                part.up();
            }
            tokio::select! {
                biased;
                reply = redis.reply() => self.answered(reply?, part)?,
                () = outbox.due() => {
                    let mut bytes = outbox.take_rest();
                    if bytes.is_empty() {
                        let batch = outbox.send(MAX_BATCH, MAX_BATCH_BYTES);
                        bytes = self.lane.command(&batch);
                    }
                    redis.send(&bytes).await?;
                }
                _ = tick.tick() => {
                    outbox.check(self.response_timeout).map_err(AdapterError::new)?;
                    if outbox.ping(QUIET) {
                        redis.send(&cmd("PING").get_packed_command()).await?;
                    }
                }
            }
        }
    }

    fn answered(&self, reply: Value, part: &Part) -> Result<(), AdapterError> {
        match reply {
            // What begins a transaction, and its parts.
            Value::Okay => {}
            Value::SimpleString(text) if text == "QUEUED" => {}
            Value::SimpleString(_) => self.lane.outbox.ponged(),
            reply => {
                if !self.lane.outbox.acknowledge(&reply::ids(reply)?) {
                    return Err(AdapterError::new("Redis answers what was not asked"));
                }
                // Some of it may have been read back before.
                self.lane.tell_all_delivered();
                part.up();
            }
        }
        Ok(())
    }

    /// Finds out what became of what was sent on an earlier connection.
    async fn settle(&self, redis: &mut Wire, peer: Option<&Peer>) -> Result<(), AdapterError> {
        let outbox = &self.lane.outbox;
        let (unanswered, earlier) = outbox.unanswered();
        if let (Some(earlier), Some(peer), false) = (earlier, peer, unanswered.is_empty())
            && earlier.run_id == peer.run_id
        {
            let mut kill = cmd("CLIENT");
            kill.arg("KILL").arg("ID").arg(earlier.client);
            // Gone already, or forbidden by an ACL.
            permitted(redis, &kill).await?;
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
            let bounds = (before, info.last);
            found.push(self.last_own(redis, stream, bounds, sent).await?);
        }
        if !self.lane.settle(&found) && trimmed {
            let entries = unanswered.len();
            tracing::warn!(entries, "entries may be in the trimmed stream twice");
            self.metrics.cluster_repeated.add(entries as u64);
        }
        Ok(())
    }

    /// The last of our own entries behind one up to another, which was the last when nothing of ours
    /// was on its way any more: at most so many.
    pub(super) async fn last_own(
        &self,
        redis: &mut Wire,
        stream: usize,
        (before, last): (EntryId, EntryId),
        max: usize,
    ) -> Result<Vec<EntryId>, AdapterError> {
        let (mut own, mut from) = (Vec::new(), before.next());
        loop {
            let mut range = cmd("XRANGE");
            range
                .arg(self.lane.name(stream))
                .arg(from.to_string())
                .arg(last.to_string());
            let count = self.portion.count();
            range.arg("COUNT").arg(count);
            let reply = redis.ask(&range).await;
            let reply = reply.inspect_err(|_| self.portion.was_too_much())?;
            let mut entries = reply::entries(reply::done(reply)?);
            if redis.was_cut() {
                self.portion.was_too_much();
                // That who has sent it is not left out with the rest is enough here.
                reply::leave_cut([&mut entries]);
            } else if entries.len() == count {
                self.portion.was_not_too_much();
            }
            let Some(read) = entries.last() else {
                return Ok(own);
            };
            from = read.id.next();
            let is_own = |entry: &&reply::Stored| entry.sender() == Some(self.server_id.as_bytes());
            own.extend(entries.iter().filter(is_own).map(|entry| entry.id));
            own.drain(..own.len().saturating_sub(max));
        }
    }
}

/// How the server knows the connection; `None` if it does not tell us.
async fn identify(redis: &mut Wire) -> Result<Option<Peer>, AdapterError> {
    let mut client = cmd("CLIENT");
    client.arg("ID");
    let client = match permitted(redis, &client).await? {
        Some(Value::Int(client)) => u64::try_from(client).ok(),
        _ => None,
    };
    let mut info = cmd("INFO");
    info.arg("server");
    let info = match permitted(redis, &info).await? {
        Some(Value::BulkString(info)) => String::from_utf8(info).ok(),
        _ => None,
    };
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
async fn permitted(redis: &mut Wire, command: &Cmd) -> Result<Option<Value>, AdapterError> {
    match redis.ask(command).await? {
        Value::ServerError(_) => Ok(None),
        reply => Ok(Some(reply)),
    }
}
