//! The connection of a store, and what is heard on it.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use redis::{
    PushInfo, PushKind, RedisError, ServerErrorKind, Value, aio::MultiplexedConnection, cmd,
};
use tokio::time::sleep;

use super::{
    super::{
        backoff::Backoff,
        dialer::{Address, OnPush, Tasks},
        slot::slot,
        topology::Topology,
    },
    RedisStore,
    backlog::{Heard, Outlet, backlog},
    reading,
};
use crate::cluster::adapter::{AdapterError, Listener};

/// How often the connection is asked whether it still is one.
const PING: Duration = Duration::from_secs(2);

/// How often the master is asked for while all is well: what a failover leaves reachable would
/// otherwise never be left.
const REDISCOVER: Duration = Duration::from_secs(10);

/// Listens, each time that this ends again, until the future is dropped.
pub(super) async fn keep(store: &RedisStore, listener: &dyn Listener) {
    let mut backoff = Backoff::default();
    loop {
        let mut session = Session {
            store,
            listener,
            tasks: Tasks::new(),
            was_connected: false,
        };
        let ended = session.run().await;
        store.set_connection(None);
        if session.was_connected {
            backoff.reset();
        }
        drop(session);
        if let Err(error) = ended {
            tracing::debug!(%error, "the store is away");
        }
        sleep(backoff.next()).await;
    }
}

/// Whether it was not for this server to answer. One that is asked where slots are on their way
/// (ASK) still is the one to be asked about them.
pub(super) fn is_misdirected(error: &RedisError) -> bool {
    let elsewhere = [
        ServerErrorKind::Moved,
        ServerErrorKind::ReadOnly,
        ServerErrorKind::MasterDown,
    ];
    // Before version 7 Redis wraps what a script runs into.
    let wrapped = || {
        error
            .detail()
            .is_some_and(|text| text.contains("-READONLY"))
    };
    elsewhere.iter().any(|kind| error.kind() == (*kind).into()) || wrapped()
}

/// One time of being connected; dropped, whatever ends it.
struct Session<'a> {
    store: &'a RedisStore,
    listener: &'a dyn Listener,
    tasks: Tasks,
    was_connected: bool,
}

impl Session<'_> {
    async fn run(&mut self) -> Result<(), AdapterError> {
        let store = self.store;
        let master = discover(store).await?;
        let (inlet, changes) = backlog();
        let on_push: OnPush = Arc::new(move |push: PushInfo| {
            if push.kind == PushKind::Message {
                inlet.put(push.data);
            }
        });
        let timeout = Some(store.dialer.response_timeout);
        let mut connection = store
            .dialer
            .connection(&master, Some(on_push), timeout, &mut self.tasks)
            .await?;
        let channel = store.key("changes");
        let subscribed = connection.subscribe(&channel).await;
        subscribed.map_err(AdapterError::new)?;
        let open = store.scripts.open.key(&store.prefix);
        let opened: Result<(), _> = open.invoke_async(&mut connection).await;
        opened.map_err(AdapterError::new)?;
        store.set_connection(Some(connection.clone()));
        self.was_connected = true;
        self.listener.listening();
        // Beside each other: who is asked may take its time.
        Err(tokio::select! {
            error = hear(changes, self.listener) => error,
            error = ping(connection) => error,
            error = rediscover(store, &master) => error,
            ended = self.tasks.join_next() => match ended {
                Some(Ok(error)) => error,
                Some(Err(_)) | None => AdapterError::new("the connection has ended"),
            },
            () = store.misdirected.notified() => elsewhere(),
        })
    }
}

async fn hear(mut changes: Outlet<Vec<Value>>, listener: &dyn Listener) -> AdapterError {
    while let Some(heard) = changes.next().await {
        match heard {
            Heard::Change(message) => {
                if let Some(Value::BulkString(payload)) = message.get(1)
                    && let Some(diff) = reading::diff(payload)
                {
                    listener.changed(diff);
                }
            }
            Heard::Overflow => listener.listening(),
        }
    }
    AdapterError::new("the connection was closed")
}

async fn ping(mut connection: MultiplexedConnection) -> AdapterError {
    loop {
        sleep(PING).await;
        let pong: Result<Value, _> = cmd("PING").query_async(&mut connection).await;
        if let Err(error) = pong {
            return AdapterError::new(error);
        }
    }
}

async fn rediscover(store: &RedisStore, master: &Address) -> AdapterError {
    loop {
        sleep(REDISCOVER).await;
        // Who cannot be asked has not said that anything changed.
        if let Ok(now) = discover(store).await
            && now != *master
        {
            return elsewhere();
        }
    }
}

fn elsewhere() -> AdapterError {
    AdapterError::new("another server is the master now")
}

/// The master that has the keys.
async fn discover(store: &RedisStore) -> Result<Address, AdapterError> {
    let known = || store.known.lock().unwrap_or_else(PoisonError::into_inner);
    let before = known().clone();
    let topology = Topology::discover(&store.dialer, &store.endpoints, &before).await?;
    let masters = topology.masters();
    *known() = masters.to_vec();
    let master = masters.get(topology.master_of(slot(store.prefix.as_bytes())));
    let master = master.ok_or_else(|| AdapterError::new("there is no master"))?;
    Ok(master.clone())
}
