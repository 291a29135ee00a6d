use std::collections::HashMap;

use redis::{Cmd, FromRedisValue, aio::MultiplexedConnection};
use tokio::sync::Mutex;

use super::super::{
    dialer::{Address, Dialer, Tasks},
    options::{Endpoints, LinkOptions},
    refusal::Refusal,
    slot::slot,
    topology::Topology,
};
use crate::error::AdapterError;

/// Connections to the masters, as they are needed.
pub(in super::super) struct Session {
    dialer: Dialer,
    endpoints: Endpoints,
    /// `None` until something is sent, and again once it did not work.
    current: Mutex<Option<Connected>>,
}

struct Connected {
    topology: Topology,
    connections: HashMap<Address, MultiplexedConnection>,
    tasks: Tasks,
}

impl Session {
    pub(in super::super) fn new(link: &LinkOptions) -> Result<Self, AdapterError> {
        let (dialer, endpoints) = link.resolve()?;
        Ok(Self {
            dialer,
            endpoints,
            current: Mutex::default(),
        })
    }

    /// The connection to the master that has the key, or to any.
    pub(super) async fn connect(
        &self,
        key: Option<&str>,
    ) -> Result<MultiplexedConnection, AdapterError> {
        let mut current = self.current.lock().await;
        // A task that has ended is a connection that was closed.
        let has_ended = |connected: &mut Connected| connected.tasks.try_join_next().is_some();
        if current.as_mut().is_some_and(has_ended) {
            *current = None;
        }
        // A caller that is dropped meanwhile leaves the others what there is.
        let connected = match &mut *current {
            Some(connected) => connected,
            none => none.insert(Connected {
                topology: Topology::discover(&self.dialer, &self.endpoints, &[]).await?,
                connections: HashMap::new(),
                tasks: Tasks::new(),
            }),
        };
        let connection = connected.connection(&self.dialer, key).await;
        if connection.is_err() {
            *current = None;
        }
        connection
    }

    /// Sends a command once: it is not known of one that failed whether it was executed.
    pub(super) async fn send(&self, command: &Cmd, key: Option<&str>) -> Result<(), AdapterError> {
        let sent = self.ask::<redis::Value>(command, key).await;
        sent.map(|_| ())
    }

    /// The same, with what is answered.
    pub(in super::super) async fn ask<T: FromRedisValue>(
        &self,
        command: &Cmd,
        key: Option<&str>,
    ) -> Result<T, AdapterError> {
        let mut connection = self.connect(key).await?;
        let answer = command.query_async(&mut connection).await;
        if let Err(error) = &answer
            && matches!(Refusal::of(error), None | Some(Refusal::Elsewhere))
        {
            // A connection that breaks, or a master that is none any more: the next call begins anew.
            *self.current.lock().await = None;
        }
        answer.map_err(AdapterError::new)
    }
}

impl Connected {
    async fn connection(
        &mut self,
        dialer: &Dialer,
        key: Option<&str>,
    ) -> Result<MultiplexedConnection, AdapterError> {
        let master = key.map_or(0, |key| self.topology.master_of(slot(key.as_bytes())));
        let address = self.topology.masters().get(master);
        let address = address.ok_or_else(|| AdapterError::new("Redis has no master"))?;
        if let Some(connection) = self.connections.get(address) {
            return Ok(connection.clone());
        }
        let timeout = Some(dialer.response_timeout);
        let connection = dialer
            .connection(address, None, timeout, &mut self.tasks)
            .await?;
        self.connections.insert(address.clone(), connection.clone());
        Ok(connection)
    }
}
