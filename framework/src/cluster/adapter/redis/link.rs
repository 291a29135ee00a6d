//! The connection of a node to Redis: made, kept, and made again.
//!
//! A session is all connections together: one for publishes, one to listen and one for requests, to
//! each master. Whatever ends one of them ends the session, and the next one begins with the
//! question where the masters are. All of it runs on one worker, in the future of [`Link::run`].

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use redis::aio::MultiplexedConnection;
use tokio::{sync::Notify, time};

use super::{
    backoff::Backoff,
    dialer::Dialer,
    discovery::Discovery,
    interest::{Interest, Marks, Topic},
    options::LinkOptions,
    outbox::{Command, Outbox},
    requests::Requests,
    round_trips::{RoundTrips, ToItself},
    session::{CLOSING, FLUSHING, Session},
    slot::slot,
    socket::Socket,
    store::RedisStore,
    topology::Topology,
};
use crate::{
    cluster::adapter::{AdapterContext, AdapterError, PublishError, Store},
    config::SharedState,
};

/// After how long a connection counts as one that holds.
pub(super) const STABLE: Duration = Duration::from_secs(5);

/// Who listens.
pub(super) trait Listener: Send + Sync + 'static {
    /// Everything that is to be heard now.
    fn interests(&self) -> Vec<Interest>;

    /// Whether one of them still is.
    fn is_wanted(&self, interest: &Interest) -> bool;

    /// For how long clients whose connection was lost may come back to what is said in a room that
    /// has no members any more, if they may.
    fn keeps(&self, interest: &Interest) -> Option<Duration> {
        let _ = interest;
        None
    }

    /// What is subscribed to for it.
    fn topics(&self, interest: &Interest) -> Vec<Topic>;

    /// The slots of which it matters who is their master: all of them, or just these.
    fn slots(&self) -> Option<Vec<u16>> {
        None
    }

    /// A message to this node itself, with this in it, by which it is seen how long messages take; `None` if
    /// nothing of the kind is to be sent.
    fn to_itself(&self, id: &str) -> Option<ToItself> {
        let _ = id;
        None
    }

    /// A message has come on a channel: because of which topic's name.
    fn message(&self, topic: &str, channel: &str, payload: &[u8]);

    /// All is subscribed to, and verified.
    fn connected(&self);

    /// Told once for each time that the connection is lost, and if the first attempt fails.
    fn disconnected(&self, error: &AdapterError);
}

pub(super) struct Link {
    options: LinkOptions,
    pub(super) dialer: Dialer,
    pub(super) discovery: Discovery,
    pub(super) outbox: Arc<Outbox>,
    pub(super) marks: Marks,
    pub(super) round_trips: Arc<RoundTrips>,
    /// Which master is listened to for what all of them tell.
    pub(super) home: u64,
    pub(super) requests: RwLock<Option<Arc<Requests>>>,
    /// Nothing is to be heard any more.
    deaf: AtomicBool,
    pub(super) leaving: Notify,
    pub(super) left: Notify,
    pub(super) closing: Notify,
    closed: Notify,
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
            discovery: Discovery::new(dialer.clone(), endpoints),
            dialer,
            outbox: Arc::new(Outbox::new(
                options.max_outbox_bytes,
                options.outbox_policy,
                Arc::clone(&context.metrics),
            )),
            marks: Marks::default(),
            round_trips: Arc::new(RoundTrips::new()),
            home: home.finish(),
            requests: RwLock::new(None),
            deaf: AtomicBool::new(false),
            leaving: Notify::new(),
            left: Notify::new(),
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
                let asked = requests.masters.get(master)?;
                Some(asked.connection.clone())
            })
            .ok_or_else(away)
    }

    /// All connections for requests.
    ///
    /// # Errors
    /// While there are none.
    pub(super) fn all_requests(&self) -> Result<Arc<Requests>, AdapterError> {
        let requests = self.requests.read().unwrap_or_else(PoisonError::into_inner);
        requests.clone().ok_or_else(away)
    }

    /// One more connection to the master of a key.
    ///
    /// # Errors
    /// While Redis is away, or if the connection cannot be made.
    pub(super) async fn socket(&self, key: &[u8]) -> Result<Socket, AdapterError> {
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
        Socket::to(&self.dialer, &master).await
    }

    /// Stays connected until the future is dropped.
    pub(super) async fn run(&self, listener: Arc<dyn Listener>) {
        tokio::select! {
            () = self.stay_connected(listener) => {}
            () = self.outbox.tell() => {}
        }
    }

    async fn stay_connected(&self, listener: Arc<dyn Listener>) {
        let mut backoff = Backoff::default();
        let mut known_to_be_away = false;
        let mut before: Option<Topology> = None;
        loop {
            let begun = Instant::now();
            let ended = {
                let mut session = Session::new(self, &listener);
                let ended = session.run().await;
                known_to_be_away &= !session.was_connected;
                backoff.ended(session.was_connected, begun.elapsed());
                if let Some(found) = session.found.take() {
                    // Nobody has thrown us out: slots move one after the other, for minutes.
                    if before.is_some_and(|before| found.has_moved_since(&before, None)) {
                        backoff.reset();
                    }
                    before = Some(found);
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
            self.discovery.doubt();
            time::sleep(backoff.next()).await;
        }
    }

    pub(super) fn is_deaf(&self) -> bool {
        self.deaf.load(Ordering::Relaxed)
    }

    /// Hears nothing more, once the server has confirmed that. A connection that is being made [looks for
    /// it](Session::run) itself.
    pub(super) async fn unsubscribe(&self) {
        if self.deaf.swap(true, Ordering::Relaxed) || self.all_requests().is_err() {
            return;
        }
        self.leaving.notify_one();
        // Nobody may be running any more.
        let _ = time::timeout(self.dialer.response_timeout, self.left.notified()).await;
    }

    /// Unsubscribes, takes nothing more, and sends what waits as soon as Redis is there.
    pub(super) async fn close(&self) {
        self.unsubscribe().await;
        self.outbox.close();
        while !self.outbox.is_idle() {
            time::sleep(FLUSHING).await;
        }
        if self.all_requests().is_err() {
            return;
        }
        self.closing.notify_one();
        // Nobody may be running any more.
        let _ = time::timeout(CLOSING, self.closed.notified()).await;
    }
}

fn away() -> AdapterError {
    AdapterError::new("there is no connection to Redis")
}
