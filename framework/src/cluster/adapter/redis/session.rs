//! One time of being connected to Redis.

use std::{
    borrow::Cow,
    pin::Pin,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use tokio::{
    sync::watch,
    time::{self, MissedTickBehavior},
};

use super::{
    dialer::Tasks,
    discovery::REDISCOVER,
    interest::{Heard, Interest, Topic},
    link::{Link, Listener},
    publisher::publish,
    requests::{Asked, Replicas, Requests, look_for_replicas, ping},
    round_trips::EVERY,
    socket::Socket,
    subscriber::{Hears, Subscriber},
    topology::Topology,
};
use crate::cluster::adapter::AdapterError;

/// How often replies that do not come are looked for, at least.
const TICK: Duration = Duration::from_millis(250);

/// How often it is looked whether all has been sent, or answered.
pub(super) const FLUSHING: Duration = Duration::from_millis(2);

/// For how long it is waited for the last answers, and for the connections to end.
pub(super) const CLOSING: Duration = Duration::from_secs(1);

/// One time of being connected; dropped, whatever ends it.
pub(super) struct Session<'a> {
    link: &'a Link,
    listener: &'a Arc<dyn Listener>,
    tasks: Tasks,
    /// Those of a Redis Cluster.
    replicas: watch::Sender<Replicas>,
    /// Where the masters were when it began, if somebody knew.
    pub(super) found: Option<Topology>,
    pub(super) was_connected: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(link: &'a Link, listener: &'a Arc<dyn Listener>) -> Self {
        Self {
            link,
            listener,
            tasks: Tasks::new(),
            replicas: watch::Sender::new(None),
            found: None,
            was_connected: false,
        }
    }

    /// Ends well only when the link is closed.
    pub(super) async fn run(&mut self) -> Result<(), AdapterError> {
        let dialer = &self.link.dialer;
        let discovered = self.link.discovery.now().await?;
        self.found = Some(discovered.clone());
        let sockets = self.open_sockets(&discovered).await?;
        let requests = Requests::open(dialer, &discovered, &self.replicas, &mut self.tasks).await?;
        let asked = requests.masters.clone();
        let masters = discovered.masters().len() as u64;
        let home = usize::try_from(self.link.home % masters.max(1)).unwrap_or_default();
        let hears = Hears {
            listener: Arc::clone(self.listener),
            round_trips: Arc::clone(&self.link.round_trips),
        };
        let subscriber =
            Subscriber::connect(dialer, &discovered, home, hears, &mut self.tasks).await?;

        let marks = self.link.marks.watch();
        let interests = match self.link.is_deaf() {
            true => Vec::new(),
            false => self.listener.interests(),
        };
        subscriber.subscribe(self.topics(&interests)).await?;
        let listener = Arc::clone(self.listener);
        let heard = Heard::new(interests).keeping(move |interest| listener.keeps(interest));
        // Confirmed, and alive after it.
        subscriber.ping().await?;
        self.link.marks.told(marks);

        self.set_requests(Some(Arc::new(requests)));
        // Who leaves sees these requests and waits for `serve`, or is seen here.
        if self.link.is_deaf() {
            let topics = self.topics(&self.listener.interests());
            subscriber.unsubscribe(topics).await?;
        }
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
        self.serve(&discovered, subscriber, heard, &asked).await
    }

    async fn open_sockets(&self, topology: &Topology) -> Result<Vec<Arc<Socket>>, AdapterError> {
        let open = async |master| {
            let socket = Socket::to(&self.link.dialer, master).await?;
            Ok(Arc::new(socket))
        };
        try_join_all(topology.masters().iter().map(open)).await
    }

    fn set_requests(&self, requests: Option<Arc<Requests>>) {
        *self
            .link
            .requests
            .write()
            .unwrap_or_else(PoisonError::into_inner) = requests;
    }

    /// Slots that matter to others only may have moved: their keys are asked for where they are now.
    fn follow(&self, now: &Topology) {
        let mut requests = self
            .link
            .requests
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(requests) = &mut *requests
            && now.has_moved_since(&requests.topology, None)
        {
            *requests = Arc::new(Requests {
                topology: now.clone(),
                ..Requests::clone(requests)
            });
        }
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
        subscriber: Subscriber,
        mut heard: Heard,
        masters: &[Asked],
    ) -> Result<(), AdapterError> {
        let link = self.link;
        let timeout = link.dialer.response_timeout;
        let mut tick = time::interval(TICK.min(timeout / 2));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let subscriber = &subscriber;
        let unsubscribed = subscriber.unsubscribed();
        let mut late = false;
        let mut told_itself = None::<Instant>;
        let (mut pinged, mut asked) = (Instant::now(), Instant::now());
        // Beside all else: who is asked may be dead, and take its time.
        let mut discovery: Option<Question<'_, Topology>> = None;
        let mut looking = Some(Box::pin(look_for_replicas(
            &link.dialer,
            Cow::Borrowed(topology),
            &self.replicas,
        )));
        let (mut pinging, mut hearing) = (None::<Question<'_, ()>>, None::<Question<'_, ()>>);
        // What the server is told of topics, one after the other: who is behind with messages confirms it late.
        let mut telling: Option<Question<'_, ()>> = None;
        loop {
            let next_end = heard.next_end();
            tokio::select! {
                ended = self.tasks.join_next() => return Err(match ended {
                    Some(Ok(error)) => error,
                    _ => AdapterError::new("a connection to Redis was closed"),
                }),
                () = link.marks.changed(), if telling.is_none() => {
                    telling = Some(self.update(subscriber, &mut heard));
                }
                () = until(next_end), if telling.is_none() => {
                    telling = Some(self.update(subscriber, &mut heard));
                }
                told = answer(&mut telling) => {
                    telling = None;
                    told?;
                }
                () = unsubscribed.unasked() => {
                    let error = AdapterError::new("a slot of the Redis Cluster has moved");
                    return Err(leave(link, &mut self.tasks, error).await);
                }
                error = link.outbox.elsewhere() => {
                    return Err(leave(link, &mut self.tasks, error).await);
                }
                found = answer(&mut discovery) => {
                    discovery = None;
                    // If nobody can be asked, nobody has said that anything changed.
                    let Ok(now) = found else { continue };
                    if now.has_moved_since(topology, self.listener.slots().as_deref()) {
                        let error = AdapterError::new("the masters of Redis have changed");
                        return Err(match now.masters() == topology.masters() {
                            true => leave(link, &mut self.tasks, error).await,
                            // One of them may be dead, which would answer nothing.
                            false => error,
                        });
                    }
                    self.follow(&now);
                    if looking.is_none() {
                        let (dialer, found) = (&link.dialer, &self.replicas);
                        looking = Some(Box::pin(look_for_replicas(dialer, Cow::Owned(now), found)));
                    }
                }
                () = answer(&mut looking) => looking = None,
                alive = answer(&mut pinging) => {
                    pinging = None;
                    alive?;
                }
                alive = answer(&mut hearing) => {
                    hearing = None;
                    alive?;
                }
                () = link.leaving.notified(), if telling.is_none() => {
                    let topics = self.topics(&self.listener.interests());
                    telling = Some(Box::pin(async move {
                        // What has broken is noticed elsewhere, and hears nothing either.
                        if let Err(error) = subscriber.unsubscribe(topics).await {
                            tracing::debug!(%error, "the subscriptions were not ended");
                        }
                        link.left.notify_one();
                        Ok(())
                    }));
                }
                () = link.closing.notified() => return Ok(()),
                _ = tick.tick() => {
                    let was_late = std::mem::replace(&mut late, link.outbox.check(timeout));
                    // Once may be this worker's own fault: the reply may be there, unread.
                    if was_late && late {
                        return Err(AdapterError::new("Redis has not answered a publish in time"));
                    }
                    if told_itself.is_none_or(|told| told.elapsed() >= EVERY) {
                        told_itself = Some(Instant::now());
                        self.tell_itself();
                    }
                    if pinging.is_none() && pinged.elapsed() > timeout / 2 {
                        pinged = Instant::now();
                        link.outbox.ping();
                        // Behind all that clients are told who come back.
                        pinging = Some(Box::pin(ping(masters)));
                        // And behind all messages that come.
                        if hearing.is_none() {
                            hearing = Some(Box::pin(subscriber.ping()));
                        }
                    }
                    if discovery.is_none() && asked.elapsed() > REDISCOVER {
                        asked = Instant::now();
                        discovery = Some(Box::pin(link.discovery.now()));
                    }
                }
            }
        }
    }

    fn tell_itself(&self) {
        let link = self.link;
        let begun = link.round_trips.begin(|id| self.listener.to_itself(id));
        if let Some(command) = begun {
            link.outbox.push_aside(command);
        }
    }

    /// Tells the server what is to be heard now, and what is not any more.
    fn update<'q>(&self, subscriber: &'q Subscriber, heard: &mut Heard) -> Question<'q, ()>
    where
        'a: 'q,
    {
        let (link, listener) = (self.link, self.listener);
        let changes = heard.update(
            &link.marks,
            Instant::now(),
            |interest| listener.is_wanted(interest),
            || listener.interests(),
        );
        let more = self.topics(&changes.subscribe);
        let less = self.topics(&changes.unsubscribe);
        Box::pin(async move {
            if !link.is_deaf() {
                subscriber.subscribe(more).await?;
                subscriber.unsubscribe(less).await?;
            }
            link.marks.told(changes.count);
            Ok(())
        })
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.set_requests(None);
        self.link.marks.unwatch();
        self.link.round_trips.forget();
        if self.was_connected {
            self.link.outbox.disconnect();
        }
    }
}

/// What is asked beside all else.
type Question<'a, T> = Pin<Box<dyn Future<Output = Result<T, AdapterError>> + Send + 'a>>;

/// Others are to be asked from now on. Those that were asked are well: what they were given is answered
/// before the connections end.
async fn leave(link: &Link, tasks: &mut Tasks, why: AdapterError) -> AdapterError {
    link.outbox.stop();
    let answered = async {
        while !link.outbox.is_answered() {
            time::sleep(FLUSHING).await;
        }
    };
    tokio::select! {
        _ = time::timeout(CLOSING, answered) => {}
        _ = tasks.join_next() => {}
    }
    why
}

async fn answer<F: Future + Unpin>(question: &mut Option<F>) -> F::Output {
    match question {
        Some(question) => question.await,
        None => std::future::pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
