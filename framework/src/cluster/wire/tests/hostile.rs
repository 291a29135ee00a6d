//! What is wrong is refused, and told.

use super::*;

fn told(read: Result<Message<'_>, WireError>) -> String {
    read.unwrap_err().to_string()
}

#[test]
fn broadcasts() {
    for (payload, error) in [
        (&b""[..], "not MessagePack: the message ends within a value"),
        (b"{}", "not MessagePack: 1 trailing bytes"),
        (b"\x80", "not a list where one is expected"),
        (b"\x90", "`packet` is missing"),
        (b"\x92\x90\x80", "not text where one is expected"),
        (b"\x92\xa1u\x80", "`type` is missing"),
        (
            b"\x92\xa1u\x81\xa4type\xa1a",
            "not a number where one is expected",
        ),
        (
            b"\x92\xa1u\x81\xa4type\x03",
            "a packet of type 3, which no node sends to others",
        ),
        (b"\x92\xa1u\x81\xa4type\x02", "`data` is missing"),
        (
            b"\x92\xa1u\x82\xa4type\x02\xa4data\x91\xa7connect",
            "an event without a name that clients accept",
        ),
        (
            b"\x92\xa1u\x82\xa4type\x02\xa4data\x90",
            "an event without a name that clients accept",
        ),
        (
            b"\x92\xa1u\x82\xa4type\x02\xa4data\x80",
            "an event without a name that clients accept",
        ),
        (
            b"\x93\xa1u\x82\xa4type\x02\xa4data\x91\xa1e\x81\xa5rooms\xa1r",
            "not a list where one is expected",
        ),
        (
            b"\x93\xa1u\x82\xa4type\x02\xa4data\x91\xa1e\xa0",
            "not an object where one is expected",
        ),
        (b"\x90\x90", "not MessagePack: 1 trailing bytes"),
        (b"\x81\x01\x02", "not a list where one is expected"),
    ] {
        assert_eq!(told(broadcast(payload)), error, "{payload:x?}");
    }
}

#[test]
fn requests_and_answers() {
    for (payload, error) in [
        ("{", "not JSON: EOF while parsing"),
        ("{} {}", "not JSON: trailing characters"),
        ("{\"type\":12}", "a message of unknown type 12"),
        ("{\"type\":-1}", "not a number where one is expected"),
        ("{\"type\":1}", "`requestId` is missing"),
        (
            "{\"type\":6,\"data\":{}}",
            "not a list where one is expected",
        ),
        (
            "{\"type\":2,\"opts\":[],\"rooms\":[]}",
            "not JSON: invalid type",
        ),
        (
            "{\"type\":4,\"opts\":{},\"close\":1}",
            "not a boolean where one is expected",
        ),
        ("\u{1}", "not an object where one is expected"),
    ] {
        let told = told(request(payload.as_bytes()));
        assert!(told.starts_with(error), "{payload}: {told}");
    }
    for (payload, error) in [
        (
            "{\"requestId\":\"q\"}",
            "an answer to nothing that is asked here",
        ),
        (
            "{\"requestId\":\"q\",\"type\":3}",
            "a message of unknown type 3",
        ),
        (
            "{\"requestId\":\"q\",\"type\":8}",
            "`clientCount` is missing",
        ),
        (
            "{\"requestId\":\"q\",\"sockets\":[\"a\"]}",
            "not JSON: invalid type",
        ),
    ] {
        let told = told(classic_answer(payload.as_bytes()));
        assert!(told.starts_with(error), "{payload}: {told}");
    }
}

#[test]
fn envelopes_and_entries() {
    for (payload, error) in [
        (r#"{"type":3,"uid":"u"}"#, "`nsp` is missing"),
        (r#"{"type":3,"uid":"u","nsp":"/"}"#, "`data` is missing"),
        (
            r#"{"type":14,"uid":"u","nsp":"/","data":{}}"#,
            "a message of unknown type 14",
        ),
        (
            r#"{"type":259,"uid":"u","nsp":"/","data":{}}"#,
            "a message of unknown type 259",
        ),
        (
            r#"{"type":4,"uid":"u","nsp":"/","data":{"opts":{}}}"#,
            "`rooms` is missing",
        ),
    ] {
        assert_eq!(told(envelope(payload.as_bytes())), error, "{payload}");
    }
    assert_eq!(told(envelope(b"{\"\xff\":1}")), "not UTF-8");

    let decoded = |kind, data| {
        let fields = fields(kind, data);
        let entry = Entry::read(fields)?.unwrap();
        entry.decode().map(|_| ())
    };
    for (kind, data, error) in [
        ("x", None, "not a number where one is expected"),
        ("3", None, "`data` is missing"),
        ("99", None, "a message of unknown type 99"),
        ("3", Some(&b"gA"[..]), "`packet` is missing"),
        (
            "3",
            Some(b""),
            "not MessagePack: the message ends within a value",
        ),
        ("3", Some(b"gIA="), "not MessagePack: 1 trailing bytes"),
    ] {
        assert_eq!(
            decoded(kind, data).unwrap_err().to_string(),
            error,
            "{kind}"
        );
    }
    assert!(Entry::read([(&b"a"[..], &b"b"[..])]).unwrap().is_none());
}

/// Nesting costs no stack.
#[test]
fn depth() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let payload = format!(
        r#"{{"uid":"u","nsp":"/","type":3,"x":{deep},"data":{{"packet":{{"type":2,"data":["e",{deep}]}}}}}}"#
    );
    assert!(envelope(payload.as_bytes()).is_ok());

    let mut payload = b"\x92\xa1u\x82\xa4type\x02\xa4data\x92\xa1e".to_vec();
    payload.extend([0x91].repeat(100_000));
    payload.push(0xc0);
    assert_eq!(
        told(broadcast(&payload)),
        "not MessagePack: data nested deeper than 128"
    );
}
