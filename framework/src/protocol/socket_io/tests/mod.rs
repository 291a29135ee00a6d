//! The codec as a whole: against the recorded vectors of the reference implementation, against
//! itself, and against what hostile peers send.

#![expect(clippy::unwrap_used, reason = "tests")]

mod allocations;
mod attachments;
mod fixtures;
mod hostile;
mod placeholders;
mod properties;
pub(super) mod tree;

use super::{Data, DecodeError, Limits, Packet, decode::decode};

const LIMITS: Limits = Limits {
    max_attachments: 10,
    max_packet_bytes: 1_000_000,
};

/// The name and arguments of an event without attachments.
fn event(text: &str) -> Result<(String, String), DecodeError> {
    match decode(text)?.data {
        Data::Event(event) => Ok((event.name.into_owned(), event.args.to_owned())),
        other => panic!("not an event: {other:?}"),
    }
}

fn head(text: &str) -> (&str, Option<u64>) {
    let Packet { nsp, id, .. } = decode(text).unwrap();
    (nsp, id)
}

#[test]
fn an_empty_message_connects_to_the_main_namespace() {
    assert_eq!(decode(""), decode("0"));
    assert_eq!(head("0"), ("/", None));
}

#[test]
fn a_namespace_ends_at_the_comma_or_with_the_packet() {
    for text in ["0/admin", "0/admin,"] {
        assert_eq!(head(text), ("/admin", None));
    }
    assert_eq!(decode("0/admin,").unwrap().data, Data::None);
    assert_eq!(
        decode(r#"0/admin,{"a":1}"#).unwrap().data,
        Data::Object(r#"{"a":1}"#)
    );
    // Without the comma it is all name.
    assert_eq!(head(r#"0/admin{"a":1}"#), (r#"/admin{"a":1}"#, None));
    assert_eq!(head(r#"2/é,7["a"]"#), ("/é", Some(7)));
}

#[test]
fn ack_ids_are_decimal_and_fit_64_bits() {
    assert_eq!(head(r#"20["a"]"#).1, Some(0));
    assert_eq!(head(r#"2007["a"]"#).1, Some(7));
    assert_eq!(head(&format!("2{}7[1]", "0".repeat(100))).1, Some(7));
    assert_eq!(head(&format!("2{}[1]", u64::MAX)).1, Some(u64::MAX));
    for id in ["18446744073709551616", "99999999999999999999", "1 2"] {
        assert_eq!(decode(&format!("2{id}[1]")), Err(DecodeError::IllegalId));
    }
}

#[test]
fn names_and_arguments_come_apart() {
    let event = |text| event(text).unwrap();
    let parts = |name: &str, args: &str| (name.to_owned(), args.to_owned());
    assert_eq!(event(r#"2["a"]"#), parts("a", ""));
    assert_eq!(event("2[ \"a\"\t]\n"), parts("a", ""));
    assert_eq!(
        event(r#"2["a",1,"2",{"b":[]}]"#),
        parts("a", r#"1,"2",{"b":[]}"#)
    );
    assert_eq!(event(r#"2[ "a" , 1 , [2] ] "#), parts("a", "1 , [2]"));
    assert_eq!(event(r#"2["",""]"#), parts("", r#""""#));
    assert_eq!(event(r#"2["a\"b\u00e9\n",1]"#), parts("a\"bé\n", "1"));
    assert_eq!(event(r#"2["],[",1]"#), parts("],[", "1"));
    assert_eq!(event("2[-1.50e3,1]"), parts("-1.50e3", "1"));
}

#[test]
fn names_are_borrowed_unless_escaped() {
    use std::borrow::Cow;
    let borrowed = |text| match decode(text).unwrap().data {
        Data::Event(event) => matches!(event.name, Cow::Borrowed(_)),
        _ => false,
    };
    assert!(borrowed(r#"2["chat message",{"text":"a\nb"}]"#));
    assert!(!borrowed(r#"2["chat\nmessage"]"#));
}

#[test]
fn reserved_names_are_refused_however_they_are_written() {
    assert_eq!(event(r#"2["disconnect"]"#), Err(DecodeError::ReservedName));
    assert_eq!(
        event(r#"2["dis\u0063onnect"]"#),
        Err(DecodeError::ReservedName)
    );
    assert!(event(r#"2["Disconnect"]"#).is_ok());
}

#[test]
fn the_elements_of_an_array_stand_between_its_brackets() {
    use super::elements;
    assert_eq!(elements("[]"), "");
    assert_eq!(elements(" [ ] "), "");
    assert_eq!(elements(r#"[1,"]"]"#), r#"1,"]""#);
}
