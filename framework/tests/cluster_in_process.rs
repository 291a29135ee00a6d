//! Hubs of one process as a cluster.

mod common;
mod contract;

use roomcast::{HubBuilder, adapter::InProcess};

use contract::{Meeting, contract};

impl Meeting for InProcess {
    fn joined(&self, hub: HubBuilder) -> HubBuilder {
        hub.adapter(self.clone())
    }
}

contract!(in_process, async { roomcast::adapter::InProcess::new() });
