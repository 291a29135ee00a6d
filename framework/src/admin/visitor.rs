//! A page that is connected.

use std::sync::Arc;

use serde::Serialize;
use tokio::task::JoinHandle;

use super::{commands, panel::Panel, snapshot};
use crate::{
    event::{RawEvent, RawReply, Rejection},
    namespace::{EventHandlers, Refusal, Route, Session, Socket},
};

/// The session of a page.
pub(super) struct Visitor {
    panel: Arc<Panel>,
    /// What it is told first; that ends with it.
    telling: JoinHandle<()>,
}

/// What a page is told first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    supported_features: Vec<&'static str>,
}

impl Config {
    fn of(panel: &Panel) -> Self {
        let commands: &[_] = match panel.admin.readonly {
            true => &[],
            false => &[
                "EMIT",
                "JOIN",
                "LEAVE",
                "DISCONNECT",
                "MJOIN",
                "MLEAVE",
                "MDISCONNECT",
            ],
        };
        let all_events = panel.shows_all().then_some("ALL_EVENTS");
        let shown = ["AGGREGATED_EVENTS"].into_iter().chain(all_events);
        Self {
            supported_features: commands.iter().copied().chain(shown).collect(),
        }
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.telling.abort();
        self.panel.leave();
    }
}

impl EventHandlers for Visitor {
    const EVENTS: &'static [&'static str] = &[];

    type Socket = Socket;

    fn route(_: &str) -> Option<Route<Self>> {
        None
    }
}

impl Session for Visitor {
    type Auth = ();

    async fn connect((): (), socket: &Socket) -> Result<Self, Refusal> {
        let panel = Arc::clone(socket.state::<Arc<Panel>>());
        let session = panel.let_in(socket).await?;
        if let Some(id) = session {
            socket.emit_raw("session", &(id,))?;
        }
        socket.emit_raw("config", &(Config::of(&panel),))?;
        let is_first = panel.enter();
        let (looked_at, socket) = (Arc::clone(&panel), socket.clone());
        // Once it is connected: it is among those that it is shown.
        let telling = actix::spawn(async move {
            if is_first {
                // All servers hear that they have to tell everything from now on.
                let _ = looked_at.tell_stats();
            }
            if looked_at.shows_all() {
                snapshot::send(&looked_at, &socket).await;
            }
        });
        Ok(Self { panel, telling })
    }

    async fn unhandled(
        &mut self,
        event: RawEvent,
        socket: &Socket,
    ) -> Result<Option<RawReply>, Rejection> {
        if !self.panel.admin.readonly {
            commands::execute(socket, &event);
        }
        // The page asks for no answers, and what it may not do is not done.
        Ok(None)
    }
}
