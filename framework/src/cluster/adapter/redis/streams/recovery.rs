//! What connection state recovery asks of the streams.

use std::time::{Duration, UNIX_EPOCH};

use redis::{Value, cmd};
use tokio::time::sleep;

use super::{
    adapter::StreamsAdapter,
    portion::Portion,
    reply::{self, Stored},
};
use crate::{
    cluster::{
        adapter::{
            AdapterFuture, Data, Message, RecoveryLog, SessionExtra, StoredSession,
            redis::{refusal::Refusal, resp::TOO_LONG},
        },
        wire::{
            entry::{Entry, SessionRecord},
            layer::Content,
        },
    },
    error::AdapterError,
    id::EntryId,
    protocol::socket_io::plaintext,
};

/// How long to wait before a Redis that is away is asked again.
pub(super) const AGAIN: Duration = Duration::from_millis(50);

impl StreamsAdapter {
    /// Entries of a stream, as many as a portion has. While Redis is away this waits.
    ///
    /// # Errors
    /// If an answer with one entry is too long.
    async fn range(
        &self,
        stream: &str,
        bounds: [&str; 2],
        portion: &Portion,
    ) -> Result<Vec<Stored>, AdapterError> {
        loop {
            if let Ok(mut redis) = self.link.requests(stream.as_bytes()) {
                let count = portion.count();
                let mut range = cmd("XRANGE");
                range.arg(stream).arg(&bounds).arg("COUNT").arg(count);
                match range.query_async::<Value>(&mut redis).await {
                    Ok(reply) => {
                        let entries = reply::entries(reply);
                        if entries.len() == count {
                            portion.was_not_too_much();
                        }
                        return Ok(entries);
                    }
                    Err(error) => {
                        let is_too_long = error.code() == Some(TOO_LONG);
                        let refusal = Refusal::of(&error);
                        // Unless it is known why it does not come, there may be too much of it.
                        if (is_too_long && count > 1) || refusal.is_none() {
                            portion.was_too_much();
                        } else if is_too_long || refusal == Some(Refusal::Never) {
                            return Err(AdapterError::new(error));
                        }
                        tracing::debug!(%error, stream, count, "a stream could not be read");
                    }
                }
            }
            sleep(AGAIN).await;
        }
    }

    fn session_key(&self, pid: &str) -> String {
        format!("{}{pid}", self.options.session_key_prefix)
    }
}

impl RecoveryLog for StreamsAdapter {
    fn head(&self, namespace: &str) -> EntryId {
        let place = self.place(namespace);
        place
            .map(|(lane, stream)| lane.head(stream))
            .unwrap_or_default()
    }

    fn delivered(&self, namespace: &str, up_to: EntryId) -> AdapterFuture<'_, ()> {
        let place = self.place(namespace);
        let delivered = place.and_then(|(lane, stream)| {
            let delivered = lane.delivered(stream)?;
            Some((lane, stream, delivered))
        });
        Box::pin(async move {
            if let Some((lane, stream, mut delivered)) = delivered {
                // Who comes back finds in the log what was delivered here outside of it.
                let all = |delivered: &EntryId| {
                    *delivered >= up_to && lane.outbox.all_read_back(stream, *delivered)
                };
                // The sender is the lane's.
                let _ = delivered.wait_for(all).await;
            }
        })
    }

    fn save<'a>(
        &'a self,
        session: &StoredSession<'_>,
        time: Duration,
    ) -> Box<dyn FnOnce() + Send + 'a> {
        let StoredSession {
            id,
            pid,
            rooms,
            data,
            extra,
        } = session;
        let record = SessionRecord {
            sid: (&**id).into(),
            pid: (&**pid).into(),
            rooms: rooms.iter().map(|room| (&**room).into()).collect(),
            data: Data::json(&**data),
            note: extra.as_ref().map(write_note).map(Into::into),
        };
        match record.encode() {
            Ok(value) => {
                let key = self.session_key(pid);
                Box::new(move || self.sessions.save(&key, value, time))
            }
            Err(error) => {
                tracing::warn!(%error, "a session is too large to be kept");
                Box::new(|| self.metrics.recovery_sessions_evicted.add(1))
            }
        }
    }

    fn unsaved(&self) -> usize {
        self.sessions.unsaved()
    }

    fn take<'a>(
        &'a self,
        pid: &'a str,
    ) -> AdapterFuture<'a, Result<Option<StoredSession<'static>>, AdapterError>> {
        Box::pin(async move {
            let Some(value) = self.sessions.take(&self.session_key(pid)).await? else {
                return Ok(None);
            };
            let record = SessionRecord::decode(&value).map_err(AdapterError::new)?;
            let mut data = Vec::new();
            plaintext(&record.data.json, &record.data.attachments, &mut data);
            let data = String::from_utf8(data).map_err(AdapterError::new)?;
            Ok((*record.pid == *pid).then_some(StoredSession {
                id: record.sid,
                pid: record.pid,
                rooms: record.rooms,
                data: data.into(),
                extra: record.note.as_deref().and_then(read_note),
            }))
        })
    }

    fn reaches_back_to<'a>(
        &'a self,
        namespace: &'a str,
        entry: EntryId,
    ) -> AdapterFuture<'a, Result<bool, AdapterError>> {
        Box::pin(async move {
            let Some((lane, stream)) = self.place(namespace) else {
                return Ok(false);
            };
            // Streams lose their oldest entries only, and where Redis has lost its newest ones, others
            // may be behind them by now: while it is there itself, nothing behind it is gone.
            let id = entry.to_string();
            let one = Portion::new(1);
            let generation = || self.generation.number();
            loop {
                // Redis may come back with less between two questions: what is missing is known first.
                let checked = lane.checked(generation).await;
                let found = self.range(lane.name(stream), [&id, &id], &one);
                let (found, lost) = tokio::join!(found, self.lost_up_to(lane, stream));
                if checked == generation() {
                    return Ok(entry > lost && !found?.is_empty());
                }
            }
        })
    }

    fn read<'a>(
        &'a self,
        namespace: &'a str,
        after: EntryId,
        up_to: EntryId,
        found: &'a mut (dyn FnMut(EntryId, Message<'_>) + Send),
    ) -> AdapterFuture<'a, Result<Option<EntryId>, AdapterError>> {
        Box::pin(async move {
            let Some((lane, stream)) = self.place(namespace) else {
                return Ok(None);
            };
            let bounds = [after.next().to_string(), up_to.to_string()];
            let bounds = [&*bounds[0], &*bounds[1]];
            let stream = lane.name(stream);
            let entries = self.range(stream, bounds, &self.portion);
            let entries = entries.await?;
            for stored in &entries {
                let Ok(Some(entry)) = Entry::read(stored.fields()) else {
                    continue;
                };
                if entry.nsp == namespace
                    && let Ok(Content::Message { message, .. }) = entry.decode()
                {
                    found(stored.id, message);
                }
            }
            Ok(entries.last().map(|last| last.id))
        })
    }
}

fn write_note(extra: &SessionExtra<'_>) -> String {
    let SessionExtra {
        floor,
        copy,
        expires,
    } = extra;
    let expires = expires.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    match expires {
        Some(expires) => format!("{floor} {copy} {}", expires.as_millis()),
        None => format!("{floor} {copy}"),
    }
}

fn read_note(note: &str) -> Option<SessionExtra<'static>> {
    let mut parts = note.split(' ');
    let (floor, copy) = (parts.next()?, parts.next()?);
    let expires = match parts.next() {
        Some(millis) => UNIX_EPOCH.checked_add(Duration::from_millis(millis.parse().ok()?)),
        None => None,
    };
    Some(SessionExtra {
        floor: floor.parse().ok()?,
        copy: copy.to_owned().into(),
        expires,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_we_keep_is_read_back() {
        for expires in [None, UNIX_EPOCH.checked_add(Duration::from_millis(1_234))] {
            let extra = SessionExtra {
                floor: "7-3".parse().unwrap_or_default(),
                copy: "name".into(),
                expires,
            };
            assert_eq!(read_note(&write_note(&extra)), Some(extra));
        }
        for note in ["", "7-3", "7 name", "x-y name", "7-3 name soon"] {
            assert_eq!(read_note(note), None, "{note}");
        }
    }
}
