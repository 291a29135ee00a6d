use serde_json::{Value, value::RawValue};

/// What a client shows to come back to its session (Socket.IO v5, section 8), when the hub has connection
/// state recovery. From [`TestClient::recovery`](super::TestClient::recovery).
///
/// ```no_run
/// use roomcast::testing::{ConnectRefused, RecoveryTicket, TestClient, TestServer};
///
/// async fn back(server: &TestServer, ticket: RecoveryTicket) -> Result<TestClient, ConnectRefused> {
///     TestClient::builder(server).recover(ticket).connect().await
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryTicket {
    pub(super) private_id: String,
    /// Of the last event that has arrived, looked at or not.
    pub(super) offset: Option<String>,
}

impl RecoveryTicket {
    /// The auth with which it is asked for, as socket.io-client does.
    pub(super) fn asked_with(self, auth: Option<Value>) -> Value {
        let mut auth = match auth {
            Some(Value::Object(auth)) => auth,
            _ => serde_json::Map::new(),
        };
        auth.insert("pid".to_owned(), self.private_id.into());
        auth.insert("offset".to_owned(), self.offset.into());
        Value::Object(auth)
    }

    /// An event has come with these arguments. Its offset is the last one, if that is a text.
    pub(super) fn saw(&mut self, args: &str) {
        let args = format!("[{args}]");
        let args: Vec<&RawValue> = serde_json::from_str(&args).unwrap_or_default();
        let offset = args.last().map(|last| serde_json::from_str(last.get()));
        if let Some(Ok(offset)) = offset {
            self.offset = Some(offset);
        }
    }
}
