//! A client, and which policy its events have.

use roomcast::prelude::*;
use serde::Serialize;

/// What is sent to a lane: its number, when (milliseconds since 1970), and something to fill the line with.
#[derive(Serialize)]
pub(crate) struct Tick<'a> {
    pub(crate) n: u64,
    pub(crate) at: u128,
    pub(crate) filling: &'a str,
}

/// The default: the connection is cut, and the client begins anew.
#[derive(Serialize, Event)]
#[event(name = "tick", slow_consumer = "close")]
pub(crate) struct Vital<'a>(pub(crate) &'a Tick<'a>);

/// What waits is sent; what is new is not.
#[derive(Serialize, Event)]
#[event(name = "tick", slow_consumer = "drop_newest")]
pub(crate) struct Early<'a>(pub(crate) &'a Tick<'a>);

/// What has waited longest makes room.
#[derive(Serialize, Event)]
#[event(name = "tick", slow_consumer = "drop_oldest")]
pub(crate) struct Late<'a>(pub(crate) &'a Tick<'a>);

/// Only the last one waits.
#[derive(Serialize, Event)]
#[event(name = "tick", slow_consumer = "latest")]
pub(crate) struct Last<'a>(pub(crate) &'a Tick<'a>);

/// Which of them a client gets. Its name is that of a room.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Policy {
    Close,
    DropNewest,
    DropOldest,
    Latest,
    /// Not waiting at all.
    Volatile,
}

impl Policy {
    pub(crate) const ALL: [Self; 5] = [
        Self::Close,
        Self::DropNewest,
        Self::DropOldest,
        Self::Latest,
        Self::Volatile,
    ];

    pub(crate) fn room(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::DropNewest => "drop_newest",
            Self::DropOldest => "drop_oldest",
            Self::Latest => "latest",
            Self::Volatile => "volatile",
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Auth {
    /// None for the page itself, which is told only what the server counts.
    policy: Option<Policy>,
}

#[derive(EventHandlers)]
#[handles()]
pub(crate) struct Lane;

impl Session for Lane {
    type Auth = Auth;

    async fn connect(Auth { policy }: Auth, socket: &Socket) -> Result<Self, Refusal> {
        socket.join(policy.map_or(crate::ticker::COUNTS, Policy::room))?;
        Ok(Self)
    }
}
