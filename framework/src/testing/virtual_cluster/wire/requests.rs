//! The connection of a client that polls: requests and their answers take the place of bytes.

use std::{future::pending, time::Duration};

use tokio::time::sleep;

use super::{Way, Wire};

/// How often it is looked whether something is on its way.
const LOOK: Duration = Duration::from_millis(1);

/// How often in a row nothing must be.
const QUIET: u32 = 3;

impl Wire {
    /// Carries a request, or the body of an answer. Where nothing passes any more, it never arrives.
    pub(in super::super) async fn carry(&self, way: Way, body: &[u8]) {
        let travelling = Travelling::begin(self);
        sleep(self.draw(way)).await;
        drop(travelling);
        if self.state().silent {
            pending::<()>().await;
        }
        if way == Way::Down {
            self.told.came(body);
        }
    }

    /// Waits until it is reset.
    pub(in super::super) async fn over(&self) {
        loop {
            let over = self.over.notified();
            if self.state().reset {
                return;
            }
            over.await;
        }
    }

    /// A number below `bound`, by the chance of this connection.
    pub(in super::super) fn pick(&self, bound: usize) -> usize {
        let chance = &mut self.state().lanes[Way::Up as usize].chance;
        usize::try_from(chance.below(bound as u64)).unwrap_or_default()
    }

    /// Where the client polls, waits until it has got what its node had for it.
    pub(in crate::testing) async fn is_delivered(&self) {
        let mut quiet = 0;
        while self.polls && quiet < QUIET {
            sleep(LOOK).await;
            quiet = match self.is_moving() {
                true => 0,
                false => quiet + 1,
            };
        }
    }
}

struct Travelling<'a>(&'a Wire);

impl<'a> Travelling<'a> {
    fn begin(wire: &'a Wire) -> Self {
        wire.state().travelling += 1;
        Self(wire)
    }
}

impl Drop for Travelling<'_> {
    fn drop(&mut self) {
        self.0.state().travelling -= 1;
    }
}
