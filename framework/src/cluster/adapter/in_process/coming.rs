//! Messages that are on their way to a hub: each tells when it has been received, or got lost.

use std::sync::Arc;

use tokio::sync::watch;

#[derive(Default)]
pub(super) struct Coming(Arc<watch::Sender<usize>>);

/// One of them, until it is dropped.
pub(super) struct OnItsWay(Arc<watch::Sender<usize>>);

impl Coming {
    pub(super) fn one_more(&self) -> OnItsWay {
        OnItsWay::of(&self.0)
    }

    /// Waits until there is none.
    pub(super) async fn none(&self) {
        // The sender is ours.
        let _ = self.0.subscribe().wait_for(|coming| *coming == 0).await;
    }
}

impl OnItsWay {
    fn of(coming: &Arc<watch::Sender<usize>>) -> Self {
        coming.send_modify(|coming| *coming += 1);
        Self(Arc::clone(coming))
    }
}

impl Clone for OnItsWay {
    fn clone(&self) -> Self {
        Self::of(&self.0)
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.0.send_modify(|coming| *coming -= 1);
    }
}
