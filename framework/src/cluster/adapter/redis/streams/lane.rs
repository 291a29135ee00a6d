use std::sync::{Mutex, MutexGuard, PoisonError};

use redis::{Value, aio::MultiplexedConnection, cmd};

use super::{
    outbox::Outbox,
    position::{Info, Position},
    reply,
};
use crate::error::AdapterError;

/// Streams that one connection reads and another one writes: all of them, or in a Redis Cluster one.
/// What it knows outlives its connections.
pub(super) struct Lane {
    streams: Vec<Stream>,
    pub(super) outbox: Outbox,
}

struct Stream {
    name: String,
    /// How far it has been read; `None` before the first connection.
    position: Mutex<Option<Position>>,
}

impl Lane {
    pub(super) fn new(names: Vec<String>, outbox: Outbox) -> Self {
        let stream = |name| Stream {
            name,
            position: Mutex::default(),
        };
        Self {
            streams: names.into_iter().map(stream).collect(),
            outbox,
        }
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
        let position = &self.streams.get(stream)?.position;
        Some(position.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.streams.iter().position(|stream| stream.name == name)
    }

    /// What Redis tells of a stream; one that has not been written yet is empty.
    pub(super) async fn info(
        &self,
        redis: &mut MultiplexedConnection,
        stream: usize,
    ) -> Result<Info, AdapterError> {
        let mut info = cmd("XINFO");
        info.arg("STREAM").arg(self.name(stream));
        match info.query_async::<Value>(redis).await {
            Ok(reply) => Ok(reply::info(reply)),
            Err(error) if error.to_string().contains("no such key") => Ok(Info::default()),
            Err(error) => Err(AdapterError::new(error)),
        }
    }
}
