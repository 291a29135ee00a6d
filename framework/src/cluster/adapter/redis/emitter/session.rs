use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use redis::{Cmd, FromRedisValue, aio::MultiplexedConnection};

use super::{
    super::{
        dialer::{Address, Dialer, Tasks},
        discovery::Discovery,
        options::LinkOptions,
        refusal::Refusal,
        slot::slot,
        topology::Topology,
    },
    attempt::Shared,
};
use crate::error::AdapterError;

/// Connections to the masters, as they are needed. What one master does to its callers is nothing to
/// those of another.
pub(in super::super) struct Session {
    dialer: Dialer,
    discovery: Discovery,
    found: Shared<Arc<Found>>,
    masters: Mutex<HashMap<Address, Master>>,
}

type Master = Arc<Shared<Arc<Open>>>;

/// The masters, and when they were asked for.
struct Found {
    topology: Topology,
    at: Instant,
}

/// One connection. It lives as long as anyone waits for an answer on it.
pub(super) struct Open {
    connection: MultiplexedConnection,
    /// Nothing more is to be sent on it.
    given_up: AtomicBool,
    tasks: Mutex<Tasks>,
}

impl Session {
    pub(in super::super) fn new(link: &LinkOptions) -> Result<Self, AdapterError> {
        let (dialer, endpoints) = link.resolve()?;
        Ok(Self {
            discovery: Discovery::new(dialer.clone(), endpoints),
            dialer,
            found: Shared::default(),
            masters: Mutex::default(),
        })
    }

    // Held for a few instructions.
    fn masters(&self) -> MutexGuard<'_, HashMap<Address, Master>> {
        self.masters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection to the master that has the key, or to any.
    pub(super) async fn connect(&self, key: Option<&str>) -> Result<Arc<Open>, AdapterError> {
        let mut found = match self.found.get() {
            Some(found) => found,
            None => self.discover(None).await?,
        };
        let (_, master) = self.master_of(&found, key)?;
        let known = master.get();
        if let Some(open) = known.as_ref().filter(|open| !open.is_over()) {
            return Ok(Arc::clone(open));
        }
        if known.is_some() || master.has_failed() {
            // It may be none any more.
            found = self.discover(Some(Instant::now())).await?;
        }
        let (address, master) = self.master_of(&found, key)?;
        let open = async { Ok(Arc::new(Open::to(&self.dialer, address).await?)) };
        master.get_or(|open| !open.is_over(), open).await
    }

    /// The masters as they were at that time, or later.
    async fn discover(&self, since: Option<Instant>) -> Result<Arc<Found>, AdapterError> {
        let is_new = |found: &Arc<Found>| since.is_none_or(|since| found.at > since);
        let discover = async {
            let topology = self.discovery.now().await?;
            let known = topology.masters();
            self.masters().retain(|address, _| known.contains(address));
            let at = Instant::now();
            Ok(Arc::new(Found { topology, at }))
        };
        self.found.get_or(is_new, discover).await
    }

    fn master_of<'a>(
        &self,
        found: &'a Found,
        key: Option<&str>,
    ) -> Result<(&'a Address, Master), AdapterError> {
        let topology = &found.topology;
        let master = key.map_or(0, |key| topology.master_of(slot(key.as_bytes())));
        let address = topology.masters().get(master);
        let address = address.ok_or_else(|| AdapterError::new("Redis has no master"))?;
        let mut masters = self.masters();
        let connection = match masters.get(address) {
            Some(known) => Arc::clone(known),
            None => Arc::clone(masters.entry(address.clone()).or_default()),
        };
        Ok((address, connection))
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

impl Open {
    async fn to(dialer: &Dialer, address: &Address) -> Result<Self, AdapterError> {
        let mut tasks = Tasks::new();
        let timeout = Some(dialer.response_timeout);
        let connection = dialer.connection(address, None, timeout, &mut tasks);
        Ok(Self {
            connection: connection.await?,
            given_up: AtomicBool::new(false),
            tasks: Mutex::new(tasks),
        })
    }

    /// Whether it was given up, or closed: then its task has ended.
    fn is_over(&self) -> bool {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        self.given_up.load(Ordering::Relaxed) || tasks.try_join_next().is_some()
    }
}
