//! Namespaces that the server has left: their clients may have sent something before they knew.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use smallvec::SmallVec;

use super::actor::Link;
use crate::{id::SessionId, protocol::socket_io::Kind};

/// Namespaces of one connection that are remembered: the last ones.
const MAX_DISMISSED: usize = 16;

type Dismissals = HashMap<SessionId, SmallVec<[Dismissal; 1]>>;

thread_local! {
    /// Of the worker's connections; not in each, most of which would pay for having none.
    static DISMISSED: RefCell<Dismissals> = RefCell::default();
}

/// A namespace that the server has left, and whose client may not know it yet. It does once it has left
/// itself, connects again, or has answered a ping that came behind the DISCONNECT.
struct Dismissal {
    namespace: Arc<str>,
    /// A ping has been answered since. That may have been one from before; the next is not.
    pinged: bool,
}

pub(super) fn add(session: SessionId, namespace: &Arc<str>) {
    with(|dismissed| {
        let known = dismissed.entry(session).or_default();
        known.retain(|dismissal| dismissal.namespace != *namespace);
        if known.len() >= MAX_DISMISSED {
            known.remove(0);
        }
        known.push(Dismissal {
            namespace: Arc::clone(namespace),
            pinged: false,
        });
    });
}

fn has(session: SessionId, namespace: &str) -> bool {
    let is_it = |dismissal: &Dismissal| &*dismissal.namespace == namespace;
    with(|dismissed| {
        let known = dismissed.get(&session);
        known.is_some_and(|known| known.iter().any(is_it))
    })
}

/// The client knows of this one.
pub(super) fn remove(session: SessionId, namespace: &str) {
    keep(session, |dismissal| &*dismissal.namespace != namespace);
}

/// The client has answered a ping.
pub(super) fn pong(session: SessionId) {
    keep(session, |dismissal| {
        !std::mem::replace(&mut dismissal.pinged, true)
    });
}

/// The connection has ended.
pub(super) fn forget(session: SessionId) {
    keep(session, |_| false);
}

fn keep(session: SessionId, keep: impl FnMut(&mut Dismissal) -> bool) {
    with(|dismissed| {
        let Some(known) = dismissed.get_mut(&session) else {
            return;
        };
        known.retain_mut(keep);
        if known.is_empty() {
            dismissed.remove(&session);
        }
        if dismissed.is_empty() {
            // What many needed at one time is not kept.
            *dismissed = HashMap::new();
        }
    });
}

fn with<R: Default>(change: impl FnOnce(&mut Dismissals) -> R) -> R {
    // Gone already with a thread that ends.
    let changed = DISMISSED.try_with(|dismissed| change(&mut dismissed.borrow_mut()));
    changed.unwrap_or_default()
}

impl Link {
    /// A packet for a namespace in which the client is not: whether it was under way when the server left
    /// that, and is done with. Node closes the connection for it, with all its namespaces.
    pub(super) fn was_under_way(&self, kind: Kind, namespace: &str) -> bool {
        if !has(self.session, namespace) {
            return false;
        }
        let metrics = &self.core.node.metrics;
        match kind {
            Kind::Event | Kind::BinaryEvent => metrics.dropped_disconnected.add(1),
            Kind::Ack | Kind::BinaryAck => metrics.acks_ignored.add(1),
            Kind::Disconnect => remove(self.session, namespace),
            Kind::Connect | Kind::ConnectError => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_remembered_and_nothing_of_those_that_have_ended() {
        let (one, two) = (SessionId::random(), SessionId::random());
        let (Ok(one), Ok(two)) = (one, two) else {
            panic!("no random bytes");
        };
        let name = |number: usize| -> Arc<str> { format!("/{number}").into() };
        for number in [0, 0].into_iter().chain(0..=MAX_DISMISSED) {
            add(one, &name(number));
        }
        assert!(!has(one, "/0"));
        assert!(has(one, "/1"));
        add(two, &name(0));
        assert!(has(two, "/0"));
        pong(one);
        assert!(has(one, "/1"));
        pong(one);
        assert!(!has(one, "/1"));
        forget(two);
        assert_eq!(DISMISSED.with_borrow(HashMap::capacity), 0);
    }
}
