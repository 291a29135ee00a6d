//! Events without types: who sees all of them, who handles those that no type is listed for, and
//! how they are emitted and answered.

use std::sync::{Arc, Mutex};

use crate::common::{
    journal::{Entries, Journal, journal},
    member::members,
};
use crate::waiting::PATIENCE;
use roomcast::{
    AckError, Incoming, RawEvent, RawReply, RejectionKind, Target,
    prelude::*,
    testing::{TestClient, TestServer},
};
use serde_json::json;

/// Writes down what it sees.
#[derive(EventHandlers)]
#[handles(Typed)]
struct Watching;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Typed(u32);

impl Session for Watching {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }

    fn any(&mut self, event: &Incoming<'_>, socket: &Socket) {
        assert_ne!(event.name(), "panic in any", "as the client wishes");
        socket.state::<Journal>().write(format!(
            "any {} {} {} {}",
            event.name(),
            event.json(),
            event.attachments().len(),
            event.wants_ack(),
        ));
    }

    async fn unhandled(
        &mut self,
        event: RawEvent,
        socket: &Socket,
    ) -> Result<Option<RawReply>, Rejection> {
        socket
            .state::<Journal>()
            .write(format!("unhandled {}", event.name()));
        match event.name() {
            "add" => {
                let (left, right) = event.args::<(u32, u32)>()?;
                Ok(Some(RawReply::new((left + right, "added"))))
            }
            "total" => {
                let numbers: Vec<u32> = event.args()?;
                Ok(Some(RawReply::new([numbers.iter().sum::<u32>()])))
            }
            "nothing" => {
                event.args::<()>()?;
                Ok(Some(RawReply::new(())))
            }
            "reverse" => {
                let (name, Binary(bytes)) = event.args::<(String, Binary)>()?;
                let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
                Ok(Some(RawReply::new((name, Binary::from(reversed)))))
            }
            "not a list" => Ok(Some(RawReply::new(7))),
            "silent" => Ok(None),
            "refused" => Err("not today".into()),
            "panic" => panic!("as the client wishes"),
            _ => Err(event.refuse()),
        }
    }

    fn rejected(&mut self, event: &str, rejection: &Rejection, socket: &Socket) -> Reply {
        let kind = rejection.kind();
        socket
            .state::<Journal>()
            .write(format!("rejected {event}: {kind:?}: {rejection}"));
        match kind {
            RejectionKind::Unhandled => Reply::None,
            _ => Reply::Error,
        }
    }
}

impl Handle<Typed> for Watching {
    async fn handle(&mut self, Typed(number): Typed, socket: &Socket) -> Result<u32, Rejection> {
        socket.state::<Journal>().write(format!("typed {number}"));
        Ok(number)
    }
}

async fn watched() -> (TestServer, TestClient, Entries) {
    let (journal, entries) = journal();
    let hub = Hub::builder().namespace::<Watching>("/").state(journal);
    let server = TestServer::start(hub.build().expect("a hub"));
    let client = TestClient::connect(&server).await.expect("a client");
    (server, client, entries)
}

#[actix_web::test]
async fn any_sees_every_event_before_its_handler() {
    let (_server, client, mut entries) = watched().await;
    client.emit(&Typed(1)).await;
    entries.expect("any typed [1] 0 false").await;
    entries.expect("typed 1").await;
    client.emit_with_ack(&Typed(2)).await;
    entries.expect("any typed [2] 0 true").await;
    entries.expect("typed 2").await;
    // One that does not fit its type, and one that nobody knows.
    client.emit_raw("typed", &["x"]).await;
    entries.expect(r#"any typed ["x"] 0 false"#).await;
    let rejected = entries.next().await;
    assert!(
        rejected.starts_with("rejected typed: Payload"),
        "{rejected}"
    );
    let bytes = Binary::from(&[1, 2][..]);
    client.emit_raw("silent", &(bytes, 1)).await;
    entries
        .expect(r#"any silent [{"_placeholder":true,"num":0},1] 1 false"#)
        .await;
    entries.expect("unhandled silent").await;
}

#[actix_web::test]
async fn a_panic_in_any_costs_its_socket_alone() {
    let (server, client, _entries) = watched().await;
    let other = TestClient::connect(&server).await.expect("another client");
    client.emit_raw("panic in any", &()).await;
    client.expect_disconnect().await;
    assert_eq!(other.emit_with_ack(&Typed(3)).await, 3);
    assert_eq!(server.hub().stats().panics, 1);
}

#[actix_web::test]
async fn unhandled_reads_the_arguments_on_demand_and_answers() {
    let (server, client, _entries) = watched().await;
    for (name, args, answer) in [
        ("add", json!([1, 2]), json!([3, "added"])),
        ("add", json!([1, 2, "more"]), json!([3, "added"])),
        ("total", json!([1, 2, 3]), json!([6])),
        ("total", json!([]), json!([0])),
        ("nothing", json!([]), json!([])),
        ("nothing", json!([1]), json!([])),
    ] {
        let answered = client.emit_raw_with_ack(name, &args).await;
        assert_eq!(answered.json(), answer.to_string(), "{name} {args}");
    }
    let bytes = Binary::from(&[1, 2, 3][..]);
    let answered = client.emit_raw_with_ack("reverse", &("x", bytes)).await;
    assert_eq!(answered.json(), r#"["x",{"_placeholder":true,"num":0}]"#);
    assert_eq!(answered.attachments(), [&[3, 2, 1][..]]);
    let stats = server.hub().stats();
    assert_eq!((stats.events, stats.unhandled), (7, 0));
    assert!(stats.rejected.is_empty(), "{:?}", stats.rejected);
}

#[actix_web::test]
async fn what_unhandled_refuses_is_rejected_as_from_any_handler() {
    let (server, client, mut entries) = watched().await;
    for (name, args, message) in [
        (
            "add",
            json!([1, "2"]),
            "event `add`, argument 2: invalid type: string \"2\", expected u32",
        ),
        ("refused", json!([]), "not today"),
        ("not a list", json!([]), "the server could not deliver"),
    ] {
        let answered = client.emit_raw_with_ack(name, &args).await;
        let error = json!([{"error": {"message": message}}]);
        assert_eq!(answered.json(), error.to_string());
    }
    let stats = server.hub().stats();
    assert_eq!(stats.unhandled, 0);
    assert_eq!(stats.rejected, [("handler", 2), ("payload", 1)].into());

    entries.rest();
    client.emit_raw("unknown", &()).await;
    entries.expect("any unknown [] 0 false").await;
    entries.expect("unhandled unknown").await;
    entries
        .expect("rejected unknown: Unhandled: there is no handler for the event `unknown`")
        .await;
    assert_eq!(server.hub().stats().unhandled, 1);
}

#[actix_web::test]
async fn a_panic_in_unhandled_disconnects_its_socket() {
    let (server, client, _entries) = watched().await;
    client.emit_raw("panic", &()).await;
    client.expect_disconnect().await;
    assert_eq!(server.hub().stats().panics, 1);
}

#[actix_web::test]
async fn untyped_emits_are_answered_untyped() {
    let (hub, mut hall) = members();
    let server = TestServer::start(hub.ack_timeout(PATIENCE).build().expect("a hub"));
    let (client, socket) = hall.enter(&server, &["asked"]).await;
    client.answer(|Typed(number): Typed| number + 1);
    let ack = socket.emit_raw_with_ack("typed", &[1]).await;
    let ack = ack.expect("an answer");
    assert_eq!(ack.args::<(u32,)>().expect("a number"), (2,));
    assert_eq!(ack.json(), "[2]");
    assert!(ack.args::<(String,)>().is_err());

    let acks = server
        .hub()
        .to("asked")
        .emit_raw_with_ack("typed", &[2])
        .await;
    let acks = acks.expect("acks");
    assert!(acks.is_complete());
    let numbers: Vec<_> = acks
        .iter()
        .map(|(id, ack)| (id, ack.expect("an answer").json()))
        .collect();
    assert_eq!(numbers, [(Some(client.id()), "[3]".to_owned())]);

    let error = socket.emit_raw_with_ack("connect", &()).await;
    assert!(matches!(error, Err(AckError::Emit(_))), "{error:?}");
}

#[actix_web::test]
async fn what_goes_out_is_told_once_for_each_emit() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (hub, mut hall) = members();
    let hub = hub.on_any_outgoing({
        let told = Arc::clone(&told);
        move |event| {
            let to = match event.to() {
                Target::Socket(id) => format!("socket {id}"),
                Target::Rooms {
                    rooms,
                    except,
                    from,
                } => format!("rooms {rooms:?} except {except:?} from {from:?}"),
            };
            let (nsp, name, json, ack) = (
                event.namespace(),
                event.name(),
                event.json(),
                event.wants_ack(),
            );
            let line = format!("{nsp} {name} {json} {ack} {to}");
            told.lock().expect("no panic").push(line);
        }
    });
    let server = TestServer::start(hub.build().expect("a hub"));
    let (first, socket) = hall.enter(&server, &["a"]).await;
    let (_second, _) = hall.enter(&server, &["a"]).await;
    first.answer(|Typed(number): Typed| number);

    socket
        .emit_raw("bytes", &(Binary::from(&[1][..]),))
        .expect("sent");
    socket.to("a").except("b").emit(&Typed(1)).expect("sent");
    server.hub().emit(&Typed(2)).expect("sent");
    socket.emit_with_ack(&Typed(3)).await.expect("an answer");
    assert!(
        socket.emit_raw("disconnect", &()).is_err(),
        "nothing goes out"
    );

    let id = socket.id();
    assert_eq!(
        *told.lock().expect("no panic"),
        [
            format!(r#"/ bytes [{{"_placeholder":true,"num":0}}] false socket {id}"#),
            format!(r#"/ typed [1] false rooms ["a"] except ["b"] from Some({id})"#),
            "/ typed [2] false rooms [] except [] from None".to_owned(),
            format!("/ typed [3] true socket {id}"),
        ]
    );
}
