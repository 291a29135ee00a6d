//! What is told to whoever watches the hub: figures of each second, and single events while someone
//! looks.
//!
//! A hub that nobody can watch has none of this. Where it can be watched, workers count for
//! themselves ([`watch`]) and tell the figures with each sign of life; everything else is told only
//! while someone looks, and goes through a bounded queue that no worker ever waits for.

pub(crate) mod figures;
pub(crate) mod notice;
pub(crate) mod watch;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use tokio::sync::mpsc;

use super::directory::Scope;
use crate::{id::NamespaceId, metrics::Metrics};
use figures::{Figure, Figures};
use notice::{Notice, What};

/// Notices that may wait; more are dropped and counted.
const MAX_WAITING: usize = 16 * 1024;

/// Bytes that they may keep alive, and what one notice may hold on top.
const MAX_BYTES: usize = 16 << 20;

/// Places that are kept for what becomes of sockets: of an event that is left out nobody gets a wrong
/// picture.
const RESERVED: usize = MAX_WAITING / 2;

/// Who watches the hub: does its work on some worker, see [`Monitor::run_here`].
pub(crate) trait Background: Send + Sync {
    /// Runs on this thread, unless it runs on another.
    fn run_here(self: Arc<Self>);

    /// Another node has told whether anyone looks there, with an event of this array.
    fn heard(&self, array: &str);

    /// Someone begins to look on another node, which asks for all sockets. Called before it is answered: what
    /// becomes of them from then on is told.
    fn asked(&self);
}

pub(crate) struct Monitor {
    /// Someone looks at more than figures.
    watched: AtomicBool,
    /// The namespace of those who look, and the name of the event with which nodes tell each other
    /// whether anyone does.
    own: OnceLock<NamespaceId>,
    beacon: &'static str,
    notices: mpsc::Sender<Notice>,
    /// Bytes that those keep alive which wait.
    waiting: AtomicUsize,
    figures: Mutex<Figures>,
    background: OnceLock<Weak<dyn Background>>,
    metrics: Arc<Metrics>,
}

impl Monitor {
    pub(crate) fn new(
        beacon: &'static str,
        metrics: &Arc<Metrics>,
    ) -> (Arc<Self>, mpsc::Receiver<Notice>) {
        let (notices, told) = mpsc::channel(MAX_WAITING);
        let monitor = Self {
            watched: AtomicBool::new(false),
            own: OnceLock::new(),
            beacon,
            notices,
            waiting: AtomicUsize::new(0),
            figures: Mutex::default(),
            background: OnceLock::new(),
            metrics: Arc::clone(metrics),
        };
        (Arc::new(monitor), told)
    }

    /// The hub is built.
    pub(crate) fn serve(&self, own: NamespaceId, background: Weak<dyn Background>) {
        let _ = self.own.set(own);
        let _ = self.background.set(background);
    }

    /// Whoever tells it what is asked of its worker calls it, again and again: the thread on which it
    /// ran may have ended.
    pub(crate) fn run_here(&self) {
        if let Some(background) = self.background() {
            background.run_here();
        }
    }

    /// `None` once the hub was dropped.
    fn background(&self) -> Option<Arc<dyn Background>> {
        self.background.get()?.upgrade()
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    pub(crate) fn set_watched(&self, watched: bool) {
        self.watched.store(watched, Ordering::Relaxed);
    }

    /// Whether events of this namespace are what those who look are told: told again, they would never
    /// end.
    pub(crate) fn is_own(&self, namespace: NamespaceId) -> bool {
        self.own.get() == Some(&namespace)
    }

    /// Tells what becomes of a socket, if anyone looks.
    pub(crate) fn tell(&self, scope: &Scope, what: impl FnOnce() -> What) {
        if self.is_watched() {
            self.put(scope, what());
        }
    }

    /// Tells of an event of a client, or for clients, if anyone looks.
    pub(crate) fn tell_event(&self, scope: &Scope, what: impl FnOnce() -> What) {
        if !self.is_watched() || self.is_own(scope.id) {
            return;
        }
        let has_room = self.notices.capacity() > RESERVED
            && self.waiting.load(Ordering::Relaxed) < MAX_BYTES / 2;
        match has_room {
            true => self.put(scope, what()),
            false => self.metrics.admin_dropped.add("event"),
        }
    }

    /// Another node has emitted an event in the namespace of those who look.
    pub(crate) fn heard(&self, scope: &Scope, event: &str, array: &str) {
        if event == self.beacon
            && self.is_own(scope.id)
            && let Some(background) = self.background()
        {
            background.heard(array);
        }
    }

    /// Another node asks for the sockets of a namespace.
    pub(crate) fn asked(&self, scope: &Scope) {
        if self.is_own(scope.id)
            && let Some(background) = self.background()
        {
            background.asked();
        }
    }

    /// So many receivers of an event are not named.
    pub(crate) fn leave_out_receivers(&self, count: usize) {
        self.metrics
            .admin_dropped
            .add_many("receivers", count as u64);
    }

    fn put(&self, scope: &Scope, what: What) {
        let reason = what.name();
        let notice = Notice {
            namespace: Arc::clone(&scope.name),
            at: SystemTime::now(),
            what,
        };
        let weight = notice.weight();
        let before = self.waiting.fetch_add(weight, Ordering::Relaxed);
        let taken = before <= MAX_BYTES && self.notices.try_send(notice).is_ok();
        if !taken {
            self.waiting.fetch_sub(weight, Ordering::Relaxed);
            self.metrics.admin_dropped.add(reason);
        }
    }

    /// A notice does not wait any more.
    pub(crate) fn taken(&self, notice: &Notice) {
        self.waiting.fetch_sub(notice.weight(), Ordering::Relaxed);
    }

    pub(crate) fn count(&self, figure: Figure, more: u64) {
        self.figures().count(figure, more, SystemTime::now());
    }

    pub(crate) fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
