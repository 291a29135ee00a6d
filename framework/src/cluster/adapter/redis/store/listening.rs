//! The connection of a store, and what is heard on it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use redis::{PushInfo, PushKind, Value, aio::MultiplexedConnection, cmd};
use tokio::{sync::Notify, time::sleep};

use super::{
    super::{
        dialer::{Address, OnPush, Tasks},
        discovery::REDISCOVER,
        slot::slot,
    },
    Current, RedisStore,
    backlog::{Heard, Outlet, backlog},
    reading,
};
use crate::cluster::adapter::{AdapterError, Listener};

/// How often the connection is asked whether it still is one.
const PING: Duration = Duration::from_secs(2);

/// Listens, each time that this ends again, until the future is dropped.
pub(super) async fn keep(store: &RedisStore, listener: &dyn Listener) {
    let mut backoff = store.backoff();
    loop {
        let begun = Instant::now();
        let mut session = Session {
            store,
            listener,
            tasks: Tasks::new(),
            was_connected: false,
        };
        let ended = session.run().await;
        store.set_current(None);
        backoff.ended(session.was_connected, begun.elapsed());
        drop(session);
        if let Err(error) = ended {
            tracing::debug!(%error, "the store is away");
            store.discovery.doubt();
        }
        sleep(backoff.next()).await;
    }
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
                let bytes = push.data.get(1).map_or(0, |payload| match payload {
                    Value::BulkString(payload) => payload.len(),
                    _ => 0,
                });
                inlet.put(push.data, bytes);
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
        let misdirected = Arc::<Notify>::default();
        store.set_current(Some(Current {
            connection: connection.clone(),
            misdirected: Arc::clone(&misdirected),
        }));
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
            () = misdirected.notified() => elsewhere(),
        })
    }
}

async fn hear(mut changes: Outlet<Vec<Value>>, listener: &dyn Listener) -> AdapterError {
    while let Some(heard) = changes.next().await {
        match heard {
            Heard::Change(message) => {
                if let Some(Value::BulkString(payload)) = message.get(1)
                    && let Some(diff) = reading::diff(payload, |topic| listener.wants(topic))
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
    let topology = store.discovery.now().await?;
    let master = topology
        .masters()
        .get(topology.master_of(slot(store.prefix.as_bytes())));
    let master = master.ok_or_else(|| AdapterError::new("there is no master"))?;
    Ok(master.clone())
}
