//! What each form of a message means.

use super::{
    super::{classic::Request, layer::has_binary},
    *,
};
use crate::config::SlowConsumer;
use bytes::Bytes;
use std::slice;

const EVENT: &str = r#"["e",{"_placeholder":true,"num":0}]"#;

fn binary() -> Data<'static> {
    Data {
        json: EVENT.into(),
        attachments: vec![Bytes::from_static(&[1, 2, 3])],
    }
}

fn event(data: Data<'static>, options: Options<'static>) -> Message<'static> {
    Message::Broadcast {
        data,
        options,
        request: None,
    }
}

#[test]
fn recorded_messages_mean_what_was_called() {
    let recording = recorded::classic();
    let payload = recording.published("A: io.to('room2').except('room1').emit('e4')", "");
    let expected = event(Data::json(r#"["e4"]"#), to(&["room2"], &["room1"]));
    assert_eq!(broadcast(&payload).unwrap(), expected);

    let payload = recording.published("A: io.volatile.compress(false).emit('e10')", "");
    let expected = event(
        Data::json(r#"["e10"]"#),
        Options {
            flags: Flags {
                volatile: true,
                compress: false,
                ..Flags::default()
            },
            ..Options::default()
        },
    );
    assert_eq!(broadcast(&payload).unwrap(), expected);

    let sharded = recorded::sharded();
    let payload = sharded.published("A: io.in('room1').except('room2').socketsLeave('x')", "");
    let expected = Message::Leave {
        options: to(&["room1"], &["room2"]),
        rooms: texts(&["x"]),
    };
    assert_eq!(envelope(&payload).unwrap(), expected);

    let payload = sharded.published("A: io.disconnectSockets(true)", "");
    let expected = Message::Disconnect {
        options: Options::default(),
        close: true,
    };
    assert_eq!(envelope(&payload).unwrap(), expected);
}

#[test]
fn an_emitter_of_old_leaves_out_what_is_empty() {
    // ["emitter",{type:2,data:["e"]},{rooms:["r"],flags:{}}]
    let old =
        b"\x93\xa7emitter\x82\xa4type\x02\xa4data\x91\xa1e\x82\xa5rooms\x91\xa1r\xa5flags\x80";
    let expected = event(Data::json(r#"["e"]"#), to(&["r"], &[]));
    assert_eq!(broadcast(old).unwrap(), expected);
    // [nil,{type:5,data:["e"]}]
    let bare = b"\x92\xc0\x82\xa4type\x05\xa4data\x91\xa1e";
    let read = classic::Broadcast::read(bare).unwrap();
    assert_eq!(read.uid, None);
    let (nsp, message) = read.decode().unwrap();
    assert_eq!(nsp, "/");
    assert_eq!(message, event(Data::json(r#"["e"]"#), Options::default()));
}

#[test]
fn requests_in_the_old_form_name_one_socket() {
    let sid = || to(&["s"], &[]);
    for (payload, expected) in [
        (
            r#"{"requestId":"q","type":2,"sid":"s","room":"r"}"#,
            Message::Join {
                options: sid(),
                rooms: texts(&["r"]),
            },
        ),
        (
            r#"{"requestId":"q","type":3,"sid":"s","room":"r"}"#,
            Message::Leave {
                options: sid(),
                rooms: texts(&["r"]),
            },
        ),
        (
            r#"{"requestId":"q","type":4,"sid":"s","close":true}"#,
            Message::Disconnect {
                options: sid(),
                close: true,
            },
        ),
    ] {
        let request = Request::read(payload.as_bytes()).unwrap();
        assert_eq!(
            request.confirmation().unwrap().as_deref(),
            Some(br#"{"requestId":"q"}"#.as_slice())
        );
        assert_eq!(request.decode().unwrap(), expected);
    }
    // Without either form it would be everyone.
    let error = request(br#"{"type":4,"close":true}"#).unwrap_err();
    assert_eq!(error.to_string(), "`sid` is missing");
}

#[test]
fn a_request_for_ids_is_answered_with_ids() {
    let asked = request(br#"{"uid":"a","requestId":"q","type":0,"rooms":["r"]}"#).unwrap();
    let Message::FetchSockets { options, request } = asked else {
        panic!("{asked:?}");
    };
    assert_eq!(options, to(&["r"], &[]));
    let answer = Message::Sockets {
        request,
        sockets: vec![socket()],
    };
    let payload = classic::encode(Sender::Node("b"), "/", &answer).unwrap();
    assert_eq!(payload, br#"{"requestId":"q","sockets":["s"]}"#);
}

fn socket() -> SocketDetails<'static> {
    SocketDetails {
        id: "s".into(),
        handshake: r#"{"headers":{}}"#.into(),
        rooms: texts(&["s", "r"]),
        data: binary(),
    }
}

#[test]
fn rooms_and_request_ids_may_be_numbers() {
    let join = request(br#"{"type":2,"opts":{"rooms":[42],"except":[]},"rooms":[-1,1.5]}"#);
    let expected = Message::Join {
        options: to(&["42"], &[]),
        rooms: texts(&["-1", "1.5"]),
    };
    assert_eq!(join.unwrap(), expected);
}

#[test]
fn nobody_is_in_a_room_that_is_none() {
    let said = |opts: &str| {
        let payload = format!(r#"{{"requestId":"q","type":4,"opts":{opts},"close":true}}"#);
        match request(payload.as_bytes()).unwrap() {
            Message::Disconnect { options, .. } => {
                let [rooms, except] = [options.rooms, options.except];
                (rooms.join(","), except.join(","))
            }
            other => panic!("{other:?}"),
        }
    };
    let told = |rooms: &str, except: &str| (rooms.to_owned(), except.to_owned());
    // `io.except(undefined)`, and `io.to(undefined)`, which is not everyone.
    assert_eq!(
        said(r#"{"rooms":[],"except":[null,"a",{}]}"#),
        told("", "a")
    );
    assert_eq!(said(r#"{"rooms":["a",null],"except":[]}"#), told("a", ""));
    assert_eq!(
        said(r#"{"rooms":[null],"except":[]}"#),
        told("roomcast:nobody", "")
    );
    let ids = request(br#"{"uid":"a","requestId":"q","type":0,"rooms":[null]}"#);
    let Ok(Message::FetchSockets { options, .. }) = ids else {
        panic!("{ids:?}");
    };
    assert_eq!(options, to(&["roomcast:nobody"], &[]));
    let answer = br#"{"requestId":"q","sockets":[{"id":"s","handshake":{},"rooms":["s",null,true],"data":{}}]}"#;
    let Ok(Message::Sockets { sockets, .. }) = classic_answer(answer) else {
        panic!("an answer");
    };
    assert_eq!(sockets[0].rooms, texts(&["s"]));
}

#[test]
fn binary_in_text_is_written_as_javascript_does() {
    let message = Message::ServerSideEmit {
        data: binary(),
        request: None,
    };
    let payload = classic::encode(Sender::Node("a"), "/", &message).unwrap();
    let buffer = r#"{"type":"Buffer","data":[1,2,3]}"#;
    assert_eq!(
        String::from_utf8(payload).unwrap(),
        format!(r#"{{"uid":"a","type":6,"data":["e",{buffer}]}}"#)
    );
    let message = event(binary(), Options::default());
    let fields = Fields::encode(&message, true).unwrap();
    let text = String::from_utf8(fields.data).unwrap();
    assert!(
        text.starts_with(&format!(
            r#"{{"packet":{{"type":2,"data":["e",{buffer}]}},"#
        )),
        "{text}"
    );
}

#[test]
fn only_what_holds_binary_is_msgpack() {
    let plain = event(Data::json(r#"["e"]"#), Options::default());
    for (message, encoding, is_json) in [
        (&plain, Encoding::Smallest, true),
        (&plain, Encoding::Msgpack, false),
        (
            &event(binary(), Options::default()),
            Encoding::Smallest,
            false,
        ),
    ] {
        let payload = layer::encode("u", "/", message, encoding).unwrap();
        assert_eq!(payload.starts_with(b"{"), is_json);
        assert_eq!(&envelope(&payload).unwrap(), message);
    }
    let sockets = Message::Sockets {
        request: "q".into(),
        sockets: vec![socket()],
    };
    assert!(has_binary(&sockets));
    let payload = layer::encode("u", "/", &sockets, Encoding::Smallest).unwrap();
    assert_eq!(envelope(&payload).unwrap(), sockets);
}

/// JSON has no attachments, so nothing in it stands for one.
#[test]
fn an_object_like_a_placeholder_stays_one_in_json() {
    let json = r#"["e",{"_placeholder":true,"num":0}]"#;
    let message = event(Data::json(json), Options::default());
    let payload = layer::encode("u", "/", &message, Encoding::Smallest).unwrap();
    let Message::Broadcast { data, .. } = envelope(&payload).unwrap() else {
        panic!();
    };
    assert_eq!(data, Data::json(json));
    assert!(matches!(data.json, Cow::Borrowed(_)));
}

#[test]
fn an_events_own_policy_reaches_roomcasts_nodes() {
    for policy in [
        SlowConsumer::Close,
        SlowConsumer::DropNewest,
        SlowConsumer::DropOldest,
        SlowConsumer::Latest,
    ] {
        let flags = Flags {
            timeout: Some(500),
            expect_single_response: true,
            slow_consumer: Some((policy, u64::MAX)),
            ..Flags::default()
        };
        let message = event(
            Data::json(r#"["e"]"#),
            Options {
                flags,
                ..Options::default()
            },
        );
        let payload = classic::encode(Sender::Node("a"), "/", &message).unwrap();
        assert_eq!(broadcast(&payload).unwrap(), message);
        let payload = layer::encode("a", "/", &message, Encoding::Smallest).unwrap();
        assert_eq!(envelope(&payload).unwrap(), message);
    }
}

#[test]
fn flags_that_are_unknown_or_strange_do_not_hold_an_event_up() {
    let opts = r#"{"rooms":[],"except":[],"flags":{"volatile":1,"compress":null,"binary":true,
        "timeout":1500.5,"slowConsumer":"other","key":1}}"#;
    let payload = format!(
        r#"{{"uid":"u","nsp":"/","type":3,"data":{{"packet":{{"type":2,"data":["e"]}},"opts":{opts}}}}}"#
    );
    let expected = event(
        Data::json(r#"["e"]"#),
        Options {
            flags: Flags {
                timeout: Some(1500),
                ..Flags::default()
            },
            ..Options::default()
        },
    );
    assert_eq!(envelope(payload.as_bytes()).unwrap(), expected);
}

#[test]
fn an_undefined_answer_is_no_member() {
    let none = Message::ClientAck {
        request: "q".into(),
        value: None,
    };
    let payload = layer::encode("u", "/", &none, Encoding::Smallest).unwrap();
    assert_eq!(
        payload,
        br#"{"type":12,"data":{"requestId":"q"},"uid":"u","nsp":"/"}"#
    );
    assert_eq!(envelope(&payload).unwrap(), none);
    let null = br#"{"type":12,"data":{"requestId":"q","packet":null},"uid":"u","nsp":"/"}"#;
    let expected = Message::ClientAck {
        request: "q".into(),
        value: Some(Data::json("null")),
    };
    assert_eq!(envelope(null).unwrap(), expected);
    let payload = classic::encode(Sender::Node("a"), "/", &none).unwrap();
    assert_eq!(super::classic_answer(&payload).unwrap(), none);
}

#[test]
fn the_cluster_adapters_do_not_ask_for_rooms() {
    let message = Message::AllRooms {
        request: "q".into(),
    };
    for error in [
        layer::encode("u", "/", &message, Encoding::Smallest).unwrap_err(),
        Fields::encode(&message, false).unwrap_err(),
    ] {
        assert!(matches!(error, WireError::Unsupported));
    }
}

#[test]
fn a_handshake_with_binary_becomes_text() {
    let details = SocketDetails {
        handshake: r#"{"auth":{"_placeholder":true,"num":0}}"#.into(),
        ..socket()
    };
    let message = Message::Sockets {
        request: "q".into(),
        sockets: vec![details],
    };
    // Nothing of ours writes one: Node may.
    let mut payload = layer::encode("u", "/", &message, Encoding::Msgpack).unwrap();
    let object = b"\x82\xac_placeholder\xc3\xa3num\x00";
    let at = payload
        .windows(object.len())
        .position(|window| window == object)
        .unwrap();
    payload.splice(at..at + object.len(), *b"\xc4\x01\x07");
    let Message::Sockets { sockets, .. } = envelope(&payload).unwrap() else {
        panic!();
    };
    let [read] = slice::from_ref(&sockets[0]) else {
        panic!();
    };
    assert_eq!(read.handshake, r#"{"auth":{"type":"Buffer","data":[7]}}"#);
    assert_eq!(read.data, binary());
}
