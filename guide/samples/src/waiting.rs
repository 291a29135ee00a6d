//! Samples of the chapter "Events and handlers": waiting for an event.

use std::time::Duration;

use roomcast::prelude::*;

#[derive(EventHandlers)]
#[handles(Order)]
struct Shop;

impl Session for Shop {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

#[derive(Serialize, Deserialize, Event)]
#[event(ack = bool)]
struct Order(String);

#[derive(Serialize, Deserialize, Event)]
struct Confirm(String);

// ANCHOR: wait
#[derive(Serialize, Deserialize, Event)]
struct Confirmed(bool);

impl Handle<Order> for Shop {
    async fn handle(&mut self, Order(item): Order, socket: &Socket) -> Result<bool, Rejection> {
        socket.emit(&Confirm(item))?;
        let Confirmed(yes) = socket.wait_for(Duration::from_secs(30)).await?;
        Ok(yes)
    }
}
// ANCHOR_END: wait

#[cfg(test)]
mod tests {
    use roomcast::testing::{TestClient, TestServer};

    use super::*;

    #[actix_web::test]
    async fn an_order_waits_for_its_confirmation() {
        let hub = Hub::builder().namespace::<Shop>("/").build();
        let server = TestServer::start(hub.expect("a hub"));
        let client = TestClient::connect(&server).await.expect("a client");
        let order = Order("tea".into());
        let ordered = client.emit_with_ack(&order);
        let confirmed = async {
            let Confirm(item) = client.expect().await;
            assert_eq!(item, "tea");
            client.emit(&Confirmed(true)).await;
        };
        assert!(tokio::join!(ordered, confirmed).0);
    }
}
