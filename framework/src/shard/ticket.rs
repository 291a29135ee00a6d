//! The right to restore a session.

use std::sync::Arc;

use super::{
    directory::Scope,
    node::Node,
    retained::{HandedOver, Saved},
};

/// The one right to restore a session. Dropped unused, it goes to whoever waits for it, or back to
/// the store until it expires; void, if the session has been revoked meanwhile.
pub(crate) struct Ticket {
    node: Arc<Node>,
    scope: Arc<Scope>,
    session: Option<Saved>,
}

impl Ticket {
    pub(crate) fn new(node: &Arc<Node>, scope: &Arc<Scope>, session: Saved) -> Self {
        Self {
            node: Arc::clone(node),
            scope: Arc::clone(scope),
            session: Some(session),
        }
    }

    pub(crate) fn session(&self) -> Option<&Saved> {
        self.session.as_ref()
    }

    /// Whether the session is kept elsewhere as well.
    pub(crate) fn has_copy(&self) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.copy.is_some())
    }

    /// It is not any more.
    pub(crate) fn has_taken_copy(&mut self) {
        if let Some(session) = &mut self.session {
            session.copy = None;
        }
    }

    /// Uses it up: the session is there.
    pub(crate) fn settle(mut self) {
        self.session = None;
    }

    /// Nobody will come back to the session.
    pub(crate) fn revoke(mut self) {
        if let (Some(session), Some(store)) = (self.session.take(), &self.scope.recovery) {
            store.revoke(session.pid);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let (Some(session), Some(store)) = (self.session.take(), &self.scope.recovery) else {
            return;
        };
        // What panicked while it was restored is lost, as after any other panic of a session.
        if std::thread::panicking() {
            return;
        }
        match store.hand_over(&self.node, &self.scope, session) {
            Some(HandedOver::To(heir, session)) => {
                // One that has gone meanwhile drops it once more.
                let _ = heir.send(Self::new(&self.node, &self.scope, session));
            }
            Some(HandedOver::Revoked(session)) => drop(session),
            None => {}
        }
    }
}
