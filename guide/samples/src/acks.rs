//! Samples of the chapter "Acknowledgements".

use std::time::Duration;

use roomcast::{AckError, Reply, prelude::*};

// ANCHOR: answer
#[derive(Deserialize, Event)]
#[event(ack = Receipt)]
struct Order {
    item: String,
    count: u32,
}

#[derive(Serialize)]
struct Receipt {
    total: u32,
}
// ANCHOR_END: answer

// ANCHOR: ask
#[derive(Serialize, Event)]
#[event(ack = bool)]
struct Confirm<'a> {
    question: &'a str,
}

#[derive(Deserialize, Event)]
#[event(ack = String)]
struct Checkout;
// ANCHOR_END: ask

// ANCHOR: session
#[derive(EventHandlers)]
#[handles(Order, Checkout)]
pub(crate) struct Shop {
    total: u32,
}

impl Session for Shop {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self { total: 0 })
    }
    // ANCHOR_END: session

    // ANCHOR: rejected
    fn rejected(&mut self, event: &str, rejection: &Rejection, _: &Socket) -> Reply {
        if event == "checkout" {
            return Reply::with(&format!("error: {rejection}"));
        }
        Reply::Error
    }
    // ANCHOR_END: rejected
}

// ANCHOR: handle
impl Handle<Order> for Shop {
    async fn handle(&mut self, order: Order, _: &Socket) -> Result<Receipt, Rejection> {
        if order.count == 0 {
            return Err(Rejection::new(format!("how many of {}?", order.item))
                .with_data(&serde_json::json!({ "min": 1 })));
        }
        self.total += order.count;
        Ok(Receipt { total: self.total })
    }
}
// ANCHOR_END: handle

// ANCHOR: confirm
impl Handle<Checkout> for Shop {
    async fn handle(&mut self, _: Checkout, socket: &Socket) -> Result<String, Rejection> {
        let confirm = Confirm {
            question: "Buy all of it?",
        };
        let answer = socket
            .timeout(Duration::from_secs(5))
            .emit_with_ack(&confirm)
            .await;
        match answer {
            Ok(true) => Ok(format!("{} items are on their way", self.total)),
            Ok(false) => Ok("nothing was bought".to_owned()),
            Err(AckError::Timeout) => Err(Rejection::new("no answer in 5 seconds")),
            Err(error) => Err(Rejection::new(error.to_string())),
        }
    }
}
// ANCHOR_END: confirm

// ANCHOR: many
/// Asks everyone in a room; gives how many said yes, and whether all have been heard.
async fn poll(hub: &Hub, room: &str) -> Result<(usize, bool), roomcast::EmitError> {
    let confirm = Confirm { question: "Pizza?" };
    let asked = hub.to(room).timeout(Duration::from_secs(2));
    let answers = asked.emit_with_ack(&confirm).await?;
    for (socket, answer) in answers.iter() {
        match answer {
            Ok(yes) => println!("{socket}: {yes}"),
            Err(error) => println!("{socket} sent nonsense: {error}"),
        }
    }
    let complete = answers.is_complete();
    let yes = answers.into_values().into_iter().filter(|yes| *yes).count();
    Ok((yes, complete))
}
// ANCHOR_END: many
