//! What sockets that have gone had left of their rates.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::time::Instant;

use crate::{
    id::SessionId,
    namespace::{EventLimits, Limiter},
};

type Limiters = Vec<Arc<Mutex<Limiter>>>;

type AllSpent = HashMap<SessionId, Limiters>;

thread_local! {
    /// Of the worker's connections; not in each, most of which would pay for having none.
    static SPENT: RefCell<AllSpent> = RefCell::default();
}

/// Whether limiters of a connection's sockets that have gone are kept. They are until they are full: a
/// client that leaves a namespace and connects to it again may not send more than one that stays. There
/// are no more of them than the connection had sockets at one time.
#[derive(Default)]
pub(super) struct Spent(bool);

impl Spent {
    /// One of a namespace with these limits, for its next socket.
    pub(super) fn take(
        &mut self,
        session: SessionId,
        limits: &Arc<EventLimits>,
    ) -> Option<Arc<Mutex<Limiter>>> {
        if !self.0 {
            return None;
        }
        self.change(session, |limiters| {
            let is_it = |limiter: &Limiter| limiter.is_of(limits);
            let at = limiters.iter().position(|limiter| with(limiter, is_it))?;
            Some(limiters.swap_remove(at))
        })
    }

    pub(super) fn keep(&mut self, session: SessionId, limiter: &Arc<Mutex<Limiter>>, now: Instant) {
        self.change(session, |limiters| {
            limiters.retain(|known| {
                !Arc::ptr_eq(known, limiter) && !with(known, |known| known.is_full(now))
            });
            if !with(limiter, |limiter| limiter.is_full(now)) {
                limiters.push(Arc::clone(limiter));
            }
            None::<()>
        });
    }

    /// The connection has ended.
    pub(super) fn forget(&mut self, session: SessionId) {
        if std::mem::take(&mut self.0) {
            // Gone already with a thread that ends.
            let _ = SPENT.try_with(|spent| remove(&mut spent.borrow_mut(), session));
        }
    }

    fn change<R>(
        &mut self,
        session: SessionId,
        change: impl FnOnce(&mut Limiters) -> Option<R>,
    ) -> Option<R> {
        let change = |spent: &RefCell<AllSpent>| {
            let mut spent = spent.borrow_mut();
            let limiters = spent.entry(session).or_default();
            let result = change(limiters);
            self.0 = !limiters.is_empty();
            if !self.0 {
                remove(&mut spent, session);
            }
            result
        };
        SPENT.try_with(change).ok().flatten()
    }
}

fn remove(spent: &mut AllSpent, session: SessionId) {
    spent.remove(&session);
    if spent.is_empty() {
        // What many needed at one time is not kept.
        *spent = HashMap::new();
    }
}

fn with<R>(limiter: &Mutex<Limiter>, ask: impl FnOnce(&Limiter) -> R) -> R {
    ask(&limiter.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_for_connections_that_have_gone() {
        let mut spent = AllSpent::with_capacity(1000);
        let Ok(session) = SessionId::random() else {
            panic!("no random bytes");
        };
        spent.insert(session, Limiters::new());
        remove(&mut spent, session);
        assert_eq!(spent.capacity(), 0);
    }
}
