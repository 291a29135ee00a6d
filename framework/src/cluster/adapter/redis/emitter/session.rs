use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

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
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// `None` until something is sent, and again once it did not work.
    current: Option<Connected>,
    failed: Option<Failed>,
}

/// The last attempt to connect that failed.
struct Failed {
    at: Instant,
    why: String,
    /// The topology by then, and the master that could not be reached; `None` if no topology was found.
    master: Option<(Topology, usize)>,
}

impl Failed {
    /// Whether an attempt for this key would have been the same.
    fn is_for(&self, key: Option<&str>) -> bool {
        let master = self.master.as_ref();
        master.is_none_or(|(topology, master)| master_of(topology, key) == *master)
    }
}

struct Connected {
    topology: Topology,
    connections: HashMap<Address, Arc<Open>>,
}

/// One connection. It lives as long as anyone waits for an answer on it.
pub(super) struct Open {
    connection: MultiplexedConnection,
    /// Nothing more is to be sent on it.
    given_up: AtomicBool,
    tasks: std::sync::Mutex<Tasks>,
}

impl Session {
    pub(in super::super) fn new(link: &LinkOptions) -> Result<Self, AdapterError> {
        let (dialer, endpoints) = link.resolve()?;
        Ok(Self {
            dialer,
            endpoints,
            state: Mutex::default(),
        })
    }

    /// The connection to the master that has the key, or to any.
    pub(super) async fn connect(&self, key: Option<&str>) -> Result<Arc<Open>, AdapterError> {
        let waiting = Instant::now();
        let mut state = self.state.lock().await;
        // Those who waited for an attempt share its end, so that nobody waits for one after the other.
        if let Some(failed) = &state.failed
            && failed.at > waiting
            && failed.is_for(key)
        {
            return Err(AdapterError::new(failed.why.clone()));
        }
        let open = state.open(&self.dialer, &self.endpoints, key).await;
        if let Err(error) = &open {
            let known = state.current.take();
            state.failed = Some(Failed {
                at: Instant::now(),
                why: error.to_string(),
                master: known.map(|known| {
                    let master = master_of(&known.topology, key);
                    (known.topology, master)
                }),
            });
        }
        open
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
        let open = self.connect(key).await?;
        let answer = command.query_async(&mut open.connection.clone()).await;
        if let Err(error) = &answer
            && matches!(Refusal::of(error), None | Some(Refusal::Elsewhere))
        {
            // It breaks, or its master is none any more: the next call begins anew.
            open.given_up.store(true, Ordering::Relaxed);
        }
        answer.map_err(AdapterError::new)
    }
}

impl State {
    async fn open(
        &mut self,
        dialer: &Dialer,
        endpoints: &Endpoints,
        key: Option<&str>,
    ) -> Result<Arc<Open>, AdapterError> {
        let is_over = |connected: &mut Connected| {
            let mut connections = connected.connections.values();
            connections.any(|open| open.is_over())
        };
        if self.current.as_mut().is_some_and(is_over) {
            self.current = None;
        }
        // A caller that is dropped meanwhile leaves the others what there is.
        let connected = match &mut self.current {
            Some(connected) => connected,
            none => none.insert(Connected {
                topology: Topology::discover(dialer, endpoints, &[]).await?,
                connections: HashMap::new(),
            }),
        };
        connected.connection(dialer, key).await
    }
}

impl Connected {
    async fn connection(
        &mut self,
        dialer: &Dialer,
        key: Option<&str>,
    ) -> Result<Arc<Open>, AdapterError> {
        let master = master_of(&self.topology, key);
        let address = self.topology.masters().get(master);
        let address = address.ok_or_else(|| AdapterError::new("Redis has no master"))?;
        if let Some(open) = self.connections.get(address) {
            return Ok(Arc::clone(open));
        }
        let open = Arc::new(Open::to(dialer, address).await?);
        self.connections.insert(address.clone(), Arc::clone(&open));
        Ok(open)
    }
}

/// The index of the master that has the key, or of any.
fn master_of(topology: &Topology, key: Option<&str>) -> usize {
    key.map_or(0, |key| topology.master_of(slot(key.as_bytes())))
}

impl Open {
    async fn to(dialer: &Dialer, address: &Address) -> Result<Self, AdapterError> {
        let mut tasks = Tasks::new();
        let timeout = Some(dialer.response_timeout);
        let connection = dialer.connection(address, None, timeout, &mut tasks);
        Ok(Self {
            connection: connection.await?,
            given_up: AtomicBool::new(false),
            tasks: std::sync::Mutex::new(tasks),
        })
    }

    /// Whether it was given up, or closed: then its task has ended.
    fn is_over(&self) -> bool {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        self.given_up.load(Ordering::Relaxed) || tasks.try_join_next().is_some()
    }
}
