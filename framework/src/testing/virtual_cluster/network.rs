//! What is between the nodes: carries their messages, and is where they are delayed, doubled and lost.

mod carrying;
mod to_store;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{
    faults::{Delay, Faults},
    history::{Ends, Fate, History},
    report::Report,
    world::{LINKS, STORE},
};
use crate::{cluster::adapter::Parcel, entropy::seeded::Chance};

pub(super) struct Network {
    delay: Delay,
    store_delay: Delay,
    state: Mutex<State>,
    history: Arc<History>,
    /// There is something to deliver sooner than before.
    sooner: Notify,
    /// Who reaches the store may have changed.
    changed: Notify,
}

struct State {
    /// The server ids of the nodes that run, by their numbers.
    names: Vec<Option<String>>,
    /// From one node to another.
    links: Vec<Vec<Link>>,
    /// Pairs of nodes that are cut off from each other, the lower number first.
    cuts: BTreeSet<(usize, usize)>,
    /// Nodes that reach neither others nor the store.
    isolated: BTreeSet<usize>,
    /// By the time at which they arrive, and in the order in which they were sent.
    under_way: BTreeMap<(Instant, u64), Parcel>,
    sent: u64,
    /// The share of messages that come twice.
    duplicate: f64,
    /// Between each node and the store.
    stores: Vec<Chance>,
    /// The share of questions to the store that fail.
    store_failures: f64,
    report: Report,
}

struct Link {
    chance: Chance,
    /// When the last message arrives.
    last: Option<Instant>,
}

impl Network {
    pub(super) fn new(
        nodes: usize,
        seed: u64,
        faults: &Faults,
        history: Arc<History>,
    ) -> Arc<Self> {
        let link = |from: usize, to: usize| Link {
            chance: Chance::of(seed, &[LINKS, from as u64, to as u64]),
            last: None,
        };
        let store = |node: usize| Chance::of(seed, &[STORE, node as u64]);
        let links = (0..nodes).map(|from| (0..nodes).map(|to| link(from, to)).collect());
        Arc::new(Self {
            delay: faults.delay.clone(),
            store_delay: faults.store_delay.clone(),
            history,
            state: Mutex::new(State {
                names: vec![None; nodes],
                links: links.collect(),
                cuts: BTreeSet::new(),
                isolated: BTreeSet::new(),
                under_way: BTreeMap::new(),
                sent: 0,
                duplicate: faults.duplicate,
                stores: (0..nodes).map(store).collect(),
                store_failures: faults.store_failures,
                report: Report::default(),
            }),
            sooner: Notify::new(),
            changed: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn report(&self) -> Report {
        self.state().report.clone()
    }

    pub(super) fn is_moving(&self) -> bool {
        !self.state().under_way.is_empty()
    }

    // ---- who is there

    pub(super) fn join(&self, node: usize, name: &str) {
        self.state().names[node] = Some(name.to_owned());
    }

    /// The node is no more. What it has sent is on its way nevertheless.
    pub(super) fn crash(&self, node: usize) {
        let mut state = self.state();
        state.names[node] = None;
        state.report.crashes += 1;
        state.cuts.retain(|(a, b)| *a != node && *b != node);
        state.isolated.remove(&node);
        self.changed.notify_waiters();
    }

    /// What is on its way between them is lost. False if they were cut off before.
    pub(super) fn cut(&self, a: usize, b: usize) -> bool {
        let mut state = self.state();
        let is_new = state.cuts.insert((a.min(b), a.max(b)));
        if is_new {
            state.report.cuts += 1;
            self.lose_what_is_cut(&mut state);
        }
        is_new
    }

    /// False if it was isolated before.
    pub(super) fn isolate(&self, node: usize) -> bool {
        let mut state = self.state();
        let is_new = state.isolated.insert(node);
        if is_new {
            state.report.cuts += 1;
            self.lose_what_is_cut(&mut state);
            self.changed.notify_waiters();
        }
        is_new
    }

    /// Whether they were cut off.
    pub(super) fn join_again(&self, a: usize, b: usize) -> bool {
        self.state().cuts.remove(&(a.min(b), a.max(b)))
    }

    /// Whether there was anything to heal.
    pub(super) fn heal(&self) -> bool {
        let mut state = self.state();
        let was_whole = state.cuts.is_empty() && state.isolated.is_empty();
        state.cuts.clear();
        state.isolated.clear();
        self.changed.notify_waiters();
        !was_whole
    }

    /// Nothing comes twice any more, and the store answers.
    pub(super) fn calm(&self) {
        let mut state = self.state();
        state.duplicate = 0.0;
        state.store_failures = 0.0;
    }

    /// Whether the node hears all others.
    pub(super) fn hears_all(&self, node: usize) -> bool {
        let state = self.state();
        !state.isolated.contains(&node) && !state.cuts.iter().any(|(a, b)| *a == node || *b == node)
    }

    // ---- messages

    /// Delivers what was delayed, for ever.
    pub(super) async fn run(self: Arc<Self>) {
        loop {
            let next = self.state().under_way.first_key_value().map(|(at, _)| at.0);
            match next {
                None => self.sooner.notified().await,
                Some(next) => {
                    tokio::select! {
                        biased;
                        () = sleep_until(next) => self.deliver_due(),
                        () = self.sooner.notified() => {}
                    }
                }
            }
        }
    }

    fn deliver_due(&self) {
        let now = Instant::now();
        let mut state = self.state();
        while let Some(first) = state.under_way.first_entry()
            && first.key().0 <= now
        {
            let parcel = first.remove();
            self.deliver(&mut state, parcel);
        }
    }

    fn deliver(&self, state: &mut State, parcel: Parcel) {
        if state.is_lost(&parcel) || !parcel.clone().deliver() {
            self.lose(state, &parcel);
        }
    }

    fn lose_what_is_cut(&self, state: &mut State) {
        let under_way = std::mem::take(&mut state.under_way);
        for (at, parcel) in under_way {
            match state.is_lost(&parcel) {
                true => self.lose(state, &parcel),
                false => drop(state.under_way.insert(at, parcel)),
            }
        }
    }

    fn lose(&self, state: &mut State, parcel: &Parcel) {
        state.report.dropped += 1;
        self.tell(state, parcel, Fate::IsLost);
    }

    /// Nothing is told of a node that is no more.
    fn tell(&self, state: &State, parcel: &Parcel, fate: impl FnOnce(Ends) -> Fate) {
        let kind = parcel.kind();
        let ends = (state.number(parcel.from()), state.number(parcel.to()));
        if let (Some(from), Some(to)) = ends {
            self.history.message(fate(Ends { kind, from, to }));
        }
    }
}

impl State {
    fn number(&self, name: &str) -> Option<usize> {
        self.names
            .iter()
            .position(|known| known.as_deref() == Some(name))
    }

    fn is_cut(&self, a: usize, b: usize) -> bool {
        self.cuts.contains(&(a.min(b), a.max(b)))
            || self.isolated.contains(&a)
            || self.isolated.contains(&b)
    }

    /// Whether what is on its way between them is lost. A sender that is no more has sent it before.
    fn is_lost(&self, parcel: &Parcel) -> bool {
        match (self.number(parcel.from()), self.number(parcel.to())) {
            (Some(from), Some(to)) => self.is_cut(from, to),
            (None, Some(to)) => self.isolated.contains(&to),
            (_, None) => true,
        }
    }
}
