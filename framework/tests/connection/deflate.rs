//! permessage-deflate as clients meet it.

use crate::wire::{FIN, MODES, Message, RSV1, TEXT, Wire, frame, serve};
use roomcast::{HubBuilder, PerMessageDeflate, WebSocketMode, prelude::*, testing::TestServer};
use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush};

const OFFER: &str = "permessage-deflate; client_max_window_bits";

/// What the events carry: beyond the threshold, and full of repetition.
fn long() -> String {
    "on and on ".repeat(200)
}

// ---- the application

#[derive(EventHandlers)]
#[handles(Say, Pack)]
struct Member;

/// To everyone, in a text of the same name.
#[derive(Deserialize, Event)]
struct Say(String);

/// To the sender and to everyone, each time first as it may be compressed and then as it may not.
#[derive(Deserialize, Event)]
struct Pack(String);

#[derive(Serialize, Event)]
struct Said(String);

impl Session for Member {
    type Auth = ();

    async fn connect((): (), socket: &Socket) -> Result<Self, Refusal> {
        socket.join("room")?;
        Ok(Self)
    }
}

impl Handle<Say> for Member {
    async fn handle(&mut self, Say(text): Say, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.hub().to("room").emit(&Said(text))?)
    }
}

impl Handle<Pack> for Member {
    async fn handle(&mut self, Pack(text): Pack, socket: &Socket) -> Result<(), Rejection> {
        let said = Said(text);
        socket.emit(&said)?;
        socket.compress(false).emit(&said)?;
        let room = socket.hub().to("room");
        room.emit(&said)?;
        room.compress(false).emit(&said)?;
        Ok(())
    }
}

fn hub() -> HubBuilder {
    Hub::builder().namespace::<Member>("/")
}

fn compressing(mode: WebSocketMode) -> TestServer {
    serve(
        mode,
        hub().per_message_deflate(PerMessageDeflate::default()),
    )
}

// ---- clients

/// A member that offers compression, and what was answered.
async fn offering(server: &TestServer, offer: &str) -> (Wire, Option<String>) {
    let header = format!("sec-websocket-extensions: {offer}");
    let (wire, head) = Wire::upgrade_with(server, &header).await;
    let name = "sec-websocket-extensions: ";
    let answer = head
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with(name))
        .and_then(|line| line.get(name.len()..))
        .map(str::to_owned);
    (wire, answer)
}

async fn join(server: &TestServer, offer: &str) -> Wire {
    let (mut wire, _) = offering(server, offer).await;
    wire.opened().await;
    wire.connect().await;
    wire
}

fn said(text: &str) -> String {
    format!(r#"42["said","{text}"]"#)
}

fn deflate(payload: &[u8]) -> Vec<u8> {
    let mut deflate = Deflate::new(6, false, 15);
    let mut out = vec![0; payload.len() + 64];
    deflate
        .compress(payload, &mut out, DeflateFlush::SyncFlush)
        .unwrap();
    out.truncate(usize::try_from(deflate.total_out()).unwrap() - 4);
    out
}

/// With nothing of what came before to refer to.
fn inflate(payload: &[u8], window: u8) -> String {
    let mut inflate = Inflate::new(false, window);
    let mut out = vec![0; 1 << 20];
    let whole = [payload, &[0, 0, 0xFF, 0xFF]].concat();
    inflate
        .decompress(&whole, &mut out, InflateFlush::SyncFlush)
        .unwrap();
    out.truncate(usize::try_from(inflate.total_out()).unwrap());
    String::from_utf8(out).unwrap()
}

/// The next message, which must be deflated.
async fn inflated(wire: &mut Wire, window: u8) -> String {
    match wire.next().await {
        Message::Deflated(payload) => inflate(&payload, window),
        other => panic!("{other:?} is not deflated"),
    }
}

// ---- tests

#[actix_web::test]
async fn offers_are_answered() {
    const ALWAYS: &str =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    for mode in MODES {
        let server = compressing(mode);
        for (offer, more) in [
            // Those of the recorded handshakes.
            ("permessage-deflate; client_max_window_bits", Some("")),
            (
                "permessage-deflate; client_max_window_bits=10",
                Some("; client_max_window_bits=10"),
            ),
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                Some(""),
            ),
            // zlib has no such window: the next one is taken.
            (
                "permessage-deflate; server_max_window_bits=8, permessage-deflate; \
                 server_max_window_bits=10",
                Some("; server_max_window_bits=10"),
            ),
            ("permessage-deflate; server_max_window_bits=8", None),
            ("permessage-deflate; bits=\"", None),
            ("x-webkit-deflate-frame", None),
        ] {
            let (mut wire, answer) = offering(&server, offer).await;
            let expected = more.map(|more| format!("{ALWAYS}{more}"));
            assert_eq!(answer, expected, "{mode:?}, {offer}");
            wire.opened().await;
            wire.connect().await;
        }
    }
}

#[actix_web::test]
async fn the_options_are_kept_to() {
    let options = PerMessageDeflate::default()
        .threshold(200)
        .server_max_window_bits(12)
        .client_max_window_bits(10);
    for mode in MODES {
        let server = serve(mode, hub().per_message_deflate(options));
        let (mut wire, answer) = offering(&server, OFFER).await;
        let windows = "; server_max_window_bits=12; client_max_window_bits=10";
        assert!(answer.is_some_and(|answer| answer.ends_with(windows)));
        wire.opened().await;
        wire.connect().await;
        for length in [199, 200] {
            let text = "x".repeat(length - said("").len());
            wire.text(&format!(r#"42["say","{text}"]"#)).await;
            match length {
                199 => wire.expect(&said(&text)).await,
                _ => assert_eq!(inflated(&mut wire, 12).await, said(&text)),
            }
        }
    }
}

#[actix_web::test]
async fn it_is_off_by_default() {
    let server = serve(WebSocketMode::Handoff, hub());
    let (mut wire, answer) = offering(&server, OFFER).await;
    assert_eq!(answer, None);
    wire.opened().await;
    wire.connect().await;
    wire.text(&format!(r#"42["say","{}"]"#, long())).await;
    wire.expect(&said(&long())).await;

    let hello = deflate(br#"42["say","hello"]"#);
    wire.write(&frame(FIN | RSV1 | TEXT, &hello)).await;
    assert_eq!(wire.ended().await, (vec![], Some(1002)));
}

#[actix_web::test]
async fn messages_are_compressed_both_ways() {
    for mode in MODES {
        let server = compressing(mode);
        let mut wire = join(&server, OFFER).await;
        let packet = format!(r#"42["say","{}"]"#, long());
        let deflated = deflate(packet.as_bytes());
        for _ in 0..3 {
            wire.write(&frame(FIN | RSV1 | TEXT, &deflated)).await;
            assert_eq!(inflated(&mut wire, 15).await, said(&long()));
        }
        // In pieces, which the reads cut once more.
        let (head, tail) = deflated.split_at(deflated.len() / 2);
        wire.write(&frame(RSV1 | TEXT, head)).await;
        wire.write(&frame(FIN, tail)).await;
        assert_eq!(inflated(&mut wire, 15).await, said(&long()));
        // Neither a short message nor one of a client that does not compress.
        wire.text(r#"42["say","short"]"#).await;
        wire.expect(&said("short")).await;
    }
}

#[actix_web::test]
async fn a_room_gets_what_each_member_agreed_to() {
    let server = compressing(WebSocketMode::Handoff);
    let mut plain = Wire::join(&server).await;
    let mut large = join(&server, OFFER).await;
    let mut equal = join(&server, OFFER).await;
    let mut small = join(&server, "permessage-deflate; server_max_window_bits=9").await;
    // Its end would refer to its beginning, which is beyond the small window.
    let mut state = 1_u32;
    let noise: String = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (state >> 24) as u8 % 26)
    })
    .take(900)
    .collect();
    let text = format!("{noise}{}{noise}", long());

    plain.text(&format!(r#"42["say","{text}"]"#)).await;
    plain.expect(&said(&text)).await;
    let Message::Deflated(bytes) = large.next().await else {
        panic!("not deflated");
    };
    assert_eq!(inflate(&bytes, 15), said(&text));
    assert_eq!(equal.next().await, Message::Deflated(bytes));
    assert_eq!(inflated(&mut small, 9).await, said(&text));
}

#[actix_web::test]
async fn neighbours_stay_in_order() {
    let server = compressing(WebSocketMode::Handoff);
    let mut sender = join(&server, OFFER).await;
    let mut other = join(&server, OFFER).await;
    let hub = server.hub();
    let long = long();
    for round in 0..3 {
        let room = hub.to("room");
        room.emit(&Said(round.to_string())).unwrap();
        room.emit(&Said(long.clone())).unwrap();
        room.compress(false).emit(&Said(long.clone())).unwrap();
    }
    for wire in [&mut sender, &mut other] {
        for round in 0..3 {
            wire.expect(&said(&round.to_string())).await;
            assert_eq!(inflated(wire, 15).await, said(&long));
            wire.expect(&said(&long)).await;
        }
    }
}

#[actix_web::test]
async fn who_is_excepted_gets_the_rest() {
    let server = compressing(WebSocketMode::Handoff);
    let mut first = join(&server, OFFER).await;
    let hub = server.hub();
    let members = hub.to("room").fetch_sockets().await.unwrap();
    let id = members.first().unwrap().id().to_string();
    let mut second = join(&server, OFFER).await;
    let (both, one) = (long(), format!("{} but", long()));
    hub.to("room").emit(&Said(both.clone())).unwrap();
    hub.to("room").except(id).emit(&Said(one.clone())).unwrap();
    hub.to("room").emit(&Said("end".into())).unwrap();

    for wire in [&mut first, &mut second] {
        assert_eq!(inflated(wire, 15).await, said(&both));
    }
    assert_eq!(inflated(&mut second, 15).await, said(&one));
    first.expect(&said("end")).await;
    second.expect(&said("end")).await;
}

#[actix_web::test]
async fn what_may_not_be_compressed_is_not() {
    for mode in MODES {
        let server = compressing(mode);
        let mut wire = join(&server, OFFER).await;
        let long = long();
        wire.text(&format!(r#"42["pack","{long}"]"#)).await;
        for _ in ["to the sender", "to the room"] {
            assert_eq!(inflated(&mut wire, 15).await, said(&long));
            wire.expect(&said(&long)).await;
        }
    }
}

#[actix_web::test]
async fn a_bomb_closes_with_1009() {
    for mode in MODES {
        let hub = hub().per_message_deflate(PerMessageDeflate::default());
        let server = serve(mode, hub.max_http_buffer_size(100_000));
        let mut wire = join(&server, OFFER).await;
        let bomb = deflate(&vec![b'4'; 100_001]);
        assert!(bomb.len() < 1000);
        wire.write(&frame(FIN | RSV1 | TEXT, &bomb)).await;
        assert_eq!(wire.ended().await, (vec![], Some(1009)));
        let refused = server.hub().stats().refused_packets;
        assert_eq!(refused.get("message_too_big"), Some(&1));
    }
}

#[actix_web::test]
async fn what_cannot_be_inflated_closes_with_1007() {
    let server = compressing(WebSocketMode::Handoff);
    for payload in [&[7][..], &deflate(b"\xFF not text")] {
        let mut wire = join(&server, OFFER).await;
        wire.write(&frame(FIN | RSV1 | TEXT, payload)).await;
        assert_eq!(wire.ended().await, (vec![], Some(1007)));
    }
}

/// The worker's decompressor is shared; the connection of another must not be readable through it.
#[actix_web::test]
async fn a_client_cannot_refer_to_what_another_sent() {
    let server = compressing(WebSocketMode::Handoff);
    let mut victim = join(&server, OFFER).await;
    let secret = deflate(br#"42["say","a secret"]"#);
    victim.write(&frame(FIN | RSV1 | TEXT, &secret)).await;
    victim.expect(&said("a secret")).await;

    let mut thief = join(&server, OFFER).await;
    // A match of three bytes, five back, as the first thing (RFC 7692 section 7.2.3.2).
    let backwards = [0xF2, 0x00, 0x11, 0x00, 0x00];
    thief.write(&frame(FIN | RSV1 | TEXT, &backwards)).await;
    assert_eq!(thief.ended().await, (vec![], Some(1007)));
}
