//! Where clients come in.

use std::{fmt, sync::Arc};

use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        http::{HeaderName, HeaderValue},
        protocol::Role,
    },
};

use super::{
    polling::Polling,
    server::{Call, Dial},
    stream::VirtualStream,
    wire::Wire,
    world::World,
};
use crate::testing::{
    PATIENCE,
    dial::{DialError, Stream, WebSocket},
};

/// The workers of a node.
#[derive(Clone)]
pub(in crate::testing) struct Door {
    pub(super) world: Arc<World>,
    pub(super) node: usize,
    /// A WebSocket is opened on the first, requests come to any.
    pub(super) workers: Vec<mpsc::Sender<Call>>,
    /// Over HTTP long-polling, not over a WebSocket.
    pub(super) polls: bool,
}

impl Door {
    /// The name of the transport.
    pub(in crate::testing) fn transport(&self) -> &'static str {
        match self.polls {
            true => "polling",
            false => "websocket",
        }
    }

    /// Opens a connection, and tells what it runs on.
    pub(in crate::testing) async fn dial(
        &self,
        target: &str,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Result<(WebSocket, Arc<Wire>), DialError> {
        let wire = self.world.wire(self.node, self.polls);
        let headers = headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        let headers = headers.collect();
        let target = target.to_owned();
        let opening = async {
            match self.polls {
                true => {
                    let polling = Polling {
                        workers: self.workers.clone(),
                        wire: Arc::clone(&wire),
                        target,
                        headers,
                    };
                    polling.open().await
                }
                false => self.upgrade(target, headers, &wire).await,
            }
        };
        let opened = timeout(PATIENCE, opening).await;
        let socket = opened.unwrap_or(Err(DialError::TimedOut))?;
        Ok((socket, wire))
    }

    async fn upgrade(
        &self,
        target: String,
        headers: Vec<(String, Vec<u8>)>,
        wire: &Arc<Wire>,
    ) -> Result<WebSocket, DialError> {
        let stream = VirtualStream::new(Arc::clone(wire));
        let (answer, answered) = oneshot::channel();
        let dial = Dial {
            target,
            headers,
            wire: Arc::clone(wire),
            answer,
        };
        let worker = self.workers.first().ok_or(DialError::Down)?;
        // A worker that has ended drops it.
        let sent = worker.send(Call::Dial(dial)).await;
        sent.map_err(|_| DialError::Down)?;
        answered.await.map_err(|_| DialError::Down)??;
        let stream = Stream::Virtual(stream);
        Ok(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}
