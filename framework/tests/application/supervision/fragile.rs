//! An adapter that panics when the test wants it to.

use std::sync::{Arc, Mutex};

use roomcast::{
    SharedState,
    adapter::{
        Adapter, AdapterContext, AdapterError, AdapterFuture, Inbound, IntoAdapter, Message,
        PublishError, RecoveryLog, Store,
    },
};

pub(super) struct Fragile<A> {
    over: A,
    panics: Panics,
}

/// The room of which the adapter does not hear without a panic.
#[derive(Clone, Default)]
pub(super) struct Panics(Arc<Mutex<Option<String>>>);

impl Panics {
    /// Once.
    pub(super) fn when_it_is_told_of(&self, room: &str) {
        *self.0.lock().unwrap() = Some(room.to_owned());
    }

    fn is_due(&self, room: &str) -> bool {
        let mut due = self.0.lock().unwrap();
        due.take_if(|due| *due == room).is_some()
    }
}

impl<A: IntoAdapter> Fragile<A> {
    pub(super) fn over(over: A) -> (Self, Panics) {
        let panics = Panics::default();
        let adapter = Self {
            over,
            panics: panics.clone(),
        };
        (adapter, panics)
    }
}

impl<A: IntoAdapter> IntoAdapter for Fragile<A> {
    fn into_adapter(self, context: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
        Ok(Arc::new(Over {
            adapter: self.over.into_adapter(context)?,
            panics: self.panics,
        }))
    }
}

struct Over {
    adapter: Arc<dyn Adapter>,
    panics: Panics,
}

impl Adapter for Over {
    fn room_changed(&self, namespace: &str, room: &str) {
        self.adapter.room_changed(namespace, room);
        assert!(!self.panics.is_due(room), "as it was asked to");
    }

    fn run(self: Arc<Self>, inbound: Inbound) -> AdapterFuture<'static, ()> {
        Arc::clone(&self.adapter).run(inbound)
    }

    fn attach(&self, namespace: &Arc<str>) {
        self.adapter.attach(namespace);
    }

    fn detach(&self, namespace: &str) {
        self.adapter.detach(namespace);
    }

    fn wants_private_rooms(&self) -> bool {
        self.adapter.wants_private_rooms()
    }

    fn publish(&self, namespace: &str, message: &Message<'_>) -> Result<(), PublishError> {
        self.adapter.publish(namespace, message)
    }

    fn respond(
        &self,
        namespace: &str,
        to: &str,
        message: &Message<'_>,
    ) -> Result<(), PublishError> {
        self.adapter.respond(namespace, to, message)
    }

    fn barrier(&self, namespace: &str, message: &Message<'_>) -> Result<(), PublishError> {
        self.adapter.barrier(namespace, message)
    }

    fn subscribed(&self) -> AdapterFuture<'_, ()> {
        self.adapter.subscribed()
    }

    fn server_count(&self, namespace: &str) -> AdapterFuture<'_, Result<usize, AdapterError>> {
        self.adapter.server_count(namespace)
    }

    fn server_ids(
        &self,
        namespace: &str,
    ) -> AdapterFuture<'_, Result<Vec<Arc<str>>, AdapterError>> {
        self.adapter.server_ids(namespace)
    }

    fn store(&self, options: &SharedState) -> Option<Arc<dyn Store>> {
        self.adapter.store(options)
    }

    fn recovery_log(&self) -> Option<&dyn RecoveryLog> {
        self.adapter.recovery_log()
    }

    fn close(&self) -> AdapterFuture<'_, ()> {
        self.adapter.close()
    }
}
