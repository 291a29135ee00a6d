//! The log that all nodes share, as a namespace sees it.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{
    adapter::{Data, Message, Options, Received, RecoveryLog, SessionExtra, StoredSession},
    core::Core,
    delivery::{event_name, handling, select},
    link::Link,
};
use crate::{
    id::{EntryId, PrivateId, SocketId},
    room::reserved,
    shard::{
        directory::RoomName,
        node::Node,
        offset::Offset,
        retained::Saved,
        shared_log::{Absent, NotReplayed, SharedLog, Stored, Unreachable},
        uplink::Elsewhere,
    },
    transport::{frame::Frame, outbox::Outbox},
};

impl Core {
    /// An entry of the log. What is not an event for clients was done here at once if it is our own.
    pub(super) fn receive_entry(self: &Arc<Self>, received: Received<'_>, entry: EntryId) {
        let Message::Broadcast {
            data,
            options,
            request: None,
        } = &received.message
        else {
            if received.from != Some(&*self.server_id) {
                self.receive(received);
            }
            return;
        };
        let Some((node, namespace)) = self.serving(received.namespace) else {
            return;
        };
        let scope = &namespace.scope;
        let Some(store) = &scope.recovery else {
            // It is in no log, and was done here at once if it is our own.
            if received.from != Some(&*self.server_id) {
                self.receive(received);
            }
            return;
        };
        let delivered = event(&node, scope, entry, data, options).and_then(|frame| {
            let select = || select(&node, scope, options);
            store.deliver(&node, scope, frame, entry.into(), select)
        });
        if let Err(error) = delivered {
            // Workers that refused it have counted that themselves.
            tracing::debug!(%error, %entry, "an event was not delivered");
        }
    }

    /// An event of this node that is not in the log yet.
    pub(super) fn receive_here(&self, received: &Received<'_>) {
        let Message::Broadcast { data, options, .. } = &received.message else {
            return;
        };
        let Some((node, namespace)) = self.serving(received.namespace) else {
            return;
        };
        let scope = &namespace.scope;
        let Some(store) = &scope.recovery else {
            return;
        };
        let frame = node.event_text(scope, None, &data.json, &data.attachments);
        let delivered = frame.and_then(|frame| {
            let name = event_name(&data.json).unwrap_or_default();
            let frame = frame.with(handling(&node, scope, options, &name));
            let select = || select(&node, scope, options);
            store.deliver_outside(&node, scope, frame, select)
        });
        if let Err(error) = delivered {
            tracing::debug!(%error, "an event was not delivered");
        }
    }

    pub(super) fn skip_entry(&self, namespace: &str, entry: EntryId) {
        let namespace = self.namespace(namespace);
        let store = namespace
            .as_ref()
            .and_then(|namespace| namespace.scope.recovery.as_ref());
        if let Some(store) = store {
            store.skip(entry.into());
        }
    }

    fn recovery_log(&self) -> Result<&dyn RecoveryLog, Unreachable> {
        self.adapter.recovery_log().ok_or(Unreachable)
    }
}

/// The frame of an event with its offset.
fn event(
    node: &Node,
    scope: &crate::shard::directory::Scope,
    entry: EntryId,
    data: &Data<'_>,
    options: &Options<'_>,
) -> Result<Frame, crate::error::EmitError> {
    let frame = node.logged_event(scope, entry, &data.json, &data.attachments)?;
    let name = event_name(&data.json).unwrap_or_default();
    Ok(frame.with(handling(node, scope, options, &name)))
}

impl SharedLog for Link {
    fn head(&self) -> Offset {
        let log = self.core.adapter.recovery_log();
        let head = log.map(|log| log.head(&self.namespace));
        head.unwrap_or_default().into()
    }

    fn delivered(&self, up_to: Offset) -> Elsewhere<()> {
        let (core, namespace) = (Arc::clone(&self.core), Arc::clone(&self.namespace));
        Box::pin(async move {
            if let Ok(log) = core.recovery_log() {
                log.delivered(&namespace, up_to.into()).await;
            }
        })
    }

    fn keeping<'a>(&'a self, session: &Saved, time: Duration) -> Box<dyn FnOnce() + Send + 'a> {
        let Ok(log) = self.core.recovery_log() else {
            return Box::new(|| {});
        };
        let id = session.id.as_str();
        let rooms = session.rooms.iter().map(|room| Cow::Borrowed(&**room));
        let data = session.data.as_deref().map_or("{}", String::as_str);
        log.save(
            &StoredSession {
                id: id.into(),
                pid: session.pid.reveal().into(),
                rooms: std::iter::once(id.into()).chain(rooms).collect(),
                data: data.into(),
                extra: session.copy.map(|copy| SessionExtra {
                    floor: session.floor.into(),
                    copy: copy.into(),
                    expires: session.expires.and_then(by_the_clock),
                }),
            },
            time,
        )
    }

    fn take(&self, pid: PrivateId) -> Elsewhere<Result<Option<Stored>, Unreachable>> {
        let core = Arc::clone(&self.core);
        Box::pin(async move {
            match core.recovery_log()?.take(pid.reveal()).await {
                Ok(session) => Ok(session.and_then(stored)),
                Err(error) => Err(unreachable(&error)),
            }
        })
    }

    fn reaches_back_to(&self, offset: Offset) -> Elsewhere<Result<bool, Unreachable>> {
        let (core, namespace) = (Arc::clone(&self.core), Arc::clone(&self.namespace));
        Box::pin(async move {
            let reaches = core
                .recovery_log()?
                .reaches_back_to(&namespace, offset.into());
            reaches.await.map_err(|error| unreachable(&error))
        })
    }

    fn missed(
        &self,
        by: Absent,
        after: Offset,
        up_to: Offset,
    ) -> Elsewhere<Result<Vec<Frame>, NotReplayed>> {
        let (core, namespace) = (Arc::clone(&self.core), Arc::clone(&self.namespace));
        Box::pin(async move {
            let node = core.node().ok_or(NotReplayed::Unreachable)?;
            let scope = core.namespace(&namespace).ok_or(NotReplayed::Unreachable)?;
            let Ok(log) = core.recovery_log() else {
                return Err(NotReplayed::Unreachable);
            };
            let (seen, up_to) = (EntryId::from(after), EntryId::from(up_to));
            let mut after = seen;
            let (mut frames, mut bytes) = (Vec::new(), 0);
            let lost = |error| {
                unreachable(&error);
                NotReplayed::Unreachable
            };
            while after < up_to {
                let mut found = |entry: EntryId, message: Message<'_>| {
                    let Message::Broadcast { data, options, .. } = message else {
                        return;
                    };
                    if !by.is_meant(&options) {
                        return;
                    }
                    if let Ok(frame) = event(&node, &scope.scope, entry, &data, &options) {
                        bytes += Outbox::cost(&frame);
                        frames.push(frame);
                    }
                };
                let read = log.read(&namespace, after, up_to, &mut found).await;
                let read = read.map_err(lost)?;
                if bytes > by.max_bytes {
                    return Err(NotReplayed::TooMuch);
                }
                let Some(last) = read else { break };
                after = last;
            }
            // A log loses its oldest entries only: none of these while there is one before them.
            let reaches =
                seen >= up_to || log.reaches_back_to(&namespace, seen).await.map_err(lost)?;
            match reaches {
                true => Ok(frames),
                false => Err(NotReplayed::Trimmed),
            }
        })
    }
}

impl Absent {
    /// Whether an event was for it. Volatile ones are for those who are there.
    fn is_meant(&self, options: &Options<'_>) -> bool {
        let is_in = |room: &Cow<'_, str>| {
            **room == *self.id.as_str() || self.rooms.iter().any(|known| **known == **room)
        };
        !options.flags.volatile
            && (options.rooms.is_empty() || options.rooms.iter().any(is_in))
            && !options.except.iter().any(is_in)
    }
}

fn unreachable(error: &dyn std::error::Error) -> Unreachable {
    tracing::debug!(%error, "the log of all nodes could not be asked");
    Unreachable
}

/// `None` for a session whose id is none.
fn stored(session: StoredSession<'_>) -> Option<Stored> {
    let id: SocketId = session.id.parse().ok()?;
    let extra = session.extra.as_ref();
    // A Node server does not know that names are reserved, and may let clients name rooms: only
    // what a node of ours has written tells whose socket it is.
    let is_foreign = |room: &str| match extra {
        Some(_) => reserved::is_of_watchers(room),
        None => reserved::is_reserved(room),
    };
    let rooms = session.rooms.iter();
    let rooms = rooms.filter(|room| **room != session.id && !is_foreign(room));
    Some(Stored {
        id,
        rooms: rooms.map(|room| RoomName::from(&**room)).collect(),
        // What Node gives every socket.
        data: (session.data != "{}").then(|| Arc::new(session.data.to_string())),
        floor: extra.map(|extra| extra.floor.into()),
        copy: extra.and_then(|extra| extra.copy.parse().ok()),
        expires: extra.and_then(|extra| from_the_clock(extra.expires?)),
    })
}

/// For other processes, whose clocks tell the same.
fn by_the_clock(at: Instant) -> Option<SystemTime> {
    SystemTime::now().checked_add(at.saturating_duration_since(Instant::now()))
}

fn from_the_clock(at: SystemTime) -> Option<Instant> {
    let left = at.duration_since(SystemTime::now()).unwrap_or_default();
    Instant::now().checked_add(left)
}

#[cfg(test)]
mod tests;
