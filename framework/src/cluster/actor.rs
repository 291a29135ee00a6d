//! The actor that runs the adapter: one for each hub, on one of its workers.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::{adapter::Inbound, core::Core};
use crate::{error::AdapterError, supervision};

/// After an adapter has ended, which it must not, before it is run again.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Cluster {
    core: Arc<Core>,
}

/// Runs the adapter on this thread, unless another thread does.
pub(super) fn run_here(core: &Arc<Core>) {
    if core.state.is_closed() || core.claimed.swap(true, Ordering::AcqRel) {
        return;
    }
    let claim = Claim(Arc::clone(core));
    let make = move || Cluster {
        core: Arc::clone(&claim.0),
    };
    supervision::supervise("cluster", make, drop);
}

/// The right to run the adapter. Given back when the actor has ended for good, with the thread it
/// ran on too: then another worker takes over.
struct Claim(Arc<Core>);

impl Drop for Claim {
    fn drop(&mut self) {
        let core = &self.0;
        core.state
            .disconnected(&AdapterError::new("its worker has ended"));
        core.claimed.store(false, Ordering::Release);
        if let Some(node) = core.node()
            && !core.state.is_closed()
        {
            node.relink();
        }
    }
}

impl Actor for Cluster {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.run(ctx);
    }
}

impl Cluster {
    fn run(&self, ctx: &mut Context<Self>) {
        let adapter = Arc::clone(&self.core.adapter);
        let running = adapter.run(Inbound::new(&self.core));
        let closed = self.core.state.closed();
        let life = async move {
            tokio::select! {
                () = running => {}
                () = closed => {}
            }
        };
        ctx.spawn(life.into_actor(self).map(|(), this, ctx| {
            let state = &this.core.state;
            state.disconnected(&AdapterError::new("the adapter has ended"));
            if state.is_closed() {
                return ctx.stop();
            }
            ctx.run_later(PAUSE, |this, ctx| this.run(ctx));
        }));
    }
}
