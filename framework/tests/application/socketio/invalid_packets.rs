//! Packets that are invalid (sections 1, 2 and 6), and what is valid all the same.

use roomcast::{
    EmitError, WebSocketMode,
    testing::{Frame, RawClient, TestClient},
};

use super::suite::{alive, connected, joined, suite, suite_with};
use crate::common::{both, until};

both! {
    every_invalid_packet_closes_the_connection_and_is_counted_by_its_reason,
    text_between_attachments_and_attachments_that_nobody_announced_close,
    pings_may_come_between_attachments,
    ten_attachments_are_allowed_unless_the_hub_says_otherwise,
    anything_but_connect_before_connecting_closes,
    an_event_without_payload_or_without_handler_is_ignored_and_counted,
    an_empty_message_is_a_connect_as_in_the_reference,
    a_client_that_left_may_connect_again_and_is_somebody_else,
    reserved_names_cannot_be_emitted,
}

async fn every_invalid_packet_closes_the_connection_and_is_counted_by_its_reason(
    mode: WebSocketMode,
) {
    let (server, mut reasons) = suite(mode);
    let placeholder = r#"["message",{"_placeholder":true,"num":1}]"#;
    let texts = [
        ("unknown_type", "49".to_owned()),
        ("invalid_payload", "42{}".to_owned()),
        ("invalid_payload", r#"42["message""#.to_owned()),
        ("invalid_payload", r#"42["message"]x"#.to_owned()),
        ("invalid_payload", r#"42abc["message"]"#.to_owned()),
        ("invalid_payload", "42[]".to_owned()),
        ("invalid_payload", "42[null]".to_owned()),
        ("invalid_payload", r#"42[{"a":1}]"#.to_owned()),
        ("invalid_payload", "43{}".to_owned()),
        ("invalid_payload", "41{}".to_owned()),
        ("invalid_payload", "40/custom,[]".to_owned()),
        ("illegal_id", format!(r#"42{}["message"]"#, "9".repeat(30))),
        ("reserved_name", r#"42["connect"]"#.to_owned()),
        ("reserved_name", r#"42["connect_error"]"#.to_owned()),
        ("reserved_name", r#"42["disconnect"]"#.to_owned()),
        ("reserved_name", r#"42["disconnecting"]"#.to_owned()),
        ("reserved_name", r#"42["newListener"]"#.to_owned()),
        ("reserved_name", r#"42["removeListener"]"#.to_owned()),
        ("reserved_name", r#"42["dis\u0063onnect"]"#.to_owned()),
        ("illegal_attachments", r#"45["message"]"#.to_owned()),
        ("illegal_attachments", r#"450-["message"]"#.to_owned()),
        ("illegal_attachments", r#"45-1-["message"]"#.to_owned()),
        ("illegal_attachments", r#"451.5-["message"]"#.to_owned()),
        ("too_many_attachments", r#"4511-["message"]"#.to_owned()),
        ("too_many_attachments", r#"451e300-["message"]"#.to_owned()),
        ("illegal_placeholder", format!("451-{placeholder}")),
        (
            "illegal_placeholder",
            r#"451-["message",{"_placeholder":true,"num":"0"}]"#.to_owned(),
        ),
        (
            "illegal_placeholder",
            r#"451-["message",{"_placeholder":true,"num":-1}]"#.to_owned(),
        ),
        (
            "illegal_placeholder",
            r#"451-["message",[{"_placeholder":true}]]"#.to_owned(),
        ),
        ("connect_twice", "40".to_owned()),
        ("not_connected", r#"42/custom,["message"]"#.to_owned()),
        ("not_connected", "43/custom,1[]".to_owned()),
        ("not_connected", "41/custom,".to_owned()),
        ("connect_error", r#"44{"message":"no"}"#.to_owned()),
    ];
    for (reason, text) in texts {
        let before = server.hub().stats().refused_packets;
        let mut client = joined(&server).await;
        client.send(&text).await;
        assert_eq!(client.closed().await, 1005, "{text}");
        reasons.expect("forced close").await;
        let after = server.hub().stats().refused_packets;
        let count = |stats: &std::collections::BTreeMap<_, u64>| {
            stats.get(reason).copied().unwrap_or_default()
        };
        assert_eq!(
            count(&after),
            count(&before) + 1,
            "{reason}: {text}: {after:?}"
        );
    }
}

async fn text_between_attachments_and_attachments_that_nobody_announced_close(mode: WebSocketMode) {
    let (server, mut reasons) = suite(mode);
    let mut client = joined(&server).await;
    client.send_binary(vec![1]).await;
    assert_eq!(client.closed().await, 1005);
    reasons.expect("forced close").await;

    let announced = r#"452-["message",{"_placeholder":true,"num":0}]"#;
    // Of another namespace, too: attachments follow their text at once.
    for between in [r#"42["message"]"#, "40/custom", announced] {
        let mut client = joined(&server).await;
        client.send(announced).await;
        client.send_binary(vec![1]).await;
        client.send(between).await;
        assert_eq!(client.closed().await, 1005, "{between}");
        reasons.expect("forced close").await;
    }
    let refused = server.hub().stats().refused_packets;
    assert_eq!(refused.get("unexpected_binary"), Some(&1));
    assert_eq!(refused.get("unexpected_text"), Some(&3));
}

async fn pings_may_come_between_attachments(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    client
        .send(r#"452-["message",{"_placeholder":true,"num":1}]"#)
        .await;
    client.send_binary(vec![1]).await;
    client.send("3").await;
    client.ping("x").await;
    client.send_binary(vec![2]).await;
    assert_eq!(client.next().await, Frame::Pong("x".into()));
    client
        .expect_text(r#"451-["message-back",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[2]).await;
}

async fn ten_attachments_are_allowed_unless_the_hub_says_otherwise(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    client
        .send(r#"4510-9["message-with-ack",{"_placeholder":true,"num":9}]"#)
        .await;
    for number in 0..10 {
        client.send_binary(vec![number]).await;
    }
    client
        .expect_text(r#"461-9[{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[9]).await;

    let (server, _) = suite_with(mode, |hub| hub.max_attachments(2));
    let mut client = joined(&server).await;
    client.send(r#"453-["message"]"#).await;
    assert_eq!(client.closed().await, 1005);
}

async fn anything_but_connect_before_connecting_closes(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    for packet in [r#"42["message"]"#, "431[]", "41", r#"451-["message"]"#] {
        let mut client = RawClient::open(&server).await;
        client.send(packet).await;
        if packet.starts_with("45") {
            client.send_binary(vec![1]).await;
        }
        assert_eq!(client.closed().await, 1005, "{packet}");
    }
}

async fn an_event_without_payload_or_without_handler_is_ignored_and_counted(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    for packet in [
        "42",
        "425",
        r#"42["nobody"]"#,
        r#"425["nobody",1]"#,
        r#"42[7,"a number"]"#,
        r#"42[""]"#,
    ] {
        client.send(packet).await;
    }
    alive(&mut client).await;
    assert_eq!(server.hub().stats().unhandled, 6);
}

async fn an_empty_message_is_a_connect_as_in_the_reference(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = RawClient::open(&server).await;
    client.send("4").await;
    connected(&mut client, "").await;
}

async fn a_client_that_left_may_connect_again_and_is_somebody_else(mode: WebSocketMode) {
    let (server, mut reasons) = suite(mode);
    let mut client = RawClient::open(&server).await;
    let mut ids = std::collections::HashSet::new();
    for _ in 0..3 {
        client.send("40").await;
        assert!(
            ids.insert(connected(&mut client, "").await),
            "a fresh id each time"
        );
        client.expect_text(r#"42["auth",{}]"#).await;
        alive(&mut client).await;
        client.send("41").await;
        reasons.expect("client namespace disconnect").await;
    }
    until("nobody is left", || server.hub().stats().sockets == 0).await;
}

async fn reserved_names_cannot_be_emitted(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let client = TestClient::connect(&server).await.expect("a client");
    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ] {
        let emitted = server.hub().everyone().emit_raw(name, &[1]);
        assert!(matches!(emitted, Err(EmitError::Reserved(reserved)) if reserved == name));
    }
    assert_eq!(client.next().await.name(), "auth");
    client.sync().await;
    assert_eq!(client.pending(), []);
}
