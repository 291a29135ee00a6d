//! Recovery over long-polling, and with the msgpack parser.

use roomcast::{Recovery, parser::Msgpack};
use serde_json::{Value, json};

use super::app::News;
use super::world::World;
use crate::common::{polling::Poller, until};
use crate::wire::{BINARY, FIN, Message, Wire, frame};

/// The packets of a payload.
fn packets(payload: &str) -> Vec<&str> {
    payload.split('\u{1e}').collect()
}

/// The JSON text of a packet with this head.
fn json_of(packet: &str, head: &str) -> Value {
    let json = packet.strip_prefix(head);
    let json = json.unwrap_or_else(|| panic!("{packet} is no {head}"));
    serde_json::from_str(json).unwrap()
}

#[actix_web::test]
async fn a_polling_client_comes_back_to_another_polling_session() {
    let world = World::new();
    let first = Poller::open(&world.server).await;
    first.post(r#"40{"rooms":["a"]}"#).await.expect(200, "ok");
    let reply = first.poll().await;
    let connected = json_of(reply.text(), "40");
    let hub = world.hub();
    hub.to("a").emit(&News(1)).unwrap();
    let payload = first.poll().await;
    let event = json_of(payload.text(), "42");
    assert_eq!(event[1], 1);

    // The close packet of the transport, which is no goodbye to the namespace.
    first.post("1").await.expect(200, "ok");
    until("it is saved", || hub.stats().recovery_saved == 1).await;
    for number in [2, 3] {
        hub.to("a").emit(&News(number)).unwrap();
    }

    let second = Poller::open(&world.server).await;
    let auth = json!({ "pid": connected["pid"], "offset": event[2] });
    second.post(&format!("40{auth}")).await.expect(200, "ok");
    let payload = second.poll().await;
    let packets = packets(payload.text());
    assert_eq!(packets.len(), 3, "{packets:?}");
    for (packet, number) in packets.iter().zip([2, 3]) {
        assert_eq!(json_of(packet, "42")[1], number);
    }
    assert_eq!(json_of(packets[2], "40"), connected);
    assert_eq!(hub.stats().recovery_restored, 1);
}

/// A client of the msgpack parser: every packet is one binary message.
struct Packed(Wire);

impl Packed {
    async fn connect(world: &World, auth: Value) -> Self {
        let mut wire = Wire::open(&world.server).await;
        let connect = json!({ "type": 0, "nsp": "/", "data": auth });
        let bytes = rmp_serde::to_vec_named(&connect).unwrap();
        wire.write(&frame(FIN | BINARY, &bytes)).await;
        Self(wire)
    }

    async fn next(&mut self) -> Value {
        match self.0.next().await {
            Message::Binary(bytes) => rmp_serde::from_slice(&bytes).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

#[actix_web::test]
async fn a_client_of_the_msgpack_parser_comes_back() {
    let world = World::with(1, |hub| hub.parser(Msgpack), Recovery::new());
    let mut first = Packed::connect(&world, json!({ "rooms": ["a"] })).await;
    let connected = first.next().await;
    let hub = world.hub();
    hub.to("a").emit(&News(1)).unwrap();
    let event = first.next().await;
    assert_eq!(event["data"][1], 1);
    first.0.reset();
    until("it is saved", || hub.stats().recovery_saved == 1).await;
    for number in [2, 3] {
        hub.to("a").emit(&News(number)).unwrap();
    }

    let auth = json!({ "pid": connected["data"]["pid"], "offset": event["data"][2] });
    let mut second = Packed::connect(&world, auth).await;
    for number in [2, 3] {
        assert_eq!(second.next().await["data"][1], number);
    }
    assert_eq!(second.next().await, connected);
    assert_eq!(hub.stats().recovery_restored, 1);
}
