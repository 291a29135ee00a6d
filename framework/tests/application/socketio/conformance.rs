//! The conformance suite (section 11).

use std::time::Duration;

use roomcast::{WebSocketMode, testing::RawClient};

use super::suite::{connected, joined, suite, suite_with};
use crate::common::both;

both! {
    connect_is_answered_and_what_connect_emits_follows,
    an_unknown_namespace_is_refused_and_the_connection_stays,
    an_invalid_packet_closes_before_and_after_connecting,
    after_a_disconnect_packet_the_connection_stays,
    leaving_one_namespace_does_not_concern_the_other,
    an_event_with_plain_arguments_comes_back,
    an_event_with_attachments_comes_back,
    an_ack_carries_every_argument,
    an_ack_carries_attachments,
}

async fn connect_is_answered_and_what_connect_emits_follows(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    for (packet, namespace, event) in [
        ("40", "", r#"42["auth",{}]"#),
        (r#"40{"token":"123"}"#, "", r#"42["auth",{"token":"123"}]"#),
        ("40/custom", "/custom,", r#"42/custom,["auth",{}]"#),
        ("40/custom,", "/custom,", r#"42/custom,["auth",{}]"#),
        (
            r#"40/custom,{"token":"abc"}"#,
            "/custom,",
            r#"42/custom,["auth",{"token":"abc"}]"#,
        ),
    ] {
        let mut client = RawClient::open(&server).await;
        client.send(packet).await;
        connected(&mut client, namespace).await;
        client.expect_text(event).await;
    }
}

async fn an_unknown_namespace_is_refused_and_the_connection_stays(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = RawClient::open(&server).await;
    client.send("40/random").await;
    client
        .expect_text(r#"44/random,{"message":"Invalid namespace"}"#)
        .await;
    // The query is part of the name.
    client.send("40/custom?a=1").await;
    client
        .expect_text(r#"44/custom?a=1,{"message":"Invalid namespace"}"#)
        .await;
    client.send("40").await;
    connected(&mut client, "").await;
}

async fn an_invalid_packet_closes_before_and_after_connecting(mode: WebSocketMode) {
    let (server, mut reasons) = suite(mode);
    let mut client = RawClient::open(&server).await;
    client.send("4abc").await;
    assert_eq!(client.closed().await, 1005);
    let mut client = joined(&server).await;
    client.send("4abc").await;
    assert_eq!(client.closed().await, 1005);
    reasons.expect("forced close").await;
}

async fn after_a_disconnect_packet_the_connection_stays(mode: WebSocketMode) {
    let interval = Duration::from_secs(1);
    let (server, mut reasons) = suite_with(mode, |hub| hub.ping_interval(interval));
    let mut client = joined(&server).await;
    client.send("41").await;
    client.expect_text("2").await;
    reasons.expect("client namespace disconnect").await;
}

async fn leaving_one_namespace_does_not_concern_the_other(mode: WebSocketMode) {
    let (server, mut reasons) = suite(mode);
    let mut client = joined(&server).await;
    client.send("40/custom").await;
    connected(&mut client, "/custom,").await;
    client.expect_text(r#"42/custom,["auth",{}]"#).await;
    client.send("41/custom").await;
    client
        .send(r#"42["message","message to main namespace"]"#)
        .await;
    client
        .expect_text(r#"42["message-back","message to main namespace"]"#)
        .await;
    reasons.expect("client namespace disconnect").await;
    assert_eq!(reasons.rest(), Vec::<String>::new());
}

async fn an_event_with_plain_arguments_comes_back(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    client.send(r#"42["message",1,"2",{"3":[true]}]"#).await;
    client
        .expect_text(r#"42["message-back",1,"2",{"3":[true]}]"#)
        .await;
}

async fn an_event_with_attachments_comes_back(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    let args = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
    client.send(&format!(r#"452-["message",{args}]"#)).await;
    client.send_binary(vec![1, 2, 3]).await;
    client.send_binary(vec![4, 5, 6]).await;
    client
        .expect_text(&format!(r#"452-["message-back",{args}]"#))
        .await;
    client.expect_binary(&[1, 2, 3]).await;
    client.expect_binary(&[4, 5, 6]).await;
}

async fn an_ack_carries_every_argument(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    client
        .send(r#"42456["message-with-ack",1,"2",{"3":[false]}]"#)
        .await;
    client.expect_text(r#"43456[1,"2",{"3":[false]}]"#).await;
}

async fn an_ack_carries_attachments(mode: WebSocketMode) {
    let (server, _) = suite(mode);
    let mut client = joined(&server).await;
    let args = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
    client
        .send(&format!(r#"452-789["message-with-ack",{args}]"#))
        .await;
    client.send_binary(vec![1, 2, 3]).await;
    client.send_binary(vec![4, 5, 6]).await;
    client.expect_text(&format!(r#"462-789[{args}]"#)).await;
    client.expect_binary(&[1, 2, 3]).await;
    client.expect_binary(&[4, 5, 6]).await;
}
