use std::time::Duration;

use roomcast::{Broadcast, Namespace};
use serde::Deserialize;

use super::tagged::Tagged;

#[derive(Deserialize)]
pub(super) struct Request {
    pub(super) nsp: String,
    #[serde(flatten)]
    pub(super) target: Target,
    #[serde(flatten)]
    pub(super) operation: Operation,
}

/// The sockets that a request is about.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Target {
    pub(super) to: Vec<String>,
    pub(super) except: Vec<String>,
    local: bool,
    pub(super) volatile: bool,
    pub(super) compress: Option<bool>,
    timeout: Option<u64>, // ms
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "camelCase")]
pub(super) enum Operation {
    Emit {
        event: String,
        args: Vec<Tagged>,
    },
    /// As many numbers, to each of the targets in its turn.
    Series {
        event: String,
        targets: Vec<Target>,
        count: usize,
    },
    Ask {
        event: String,
        args: Vec<Tagged>,
    },
    Fetch,
    /// How many sockets there are, and how many nodes have not said, of how many that is known by name.
    Survey,
    Join {
        rooms: Vec<String>,
    },
    Leave {
        rooms: Vec<String>,
    },
    Disconnect {
        #[serde(default)]
        close: bool,
    },
    RemoteEmit {
        id: String,
        event: String,
        args: Vec<Tagged>,
    },
    RemoteAsk {
        id: String,
        event: String,
        args: Vec<Tagged>,
    },
    RemoteJoin {
        id: String,
        rooms: Vec<String>,
    },
    RemoteLeave {
        id: String,
        rooms: Vec<String>,
    },
    RemoteDisconnect {
        id: String,
        close: bool,
    },
    ServerSideEmit {
        event: String,
        args: Vec<Tagged>,
    },
    ServerSideAsk {
        event: String,
        args: Vec<Tagged>,
    },
    ServerCount,
    ServerIds,
    Heard,
    StartLoad {
        event: String,
        every: u64, // ms
    },
    Load,
    StopLoad,
    Stats,
    /// Who is present in a room.
    Present {
        room: String,
    },
    /// What is known of a user.
    User {
        user: String,
    },
    EmitToUser {
        user: String,
        event: String,
        args: Vec<Tagged>,
    },
}

impl Target {
    pub(super) fn of<'a>(&'a self, namespace: &Namespace) -> Broadcast<'a> {
        let mut target = namespace.everyone().compress(self.compress.unwrap_or(true));
        for room in &self.to {
            target = target.to(room);
        }
        for room in &self.except {
            target = target.except(room);
        }
        if self.local {
            target = target.local();
        }
        if self.volatile {
            target = target.volatile();
        }
        match self.timeout {
            Some(timeout) => target.timeout(Duration::from_millis(timeout)),
            None => target,
        }
    }
}
