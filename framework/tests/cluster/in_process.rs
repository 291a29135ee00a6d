//! Hubs of one process as a cluster.

use roomcast::{HubBuilder, adapter::InProcess};

use crate::contract::{Meeting, contract};

impl Meeting for InProcess {
    fn joined(&self, hub: HubBuilder) -> HubBuilder {
        hub.adapter(self.clone())
    }
}

contract!(in_process, async { roomcast::adapter::InProcess::new() });
