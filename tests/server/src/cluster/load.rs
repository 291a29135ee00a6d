use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::rt;
use roomcast::Namespace;

/// Emits numbers, one after the other, until it is stopped.
#[derive(Default)]
pub(super) struct Load(Mutex<Option<Arc<Running>>>);

#[derive(Default)]
struct Running {
    next: AtomicU64,
    stopped: AtomicBool,
}

impl Load {
    pub(super) fn start(
        &self,
        namespace: Namespace,
        rooms: Vec<String>,
        event: String,
        every: Duration,
    ) {
        let running = Arc::new(Running::default());
        self.stop();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&running));
        rt::spawn(async move {
            let mut ticks = rt::time::interval(every);
            loop {
                ticks.tick().await;
                if running.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let to = rooms
                    .iter()
                    .fold(namespace.everyone(), |to, room| to.to(room));
                let number = running.next.fetch_add(1, Ordering::SeqCst);
                // What does not reach the other nodes, the test finds out from its clients.
                let _ = to.emit_raw(&event, &(number,));
            }
        });
    }

    /// How many it has emitted.
    pub(super) fn count(&self) -> u64 {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running
            .as_ref()
            .map_or(0, |running| running.next.load(Ordering::SeqCst))
    }

    pub(super) fn stop(&self) -> u64 {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = &*running else { return 0 };
        running.stopped.store(true, Ordering::SeqCst);
        running.next.load(Ordering::SeqCst)
    }
}
