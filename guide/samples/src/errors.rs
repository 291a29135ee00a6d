//! Samples of the chapter "Errors and panics".

use roomcast::{HubBuilder, RejectionKind, prelude::*};

// ANCHOR: error
#[derive(Debug)]
enum TransferError {
    Limit { max: u32 },
    Database(std::io::Error),
}

impl From<TransferError> for Rejection {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Limit { max } => {
                Rejection::new("over your limit").with_data(&serde_json::json!({ "max": max }))
            }
            TransferError::Database(cause) => {
                // For the log, not for the client.
                eprintln!("database: {cause}");
                Rejection::new("try again later")
            }
        }
    }
}
// ANCHOR_END: error

// ANCHOR: handle
#[derive(Deserialize, Event)]
#[event(ack = u32)]
struct Transfer {
    amount: u32,
}

fn transfer(amount: u32) -> Result<u32, TransferError> {
    match amount {
        0 => Err(TransferError::Database(std::io::Error::other(
            "no connection",
        ))),
        1..=1000 => Ok(amount),
        _ => Err(TransferError::Limit { max: 1000 }),
    }
}

impl Handle<Transfer> for Bank {
    async fn handle(&mut self, event: Transfer, _: &Socket) -> Result<u32, Rejection> {
        let moved = transfer(event.amount)?;
        Ok(moved)
    }
}
// ANCHOR_END: handle

#[derive(EventHandlers)]
#[handles(Transfer, Divide)]
struct Bank {
    strikes: u32,
}

impl Session for Bank {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self { strikes: 0 })
    }

    // ANCHOR: rejected
    fn rejected(&mut self, event: &str, rejection: &Rejection, socket: &Socket) -> Reply {
        match rejection.kind() {
            RejectionKind::Handler => Reply::Error,
            // A payload that does not fit, or an event that we do not know.
            _ => {
                self.strikes += 1;
                if self.strikes >= 3 {
                    println!("{} keeps sending nonsense ({event}), cut", socket.id());
                    let _ = socket.disconnect(true);
                }
                Reply::with(&"what?")
            }
        }
    }
    // ANCHOR_END: rejected
}

// ANCHOR: panic
#[derive(Deserialize, Event)]
#[event(ack = u32)]
struct Divide(u32, u32);

impl Handle<Divide> for Bank {
    async fn handle(&mut self, Divide(a, b): Divide, _: &Socket) -> Result<u32, Rejection> {
        Ok(a / b) // panics when b is 0
    }
}
// ANCHOR_END: panic

pub(crate) fn add(to: HubBuilder) -> HubBuilder {
    to.namespace::<Bank>("/errors")
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use roomcast::testing::{Disconnected, TestClient, TestServer};
    use serde_json::json;

    async fn bank(server: &TestServer) -> Result<TestClient, Box<dyn Error>> {
        Ok(TestClient::builder(server)
            .namespace("/errors")
            .connect()
            .await?)
    }

    #[actix_web::test]
    async fn each_error_is_answered_as_the_session_says() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(crate::hub()?);
        let client = bank(&server).await?;
        for (amount, answer) in [
            (json!(7), "[7]"),
            (
                json!(5000),
                r#"[{"error":{"message":"over your limit","data":{"max":1000}}}]"#,
            ),
            (json!(0), r#"[{"error":{"message":"try again later"}}]"#),
            (json!("all"), r#"["what?"]"#),
        ] {
            let answered = client
                .emit_raw_with_ack("transfer", &[json!({"amount": amount})])
                .await;
            assert_eq!(answered.json(), answer);
        }
        client.emit_raw("no such event", &[1]).await;
        client.emit_raw("no such event", &[2]).await;
        assert_eq!(client.expect_disconnect().await, Disconnected::ByServer);
        Ok(())
    }

    #[actix_web::test]
    async fn a_panic_costs_one_socket() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(crate::hub()?);
        let (unlucky, other) = (bank(&server).await?, bank(&server).await?);
        unlucky.emit_raw("divide", &(1, 0)).await;
        assert_eq!(unlucky.expect_disconnect().await, Disconnected::ByServer);
        assert_eq!(
            other.emit_raw_with_ack("divide", &(6, 3)).await.json(),
            "[2]"
        );
        assert_eq!(server.hub().stats().panics, 1);
        Ok(())
    }
}
