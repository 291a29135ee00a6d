//! Samples of the chapter "Acknowledgements".

use std::time::Duration;

use roomcast::{HubBuilder, prelude::*};

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
struct Shop {
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
async fn poll(hub: &Hub, room: &str) -> Result<(usize, bool), EmitError> {
    let confirm = Confirm { question: "Pizza?" };
    let asked = hub.to(room).timeout(Duration::from_secs(2));
    let answers = asked.emit_with_ack(&confirm).await?;
    for (socket, answer) in answers.iter() {
        match answer {
            Ok(yes) => println!("{socket:?}: {yes}"),
            Err(error) => println!("{socket:?} sent nonsense: {error}"),
        }
    }
    let complete = answers.is_complete();
    let yes = answers.into_values().into_iter().filter(|yes| *yes).count();
    Ok((yes, complete))
}
// ANCHOR_END: many

pub(crate) fn add(to: HubBuilder) -> HubBuilder {
    to.namespace::<Shop>("/acks")
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use roomcast::{
        Namespace,
        prelude::*,
        testing::{TestClient, TestServer},
    };
    use serde_json::json;

    #[derive(Serialize, Deserialize, Event)]
    #[event(ack = bool)]
    struct Confirm {
        question: String,
    }

    async fn shop(server: &TestServer) -> Result<TestClient, Box<dyn Error>> {
        Ok(TestClient::builder(server)
            .namespace("/acks")
            .connect()
            .await?)
    }

    #[actix_web::test]
    async fn handlers_answer_and_refuse() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(crate::hub()?);
        let client = shop(&server).await?;
        for (order, answer) in [
            (json!({"item": "tea", "count": 2}), r#"[{"total":2}]"#),
            (
                json!({"item": "tea", "count": 0}),
                r#"[{"error":{"message":"how many of tea?","data":{"min":1}}}]"#,
            ),
        ] {
            let answered = client.emit_raw_with_ack("order", &[order]).await;
            assert_eq!(answered.json(), answer);
        }
        Ok(())
    }

    #[actix_web::test]
    async fn a_handler_asks_its_own_client() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(crate::hub()?);
        let client = shop(&server).await?;
        client.answer(|confirm: Confirm| confirm.question == "Buy all of it?");
        let answer = client.emit_raw_with_ack("checkout", &[0; 0]).await;
        assert_eq!(answer.json(), r#"["0 items are on their way"]"#);
        Ok(())
    }

    #[actix_web::test]
    async fn everyone_in_a_room_is_asked() -> Result<(), Box<dyn Error>> {
        let hub = Hub::builder().namespace::<super::Shop>("/").build()?;
        let server = TestServer::start(hub);
        let clients = [
            TestClient::connect(&server).await?,
            TestClient::connect(&server).await?,
        ];
        let everyone = server
            .hub()
            .namespace("/")
            .as_ref()
            .map(Namespace::everyone);
        everyone.ok_or("no namespace")?.join(["kitchen"]).await?;
        let answers = [true, false];
        for (client, yes) in clients.iter().zip(answers) {
            client.answer(move |_: Confirm| yes);
        }
        let (yes, complete) = super::poll(server.hub(), "kitchen").await?;
        assert_eq!((yes, complete), (1, true));
        Ok(())
    }
}
