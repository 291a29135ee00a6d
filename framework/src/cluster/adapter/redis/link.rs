//! The connection of a node to Redis: made, kept, and made again.
//!
//! A session is all connections together: one for publishes, one to listen and one for requests, to
//! each master. Whatever ends one of them ends the session, and the next one begins with the
//! question where the masters are. All of it runs on one worker, in the future of [`Link::run`].

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use tokio::{
    sync::Notify,
    time::{self, MissedTickBehavior},
};

use super::{
    backoff::Backoff,
    dialer::{Address, Dialer, Tasks},
    interest::{Heard, Interest, Marks, Topic},
    options::{Endpoints, LinkOptions},
    outbox::{Command, Outbox},
    publisher::publish,
    slot::slot,
    socket::Socket,
    store::RedisStore,
    subscriber::Subscriber,
    topology::Topology,
};
use crate::{
    cluster::adapter::{AdapterContext, AdapterError, PublishError, Store},
    config::SharedState,
};

/// How often replies that do not come are looked for, at least.
const TICK: Duration = Duration::from_millis(250);

/// How often the masters are asked for while all is well: what a failover leaves reachable would
/// otherwise never be left.
const REDISCOVER: Duration = Duration::from_secs(10);

/// After how long a connection counts as one that holds.
const STABLE: Duration = Duration::from_secs(5);

/// For how long [`Link::close`] waits for what is still to be sent.
const CLOSING: Duration = Duration::from_secs(1);

/// Who listens.
pub(super) trait Listener: Send + Sync + 'static {
    /// Everything that is to be heard now.
    fn interests(&self) -> Vec<Interest>;

    /// Whether one of them still is.
    fn is_wanted(&self, interest: &Interest) -> bool;

    /// What is subscribed to for it.
    fn topics(&self, interest: &Interest) -> Vec<Topic>;

    /// A message has come on a channel: because of which topic's name.
    fn message(&self, topic: &str, channel: &str, payload: Bytes);

    /// All is subscribed to, and verified.
    fn connected(&self);

    /// Told once for each time that the connection is lost, and if the first attempt fails.
    fn disconnected(&self, error: &AdapterError);
}

pub(super) struct Link {
    options: LinkOptions,
    dialer: Dialer,
    endpoints: Endpoints,
    outbox: Arc<Outbox>,
    marks: Marks,
    /// Which master is listened to for what all of them tell.
    home: u64,
    /// The masters that were found last.
    known: Mutex<Vec<Address>>,
    requests: RwLock<Option<Requests>>,
    closing: Notify,
    closed: Notify,
}

/// The connections for requests.
struct Requests {
    topology: Topology,
    connections: Vec<MultiplexedConnection>,
}

/// A connection of its own, for as long as this is kept.
pub(super) struct Dedicated {
    pub(super) connection: MultiplexedConnection,
    _tasks: Tasks,
}

impl Link {
    /// # Errors
    /// If the options are not valid.
    pub(super) fn new(
        options: &LinkOptions,
        context: &AdapterContext,
    ) -> Result<Self, AdapterError> {
        let (dialer, endpoints) = options.resolve()?;
        let mut home = DefaultHasher::new();
        context.server_id.hash(&mut home);
        Ok(Self {
            options: options.clone(),
            dialer,
            endpoints,
            outbox: Arc::new(Outbox::new(
                options.max_outbox_bytes,
                options.outbox_policy,
                Arc::clone(&context.metrics),
            )),
            marks: Marks::default(),
            home: home.finish(),
            known: Mutex::default(),
            requests: RwLock::new(None),
            closing: Notify::new(),
            closed: Notify::new(),
        })
    }

    /// What the nodes share on the same Redis, over a connection of its own.
    pub(super) fn store(&self, options: &SharedState) -> Option<Arc<dyn Store>> {
        RedisStore::shared(&self.options, options)
    }

    /// Takes a command over; see [`Command`]. Those of one slot are executed in their order.
    ///
    /// # Errors
    /// If the outbox is full and does not drop, or the link closed.
    pub(super) fn send(&self, command: Command) -> Result<(), PublishError> {
        self.outbox.push(command)
    }

    /// What is to be heard may have changed.
    pub(super) fn mark(&self, interest: Interest) {
        self.marks.mark(interest);
    }

    /// Waits until all that was marked is subscribed to.
    pub(super) async fn settled(&self) {
        self.marks.settled().await;
    }

    /// The connection for requests to the master of a key. Requests have the response timeout.
    ///
    /// # Errors
    /// While there is none.
    pub(super) fn requests(&self, key: &[u8]) -> Result<MultiplexedConnection, AdapterError> {
        let requests = self.requests.read().unwrap_or_else(PoisonError::into_inner);
        requests
            .as_ref()
            .and_then(|requests| {
                let master = requests.topology.master_of(slot(key));
                requests.connections.get(master).cloned()
            })
            .ok_or_else(away)
    }

    /// The connections for requests to all masters.
    ///
    /// # Errors
    /// While there are none.
    pub(super) fn all_requests(&self) -> Result<Vec<MultiplexedConnection>, AdapterError> {
        let requests = self.requests.read().unwrap_or_else(PoisonError::into_inner);
        requests
            .as_ref()
            .map(|requests| requests.connections.clone())
            .ok_or_else(away)
    }

    /// One more connection to the master of a key, for commands that block.
    ///
    /// # Errors
    /// While Redis is away, or if the connection cannot be made.
    pub(super) async fn dedicated(
        &self,
        key: &[u8],
        response_timeout: Duration,
    ) -> Result<Dedicated, AdapterError> {
        let master = {
            let requests = self.requests.read().unwrap_or_else(PoisonError::into_inner);
            let topology = requests.as_ref().map(|requests| &requests.topology);
            topology
                .and_then(|topology| {
                    topology
                        .masters()
                        .get(topology.master_of(slot(key)))
                        .cloned()
                })
                .ok_or_else(away)?
        };
        let mut tasks = Tasks::new();
        let timeout = Some(response_timeout);
        let connection = self
            .dialer
            .connection(&master, None, timeout, &mut tasks)
            .await?;
        Ok(Dedicated {
            connection,
            _tasks: tasks,
        })
    }

    async fn discover(&self) -> Result<Topology, AdapterError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known().clone();
        let found = Topology::discover(&self.dialer, &self.endpoints, &before).await?;
        *known() = found.masters().to_vec();
        Ok(found)
    }

    /// Stays connected until the future is dropped.
    pub(super) async fn run(&self, listener: Arc<dyn Listener>) {
        let mut backoff = Backoff::default();
        let mut known_to_be_away = false;
        loop {
            let begun = Instant::now();
            let ended = {
                let mut session = Session::new(self, &listener);
                let ended = session.run().await;
                known_to_be_away &= !session.was_connected;
                // Who is let in and thrown out at once does not knock more often.
                if session.was_connected && begun.elapsed() > STABLE {
                    backoff.reset();
                }
                ended
            };
            match ended {
                Ok(()) => {
                    self.closed.notify_one();
                    return std::future::pending().await;
                }
                Err(error) if !known_to_be_away => {
                    known_to_be_away = true;
                    listener.disconnected(&error);
                }
                Err(error) => tracing::debug!(%error, "Redis is still away"),
            }
            time::sleep(backoff.next()).await;
        }
    }

    /// Takes nothing more, sends what waits if that is possible at once, and unsubscribes.
    pub(super) async fn close(&self) {
        self.outbox.close();
        if self.all_requests().is_err() {
            return;
        }
        self.closing.notify_one();
        // Nobody may be running any more.
        let _ = time::timeout(2 * CLOSING, self.closed.notified()).await;
    }
}

/// One time of being connected; dropped, whatever ends it.
struct Session<'a> {
    link: &'a Link,
    listener: &'a Arc<dyn Listener>,
    tasks: Tasks,
    was_connected: bool,
}

impl<'a> Session<'a> {
    fn new(link: &'a Link, listener: &'a Arc<dyn Listener>) -> Self {
        Self {
            link,
            listener,
            tasks: Tasks::new(),
            was_connected: false,
        }
    }

    /// Ends well only when the link is closed.
    async fn run(&mut self) -> Result<(), AdapterError> {
        let dialer = &self.link.dialer;
        let discovered = self.link.discover().await?;
        let sockets = self.open_sockets(&discovered).await?;
        let requests = self.open_requests(&discovered).await?;
        let masters = discovered.masters().len() as u64;
        let home = usize::try_from(self.link.home % masters.max(1)).unwrap_or_default();
        let listener = Arc::clone(self.listener);
        let mut subscriber =
            Subscriber::connect(dialer, &discovered, home, listener, &mut self.tasks).await?;

        let marks = self.link.marks.watch();
        let interests = self.listener.interests();
        subscriber.subscribe(self.topics(&interests)).await?;
        let heard = Heard::new(interests);
        // Confirmed, and alive after it.
        subscriber.ping().await?;
        self.link.marks.told(marks);

        self.set_requests(Some(Requests {
            topology: discovered.clone(),
            connections: requests,
        }));
        let lines = self
            .link
            .outbox
            .connect(discovered.clone(), sockets.clone());
        for (line, socket) in lines.into_iter().zip(sockets) {
            let outbox = Arc::clone(&self.link.outbox);
            self.tasks.spawn(publish(outbox, line, socket));
        }
        self.was_connected = true;
        self.listener.connected();
        self.serve(&discovered, subscriber, heard).await
    }

    async fn open_sockets(&self, topology: &Topology) -> Result<Vec<Arc<Socket>>, AdapterError> {
        let dialer = &self.link.dialer;
        let mut sockets = Vec::new();
        for master in topology.masters() {
            let open = async {
                let stream = dialer.open(master).await.map_err(AdapterError::new)?;
                Socket::open(stream, &dialer.login).await
            };
            sockets.push(Arc::new(dialer.in_time(open).await?));
        }
        Ok(sockets)
    }

    async fn open_requests(
        &mut self,
        topology: &Topology,
    ) -> Result<Vec<MultiplexedConnection>, AdapterError> {
        let dialer = &self.link.dialer;
        let timeout = Some(dialer.response_timeout);
        let mut connections = Vec::new();
        for master in topology.masters() {
            connections.push(
                dialer
                    .connection(master, None, timeout, &mut self.tasks)
                    .await?,
            );
        }
        Ok(connections)
    }

    fn set_requests(&self, requests: Option<Requests>) {
        *self
            .link
            .requests
            .write()
            .unwrap_or_else(PoisonError::into_inner) = requests;
    }

    fn topics(&self, interests: &[Interest]) -> Vec<Topic> {
        let topics = interests
            .iter()
            .map(|interest| self.listener.topics(interest));
        topics.flatten().collect()
    }

    async fn serve(
        &mut self,
        topology: &Topology,
        mut subscriber: Subscriber,
        mut heard: Heard,
    ) -> Result<(), AdapterError> {
        let link = self.link;
        let timeout = link.dialer.response_timeout;
        let mut tick = time::interval(TICK.min(timeout / 2));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let unsubscribed = subscriber.unsubscribed();
        let (mut pinged, mut asked) = (Instant::now(), Instant::now());
        loop {
            let next_end = heard.next_end();
            tokio::select! {
                ended = self.tasks.join_next() => return Err(match ended {
                    Some(Ok(error)) => error,
                    _ => AdapterError::new("a connection to Redis was closed"),
                }),
                () = link.marks.changed() => self.update(&mut subscriber, &mut heard).await?,
                () = until(next_end) => self.update(&mut subscriber, &mut heard).await?,
                () = unsubscribed.unasked() => {
                    return Err(AdapterError::new("a slot of the Redis Cluster has moved"));
                }
                () = link.closing.notified() => return self.close(subscriber).await,
                _ = tick.tick() => {
                    if link.outbox.check(timeout) {
                        return Err(AdapterError::new("Redis has not answered a publish in time"));
                    }
                    if pinged.elapsed() > timeout / 2 {
                        pinged = Instant::now();
                        link.outbox.ping();
                        subscriber.ping().await?;
                    }
                    if asked.elapsed() > REDISCOVER {
                        asked = Instant::now();
                        self.look_for_a_failover(topology).await?;
                    }
                }
            }
        }
    }

    async fn update(
        &self,
        subscriber: &mut Subscriber,
        heard: &mut Heard,
    ) -> Result<(), AdapterError> {
        let listener = self.listener;
        let changes = heard.update(
            &self.link.marks,
            Instant::now(),
            |interest| listener.is_wanted(interest),
            || listener.interests(),
        );
        subscriber
            .subscribe(self.topics(&changes.subscribe))
            .await?;
        subscriber
            .unsubscribe(self.topics(&changes.unsubscribe))
            .await?;
        self.link.marks.told(changes.count);
        Ok(())
    }

    async fn look_for_a_failover(&self, topology: &Topology) -> Result<(), AdapterError> {
        // Who cannot be asked has not said that anything changed.
        match self.link.discover().await {
            Ok(now) if now != *topology => {
                Err(AdapterError::new("the masters of Redis have changed"))
            }
            _ => Ok(()),
        }
    }

    async fn close(&self, mut subscriber: Subscriber) -> Result<(), AdapterError> {
        let topics = self.topics(&self.listener.interests());
        let _ = time::timeout(CLOSING, subscriber.unsubscribe(topics)).await;
        let drained = async {
            while !self.link.outbox.is_idle() {
                time::sleep(Duration::from_millis(1)).await;
            }
        };
        let _ = time::timeout(CLOSING, drained).await;
        Ok(())
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.set_requests(None);
        self.link.marks.unwatch();
        if self.was_connected {
            self.link.outbox.disconnect();
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

fn away() -> AdapterError {
    AdapterError::new("there is no connection to Redis")
}
