//! All clients of a process, and what they do together.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;
use std::time::Duration;

use actix_web::rt;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::client::Client;
use super::{Counts, Latencies, Settings};
use crate::wire::ROOM;

/// Handshakes under way at once: a node needs two descriptors for each.
const HANDSHAKES: usize = 100;

/// How often what is due is looked for.
const TICK: Duration = Duration::from_millis(5);

/// Within which the last of many must have got what it waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// From one who talks to the next: not a neighbour, who would be in the same room.
const STRIDE: usize = 7_919;

/// What is read at once.
const SCRATCH: usize = 64 * 1_024;

/// What the clients of a process share: one thread, one buffer.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) counts: RefCell<Counts>,
    pub(crate) scratch: RefCell<Box<[u8]>>,
    pub(crate) handshakes: Semaphore,
    /// Who is disconnected now was meant to be.
    pub(crate) is_closing: Cell<bool>,
}

pub(crate) struct Crowd {
    shared: Rc<Shared>,
    clients: Vec<Rc<Client>>,
    /// Who has talked last.
    turn: usize,
}

/// Spreads things to do evenly over time.
struct Pace {
    started: Instant,
    all: usize,
    rate: f64,
}

impl Pace {
    fn new(all: usize, rate: f64) -> Self {
        let started = Instant::now();
        Self { started, all, rate }
    }

    /// How many are to be done by now, a moment later; `None` once all are.
    async fn due(&self, done: usize) -> Option<usize> {
        if done == self.all {
            return None;
        }
        sleep(TICK).await;
        let due = self.started.elapsed().as_secs_f64() * self.rate;
        Some(self.all.min(due as usize))
    }
}

impl Crowd {
    pub(crate) fn new(settings: Settings) -> Self {
        let shared = Rc::new(Shared {
            settings,
            counts: RefCell::default(),
            scratch: RefCell::new(vec![0; SCRATCH].into()),
            handshakes: Semaphore::new(HANDSHAKES),
            is_closing: Cell::new(false),
        });
        Self {
            shared,
            clients: Vec::new(),
            turn: 0,
        }
    }

    pub(crate) fn counts(&self) -> Ref<'_, Counts> {
        self.shared.counts.borrow()
    }

    pub(crate) async fn open(&mut self, connections: usize, rate: f64) -> Result<(), String> {
        let pace = Pace::new(connections, rate);
        let mut opened = 0;
        while let Some(due) = pace.due(opened).await {
            for _ in opened..due {
                let client = Rc::new(Client::new(self.clients.len(), self.shared.clone()));
                rt::spawn(client.clone().live());
                self.clients.push(client);
            }
            opened = due;
        }
        let all = self.clients.len() as u64;
        self.until("connected", |counts| counts.connected == all)
            .await
    }

    pub(crate) async fn join(&self, rate: f64) -> Result<(), String> {
        let chatting = self.chatting();
        let pace = Pace::new(chatting.len(), rate);
        let mut joined = 0;
        while let Some(due) = pace.due(joined).await {
            for client in &chatting[joined..due] {
                client.join();
            }
            joined = due;
        }
        let all = chatting.len() as u64;
        self.until("in their rooms", |counts| counts.joined == all)
            .await
    }

    /// What was said is counted, not waited for.
    pub(crate) async fn chat(&mut self, rate: f64, seconds: f64) {
        self.shared.counts.borrow_mut().latencies = Latencies::default();
        let chatting = self.chatting().len();
        let pace = Pace::new((rate * seconds) as usize, rate);
        let mut said = 0;
        while chatting > 0
            && let Some(due) = pace.due(said).await
        {
            for _ in said..due {
                self.turn = (self.turn + STRIDE) % chatting;
                self.clients[self.turn].say();
            }
            said = due;
        }
    }

    pub(crate) async fn close(&self) -> Result<(), String> {
        self.shared.is_closing.set(true);
        for client in &self.clients {
            client.close();
        }
        self.until("disconnected", |counts| counts.connected == 0)
            .await
    }

    /// They are the first over all processes, and so here.
    fn chatting(&self) -> &[Rc<Client>] {
        let chatting = self.shared.settings.chatting / ROOM * ROOM;
        let end = self
            .clients
            .partition_point(|client| client.number < chatting);
        &self.clients[..end]
    }

    async fn until(&self, what: &str, all: impl Fn(&Counts) -> bool) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        while !all(&self.counts()) {
            if Instant::now() > end {
                return Err(format!("not all clients are {what} after {PATIENCE:?}"));
            }
            sleep(TICK).await;
        }
        Ok(())
    }
}
