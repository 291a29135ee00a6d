//! What the visitors of the page and the task that tells them things share.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{
    sync::{self, Semaphore, mpsc},
    time::Instant,
};

use super::{
    Admin, Mode,
    auth::Basic,
    credentials::{Credentials, Logins},
    denied::Denied,
    elsewhere::{Elsewhere, Said},
    sessions::Sessions,
    stats::{STATS, ServerStats},
};
use crate::{
    error::{BuildError, EmitError},
    id::hostname,
    metrics::Metrics,
    namespace::{Core, Hub, Namespace, Refusal, Socket},
    shard::monitor::{Background, Monitor, notice::Notice},
};

/// Pages for which all sockets are fetched at one time; others wait.
const MAX_SNAPSHOTS: usize = 2;

pub(super) struct Panel {
    pub(super) admin: Admin,
    namespace: String,
    pub(super) server_id: Arc<str>,
    pub(super) hostname: String,
    pub(super) begun: Instant,
    pub(super) monitor: Arc<Monitor>,
    /// Only the task that shows them takes it.
    pub(super) notices: sync::Mutex<mpsc::Receiver<Notice>>,
    /// A worker runs that task, or is about to.
    claimed: AtomicBool,
    sessions: Sessions,
    logins: Logins,
    pub(super) metrics: Arc<Metrics>,
    /// The right to ask the cluster for all sockets.
    pub(super) snapshots: Semaphore,
    /// Pages that are connected to this node.
    visitors: AtomicUsize,
    /// Whether any are connected to others.
    elsewhere: Mutex<Elsewhere>,
    /// Set once the hub is built.
    hub: OnceLock<Weak<Core>>,
}

impl Panel {
    pub(super) fn new(
        admin: Admin,
        namespace: String,
        server_id: &Arc<str>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, BuildError> {
        let (monitor, notices) = Monitor::new(STATS, metrics);
        Ok(Self {
            sessions: Sessions::open(&admin.store)?,
            admin,
            namespace,
            server_id: Arc::clone(server_id),
            hostname: hostname(),
            begun: Instant::now(),
            monitor,
            notices: sync::Mutex::new(notices),
            claimed: AtomicBool::new(false),
            logins: Logins::new(),
            metrics: Arc::clone(metrics),
            snapshots: Semaphore::new(MAX_SNAPSHOTS),
            visitors: AtomicUsize::new(0),
            elsewhere: Mutex::default(),
            hub: OnceLock::new(),
        })
    }

    /// The hub is built.
    pub(super) fn serve(self: Arc<Self>, core: &Arc<Core>) {
        let _ = self.hub.set(Arc::downgrade(core));
        if let Some(namespace) = self.namespace() {
            let this = Arc::downgrade(&self);
            self.monitor.serve(namespace.scope().id, this);
        }
    }

    /// `None` once the hub was dropped.
    pub(super) fn hub(&self) -> Option<Hub> {
        let core = self.hub.get()?.upgrade()?;
        Some(Hub { core })
    }

    /// That of the page.
    pub(super) fn namespace(&self) -> Option<Namespace> {
        self.hub()?.namespace(&self.namespace)
    }

    /// Whether single sockets and events are shown.
    pub(super) fn shows_all(&self) -> bool {
        self.admin.mode == Mode::Development
    }

    /// Lets a page in: with the id of its session, if it has just logged in.
    pub(super) async fn let_in(&self, page: &Socket) -> Result<Option<String>, Refusal> {
        let Some(basic) = &self.admin.auth.0 else {
            return Ok(None);
        };
        let (shown, address) = (Credentials::read(page.auth()), page.handshake().address());
        let admitted = self.admit(basic, shown, address).await;
        admitted.map_err(|denied| {
            self.metrics.admin_logins_refused.add(denied.reason());
            if denied == Denied::Wrong {
                tracing::warn!(?address, "a wrong name or password for the admin page");
            }
            denied.into()
        })
    }

    async fn admit(
        &self,
        basic: &Basic,
        shown: Credentials,
        address: Option<SocketAddr>,
    ) -> Result<Option<String>, Denied> {
        if let Some(id) = shown.session()
            && self.sessions.knows(id).await?
        {
            return Ok(None);
        }
        self.logins.verify(basic, shown, address).await?;
        self.sessions.begin().await.map(Some)
    }

    /// Another page is connected here; whether it is the first.
    pub(super) fn enter(&self) -> bool {
        let before = self.visitors.fetch_add(1, Ordering::AcqRel);
        self.look_around();
        before == 0
    }

    pub(super) fn leave(&self) {
        self.visitors.fetch_sub(1, Ordering::AcqRel);
        self.look_around();
    }

    /// There is news of pages that are connected to other nodes.
    fn learn(&self, news: impl FnOnce(&mut Elsewhere)) {
        news(
            &mut self
                .elsewhere
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        self.look_around();
    }

    /// Whether a page is connected to another node.
    pub(super) fn is_seen_elsewhere(&self) -> bool {
        let elsewhere = self.elsewhere.lock();
        let mut elsewhere = elsewhere.unwrap_or_else(PoisonError::into_inner);
        elsewhere.is_anyone(Instant::now())
    }

    /// Has everything told while there is a page that shows it, wherever it is connected.
    fn look_around(&self) {
        let elsewhere = self.elsewhere.lock();
        let mut elsewhere = elsewhere.unwrap_or_else(PoisonError::into_inner);
        let visited =
            self.visitors.load(Ordering::Acquire) > 0 || elsewhere.is_anyone(Instant::now());
        // Under the lock: of two that look at once, the later one has the last word.
        self.monitor.set_watched(self.shows_all() && visited);
    }

    /// Tells all pages how this server is; an error once there is no hub.
    pub(super) fn tell_stats(&self) -> Result<(), EmitError> {
        self.look_around();
        let (Some(hub), Some(namespace)) = (self.hub(), self.namespace()) else {
            return Err(EmitError::Disconnected);
        };
        let stats = ServerStats::of(self, &hub);
        if let Err(error) = namespace.everyone().emit_raw(STATS, &(stats,)) {
            tracing::debug!(%error, "not all pages were told how the server is");
        }
        Ok(())
    }
}

impl Background for Panel {
    fn run_here(self: Arc<Self>) {
        // Most often it runs already.
        if self.claimed.load(Ordering::Relaxed) || self.claimed.swap(true, Ordering::AcqRel) {
            return;
        }
        let page = self.namespace();
        if page.is_some_and(|page| page.scope().uplink().is_some()) {
            // It has not heard of any page yet, but clients come at once.
            self.learn(|elsewhere| elsewhere.joined(Instant::now()));
        }
        let claim = Claim(self);
        actix::spawn(async move {
            super::showing::run(&claim.0).await;
        });
    }

    fn heard(&self, array: &str) {
        if let Some(said) = Said::read(array, &self.namespace) {
            self.learn(|elsewhere| elsewhere.told(said, Instant::now()));
        }
    }

    fn asked(&self) {
        self.learn(|elsewhere| elsewhere.asked(Instant::now()));
    }
}

/// The right to run the task. Given back with the thread on which it ran: another worker takes over
/// with its next sign of life.
struct Claim(Arc<Panel>);

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.claimed.store(false, Ordering::Release);
    }
}
