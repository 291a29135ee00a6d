//! `Binary` inside and outside of packets.

use super::LIMITS;
use crate::protocol::socket_io::{
    Assembler, Binary, Step, attachments::collect_attachments, encode, with_attachments,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Upload {
    name: String,
    parts: Vec<Binary>,
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

fn upload() -> Upload {
    Upload {
        name: "a".into(),
        parts: vec![vec![1, 2].into(), Binary::default(), vec![3].into()],
    }
}

const PLACEHOLDER: &str = r#"{"_placeholder":true,"num":0}"#;

#[test]
fn an_upload_survives_the_wire() {
    let mut out = Vec::new();
    let sent = encode::event(&mut out, "/files", Some(7), "up", |args| {
        args.push(&upload())
    });
    let sent = sent.unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(
        text,
        r#"53-/files,7["up",{"name":"a","parts":[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},{"_placeholder":true,"num":2}]}]"#
    );

    let mut decoder = Assembler::default();
    assert!(matches!(
        decoder.add_text(&text, &LIMITS),
        Ok(Step::Waiting)
    ));
    let mut whole = None;
    for attachment in sent {
        assert!(whole.is_none());
        whole = decoder.add_binary(attachment, &LIMITS).unwrap();
    }
    let whole = whole.unwrap();
    let packet = whole.packet().unwrap();
    assert_eq!((packet.nsp, packet.id), ("/files", Some(7)));
    let super::Data::Event(event) = packet.data else {
        panic!("not an event");
    };
    let received: Upload =
        with_attachments(&whole.attachments, || serde_json::from_str(event.args)).unwrap();
    assert_eq!(received, upload());
}

#[test]
fn outside_of_a_packet_it_is_an_array_of_numbers() {
    assert_eq!(json(&upload().parts), "[[1,2],[],[3]]");
    let parts: Vec<Binary> = serde_json::from_str("[[1,2],[],[3]]").unwrap();
    assert_eq!(parts, upload().parts);
    for other in [PLACEHOLDER, "\"text\"", "[256]", "[-1]", "null", "{}"] {
        assert!(serde_json::from_str::<Binary>(other).is_err(), "{other}");
    }
}

#[test]
fn only_placeholders_take_attachments() {
    let attachments = [Bytes::from_static(b"a"), Bytes::from_static(b"b")];
    let read =
        |json: &str| with_attachments(&attachments, || serde_json::from_str::<Binary>(json)).ok();
    let second = Some(Binary::from(b"b".as_slice()));
    assert_eq!(read(r#"{"_placeholder":true,"num":1}"#), second);
    assert_eq!(read(r#"{"num":1.0,"x":[],"_placeholder":true}"#), second);
    for refused in [
        r#"{"_placeholder":true,"num":2}"#,
        r#"{"_placeholder":true,"num":-1}"#,
        r#"{"_placeholder":true,"num":0.5}"#,
        r#"{"_placeholder":true,"num":1e300}"#,
        r#"{"_placeholder":true,"num":"0"}"#,
        r#"{"_placeholder":true}"#,
        r#"{"_placeholder":1,"num":0}"#,
        r#"{"_placeholder":false,"num":0}"#,
        r#"{"num":0}"#,
    ] {
        assert_eq!(read(refused), None, "{refused}");
    }
}

#[test]
fn scopes_nest_and_the_inner_one_hides_the_outer() {
    let one = Binary::from(vec![1]);
    let ((outer, inner), attachments) = collect_attachments(|| {
        let before = json(&one);
        let (inner, attachments) = collect_attachments(|| json(&one));
        assert_eq!(attachments.len(), 1);
        ([before, json(&one)], inner)
    });
    assert_eq!(inner, PLACEHOLDER);
    assert_eq!(outer[1], r#"{"_placeholder":true,"num":1}"#);
    assert_eq!(attachments.len(), 2);

    let read = || serde_json::from_str::<Binary>(PLACEHOLDER).ok();
    with_attachments(std::slice::from_ref(&one.0), || {
        assert_eq!(with_attachments(&[], read), None);
        assert_eq!(read(), Some(one.clone()));
    });
    assert_eq!(read(), None);
}

#[test]
fn a_panic_leaves_no_scope_behind() {
    let one = Binary::from(vec![1]);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        collect_attachments(|| {
            with_attachments(std::slice::from_ref(&one.0), || panic!("in serialize"))
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(json(&one), "[1]");
    assert!(serde_json::from_str::<Binary>(PLACEHOLDER).is_err());
}

#[test]
fn a_value_that_does_not_serialize_leaves_the_buffer_as_it_was() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("broken"))
        }
    }
    let mut out = b"before".to_vec();
    let args = (Binary::from(vec![1]), Broken);
    assert!(encode::event(&mut out, "/", None, "a", |to| to.push(&args)).is_err());
    assert!(encode::ack(&mut out, "/", 1, |to| to.push(&args)).is_err());
    assert!(encode::connect_error(&mut out, "/", "no", Some(&Broken)).is_err());
    assert_eq!(out, b"before");
}

#[test]
fn the_server_may_send_more_attachments_than_it_accepts() {
    let many = vec![Binary::default(); 11];
    let mut out = Vec::new();
    let sent = encode::event(&mut out, "/", None, "many", |args| args.push(&many)).unwrap();
    assert_eq!(sent.len(), 11);
    assert!(out.starts_with(br#"511-["many",[{"#));
}
