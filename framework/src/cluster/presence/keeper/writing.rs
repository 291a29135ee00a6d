//! What the keeper writes: what has changed, and again what has not.

use std::sync::atomic::Ordering;

use tokio::{task::yield_now, time::Instant};

use super::Keeper;

/// Changes that are written at once. A script of this size keeps Redis for about 2 ms.
const BATCH: usize = 500;

impl Keeper<'_> {
    pub(super) async fn write(&mut self) {
        let registrar = self.registrar;
        while self.renew_at > Instant::now() && !registrar.is_closed() {
            let writes = registrar.entries().take(BATCH);
            if writes.is_empty() {
                break;
            }
            match registrar.store.write(&self.lease.id, &writes).await {
                Ok(true) => {
                    registrar.entries().written(&writes);
                    // Whoever waits for these does not wait for what has come since.
                    self.tell_progress();
                }
                Ok(false) => {
                    registrar.entries().give_back(&writes);
                    self.lost();
                    return;
                }
                Err(error) => {
                    registrar.entries().give_back(&writes);
                    self.failed("write", &error);
                    return;
                }
            }
            if registrar.check.load(Ordering::Acquire) {
                break;
            }
        }
        let is_settled = registrar.entries().is_settled();
        if is_settled {
            self.release_former().await;
        }
        self.tell_progress();
    }

    fn tell_progress(&self) {
        let settled = self.registrar.entries().settled();
        self.registrar.progress.send_if_modified(|progress| {
            let further = progress.settled != settled;
            progress.settled = settled;
            further
        });
    }

    /// Writes a part of what has not changed, all changes being there.
    pub(super) async fn write_again(&mut self) {
        let registrar = self.registrar;
        if !self.held || self.again == 0 {
            return;
        }
        let part = registrar.entries().again(self.again.min(BATCH), BATCH);
        // None are left where all have gone meanwhile.
        self.again = self.again.saturating_sub(part.sockets.max(1));
        // A store in memory has no other point at which others get their turn.
        yield_now().await;
        match registrar.store.write(&self.lease.id, &part.writes).await {
            Ok(true) => registrar.entries().written_again(&part),
            Ok(false) => self.lost(),
            Err(error) => self.failed("write", &error),
        }
    }

    /// Nothing hangs on it but what should not be there.
    pub(super) async fn release_former(&mut self) {
        if let Some(former) = self.former.take()
            && let Err(error) = self.registrar.store.release(&former).await
        {
            self.registrar.failed("release", &error);
        }
    }
}
