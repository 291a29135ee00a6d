//! What a peer may send to cost us memory or a panic.

use super::{LIMIT, bytes, decode, encode, event, json, refused};

#[test]
fn lengths_that_a_peer_declares_allocate_nothing() {
    for declared in [
        "ddffffffff",
        "dfffffffff",
        "dbffffffff",
        "c6ffffffff",
        "c9ffffffff00",
    ] {
        let error = refused(&event(declared));
        assert_eq!(error, "the message ends within a value", "{declared}");
        // In a member that is passed by, too.
        let unknown = bytes(&format!("81 a178 {declared}"));
        assert_eq!(refused(&unknown), "the message ends within a value");
    }
    assert_eq!(
        refused(&bytes("dfffffffff")),
        "the message ends within a value"
    );
}

#[test]
fn nesting_is_limited_where_it_matters() {
    let nested = |depth: usize| format!("{}c0", "91".repeat(depth));
    assert_eq!(json(&nested(128)).len(), 2 * 128 + 4);
    assert_eq!(refused(&event(&nested(129))), "data nested deeper than 128");
    // What is passed by costs no stack, however deep.
    let deep = bytes(&format!(
        "84 a178 {} a474797065 02 a36e7370 a12f a464617461 90",
        nested(200_000)
    ));
    assert!(decode::packet(&deep, LIMIT).is_ok());
}

/// Text is read at any depth, and may have to be written as MessagePack.
#[test]
fn nesting_is_limited_where_it_is_written() {
    let written = |depth: usize| {
        let json = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        encode::value(&json, &[], &mut Vec::new())
    };
    assert!(written(128).is_ok());
    let error = written(129).unwrap_err().to_string();
    assert_eq!(error, "data nested deeper than 128");
    assert!(written(500_000).is_err());
}

#[test]
fn what_becomes_of_a_message_is_limited() {
    // Each of these two bytes takes some thirty characters and the memory of an attachment.
    let message = event(&format!("dc2710 {}", "c400".repeat(10_000)));
    let limit = |limit| decode::packet(&message, limit);
    assert!(limit(10_000 * 100).is_ok());
    let error = limit(100_000).unwrap_err().to_string();
    assert_eq!(error, "a packet of more than 100000 bytes in memory");
    // Nils are the other extreme.
    let nils = event(&format!("dc2710 {}", "c0".repeat(10_000)));
    assert!(decode::packet(&nils, 40_000).is_err());
}
