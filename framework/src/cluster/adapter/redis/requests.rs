//! The connections for requests: to each master, and in a Redis Cluster to the replicas, where others
//! may be subscribed.

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::future::{join_all, try_join_all};
use redis::{RedisResult, Value, aio::MultiplexedConnection, cmd};
use tokio::{sync::watch, time::timeout};

use super::{
    audience::Audience,
    dialer::{Address, Dialer, Opened, Tasks},
    refusal::Refusal,
    topology::Topology,
};
use crate::cluster::adapter::AdapterError;

#[derive(Clone)]
pub(super) struct Requests {
    pub(super) topology: Topology,
    pub(super) masters: Vec<Asked>,
    pub(super) replicas: watch::Receiver<Replicas>,
}

/// Those that can be reached; `None` until they have been looked for.
pub(super) type Replicas = Option<Vec<Arc<Replica>>>;

/// One that is asked.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) connection: MultiplexedConnection,
    /// How many bytes have come on it.
    read: Arc<AtomicU64>,
}

/// A replica of a Redis Cluster. It may go at any time.
pub(super) struct Replica {
    address: Address,
    pub(super) asked: Asked,
    pub(super) audience: Audience,
    /// Ends with the connection.
    tasks: Mutex<Tasks>,
}

impl Requests {
    /// Opens those to the masters. Replicas are looked for behind it, by [`look_for_replicas`]: one that
    /// is dead takes as long as a connection may.
    ///
    /// # Errors
    /// If a master cannot be reached.
    pub(super) async fn open(
        dialer: &Dialer,
        topology: &Topology,
        replicas: &watch::Sender<Replicas>,
        tasks: &mut Tasks,
    ) -> Result<Self, AdapterError> {
        let opened = topology.masters().iter();
        let opened = opened.map(|master| Asked::dial(dialer, master));
        let opened = try_join_all(opened).await?.into_iter();
        Ok(Self {
            topology: topology.clone(),
            masters: opened
                .map(|(opened, read)| Asked {
                    connection: opened.driven_by(tasks),
                    read,
                })
                .collect(),
            replicas: replicas.subscribe(),
        })
    }
}

/// The replicas, once they have been looked for.
///
/// # Errors
/// If the connections have ended before, or one of the replicas takes longer than the time given: nobody knows
/// yet who is subscribed there.
pub(super) async fn known(
    mut replicas: watch::Receiver<Replicas>,
    patience: Duration,
) -> Result<Vec<Arc<Replica>>, AdapterError> {
    let known = timeout(patience, replicas.wait_for(Option::is_some)).await;
    let known = known.map_err(|_| AdapterError::new("a replica could not be asked yet"))?;
    let known = known.map_err(AdapterError::new)?;
    Ok(known.clone().unwrap_or_default())
}

impl Asked {
    async fn open(
        dialer: &Dialer,
        address: &Address,
        tasks: &mut Tasks,
    ) -> Result<Self, AdapterError> {
        let (opened, read) = Self::dial(dialer, address).await?;
        Ok(Self {
            connection: opened.driven_by(tasks),
            read,
        })
    }

    async fn dial(
        dialer: &Dialer,
        address: &Address,
    ) -> Result<(Opened, Arc<AtomicU64>), AdapterError> {
        let read = Arc::<AtomicU64>::default();
        let timeout = Some(dialer.response_timeout);
        let opened = dialer.dial(address, None, timeout, &read).await?;
        Ok((opened, read))
    }

    /// Whether the server still answers. One of which something comes is alive, though its answer waits
    /// behind that for longer than the timeout.
    async fn ping(&self) -> Result<(), AdapterError> {
        let before = self.read.load(Relaxed);
        let mut connection = self.connection.clone();
        let answered: RedisResult<Value> = cmd("PING").query_async(&mut connection).await;
        match answered {
            Err(error) if Refusal::of(&error).is_some() => Ok(()),
            Err(error) if error.is_timeout() && self.read.load(Relaxed) != before => Ok(()),
            answered => answered.map(|_| ()).map_err(AdapterError::new),
        }
    }
}

impl Replica {
    fn is_open(&self) -> bool {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.try_join_next().is_none()
    }
}

/// Whether all masters still answer requests: nothing else would tell of one that has been idle.
pub(super) async fn ping(masters: &[Asked]) -> Result<(), AdapterError> {
    try_join_all(masters.iter().map(Asked::ping)).await?;
    Ok(())
}

/// Connections to the replicas there are by now, as far as they can be reached.
pub(super) async fn look_for_replicas(
    dialer: &Dialer,
    topology: Cow<'_, Topology>,
    found: &watch::Sender<Replicas>,
) {
    let before = found.borrow().clone().unwrap_or_default();
    let replicas = replicas(dialer, &topology, &before).await;
    found.send_replace(Some(replicas));
}

async fn replicas(
    dialer: &Dialer,
    topology: &Topology,
    known: &[Arc<Replica>],
) -> Vec<Arc<Replica>> {
    let open = async |address: &Address| {
        let is_it = |replica: &&Arc<Replica>| replica.address == *address && replica.is_open();
        let known = known.iter().find(is_it).cloned();
        // One that was dropped without a word while it was idle is dialled again.
        if let Some(replica) = &known
            && replica.asked.ping().await.is_ok()
        {
            replica.audience.speaks();
            return known;
        }
        let mut tasks = Tasks::new();
        match Asked::open(dialer, address, &mut tasks).await {
            Ok(asked) => Some(Arc::new(Replica {
                address: address.clone(),
                asked,
                audience: Audience::default(),
                tasks: Mutex::new(tasks),
            })),
            Err(error) => {
                tracing::debug!(%error, ?address, "a replica cannot be asked for its subscribers");
                // It may only be slow, and somebody subscribed there.
                known
            }
        }
    };
    let replicas = join_all(topology.replicas().iter().map(open)).await;
    replicas.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use redis::{AsyncConnectionConfig, RedisConnectionInfo};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::{super::guard::Guarded, *};

    /// A connection, and what the server has of it.
    async fn connection() -> Result<(Asked, DuplexStream), AdapterError> {
        let (ours, server) = duplex(1_000);
        let read = Arc::<AtomicU64>::default();
        let stream = Guarded::new(ours, 1_000, Arc::clone(&read));
        // Nothing is said before what is asked.
        let login = RedisConnectionInfo::default().set_skip_set_lib_name();
        let patience = Some(Duration::from_secs(5));
        let config = AsyncConnectionConfig::new().set_response_timeout(patience);
        let opened = MultiplexedConnection::new_with_config(&login, stream, config).await;
        let (connection, driver) = opened.map_err(AdapterError::new)?;
        tokio::spawn(driver);
        Ok((Asked { connection, read }, server))
    }

    /// What a ping says if this is all that comes.
    async fn pinged(answer: &[u8]) -> Result<(), AdapterError> {
        let (asked, mut server) = connection().await?;
        let answers = async {
            let mut question = [0; 1_000];
            let _ = server.read(&mut question).await;
            let _ = server.write_all(answer).await;
        };
        tokio::join!(asked.ping(), answers).0
    }

    #[tokio::test(start_paused = true)]
    async fn who_still_answers_something_else_is_alive() {
        assert!(pinged(b"+PONG\r\n").await.is_ok());
        assert!(pinged(b"$900\r\nthe first of them").await.is_ok());
        assert!(pinged(b"-NOPERM it may not ask\r\n").await.is_ok());
        assert!(pinged(b"").await.is_err());
    }
}
