//! A server with one kind of peers, and what it has before the first one.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use roomcast::{HubBuilder, Stats, WebSocketMode, prelude::*, testing::TestServer};
use tokio::sync::MutexGuard;

use crate::lab::{Guest, Lab, Lingering};
use crate::wire::{self, Wire, descriptors, deserted, eventually};

pub(crate) const MIB: usize = 1 << 20;

/// Soon enough for a quick test. Of pings: who is not read for twice as long may be given up.
pub(crate) const SOON: Duration = Duration::from_millis(300);

/// More than a busy machine's hiccup, where something must.
pub(crate) const LATER: Duration = Duration::from_millis(1_200);

/// What these tests count belongs to the whole process: one runs at a time.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    ALONE.lock().await
}

pub(crate) struct Stage {
    pub(crate) server: TestServer,
    pub(crate) lab: Arc<Lab>,
    /// Descriptors before the first peer.
    pub(crate) descriptors: usize,
    _alone: MutexGuard<'static, ()>,
}

impl Stage {
    pub(crate) async fn set(
        mode: WebSocketMode,
        options: impl FnOnce(HubBuilder) -> HubBuilder,
    ) -> Self {
        let alone = alone().await;
        let lab = Arc::new(Lab::closed());
        let hub = Hub::builder()
            .namespace::<Guest>("/")
            .namespace::<Lingering>("/lingering")
            .state(Arc::clone(&lab));
        let server = wire::serve(mode, options(hub));
        // What the server opens for its first connection, it keeps.
        drop(Wire::join(&server).await);
        deserted(server.hub()).await;
        let stage = Self {
            descriptors: 0,
            server,
            lab,
            _alone: alone,
        };
        let mut last = usize::MAX;
        eventually("a steady number of descriptors", || {
            let now = descriptors();
            std::mem::replace(&mut last, now) == now
        })
        .await;
        Self {
            descriptors: last,
            ..stage
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        self.server.hub().stats()
    }

    pub(crate) fn refused(&self) -> BTreeMap<&'static str, u64> {
        self.stats().refused_packets
    }

    /// Another client is served.
    pub(crate) async fn serves_others(&self) {
        let mut other = Wire::join(&self.server).await;
        echo(&mut other).await;
    }

    /// Nothing is left once all clients have gone.
    pub(crate) async fn clear(self) {
        deserted(self.server.hub()).await;
        eventually("all descriptors are given back", || {
            descriptors() <= self.descriptors
        })
        .await;
    }
}

pub(crate) async fn echo(wire: &mut Wire) {
    wire.text(r#"427["echo","hi"]"#).await;
    wire.expect(r#"437["hi"]"#).await;
}
