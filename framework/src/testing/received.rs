//! What comes from the server.

use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::event::{self, Event, Payload, Rejection};

/// An event that came from the server, or the answer to one.
///
/// ```
/// use roomcast::testing::TestClient;
///
/// async fn hears(client: &TestClient) {
///     let event = client.next().await;
///     assert_eq!(event.name(), "said");
///     assert_eq!(event.json(), r#"[{"text":"hi"}]"#);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub(super) name: String,
    /// Separated by commas, without brackets.
    pub(super) args: String,
    pub(super) attachments: Vec<Bytes>,
    pub(super) ack: Option<u64>,
}

impl Received {
    /// The name of the event; for an answer, of the event that it answers.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments as a JSON list. Attachments appear as Socket.IO's placeholders.
    #[must_use]
    pub fn json(&self) -> String {
        format!("[{}]", self.args)
    }

    /// The binary attachments.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Whether the server asked for an answer.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        self.ack.is_some()
    }

    fn payload(&self) -> Payload<'_> {
        Payload {
            args: &self.args,
            attachments: &self.attachments,
        }
    }

    pub(super) fn event<E: Event + DeserializeOwned>(&self) -> Result<E, Rejection> {
        event::decode(self.payload())
    }

    pub(super) fn answer<E>(&self) -> Result<E::Ack, serde_json::Error>
    where
        E: Event,
        E::Ack: DeserializeOwned,
    {
        event::decode_ack::<E>(self.payload())
    }
}

/// As in `said ["hi"] (wants an ack)`.
impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` [{}]", self.name, self.args)?;
        if !self.attachments.is_empty() {
            write!(f, " with {} attachment(s)", self.attachments.len())?;
        }
        if self.wants_ack() {
            f.write_str(" that wants an ack")?;
        }
        Ok(())
    }
}

/// How a client's time in its namespace ended, as the client sees it.
///
/// ```
/// use roomcast::testing::{Disconnected, TestClient};
///
/// async fn is_sent_away(client: &TestClient) {
///     assert_eq!(client.expect_disconnect().await, Disconnected::ByServer);
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disconnected {
    /// The server disconnected the socket from the namespace (`io server disconnect`).
    ByServer,
    /// The client left the namespace (`io client disconnect`).
    ByClient,
    /// The connection ended, with this WebSocket close code: 1005 where the server gave none, 1006
    /// where there was no close frame (`transport close`).
    TransportClose(u16),
}

impl Disconnected {
    /// The reason that socket.io-client gives for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ByServer => "io server disconnect",
            Self::ByClient => "io client disconnect",
            Self::TransportClose(_) => "transport close",
        }
    }
}

impl fmt::Display for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TransportClose(code) => write!(f, "{} (code {code})", self.as_str()),
            _ => f.write_str(self.as_str()),
        }
    }
}
