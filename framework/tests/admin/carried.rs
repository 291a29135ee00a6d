//! Pages and what carries them: adapters on Redis, recovery, another parser.

use std::collections::BTreeSet;

use roomcast::{
    HubBuilder, Recovery,
    adapter::Redis,
    parser::{
        Chunk, ChunkRef, Decoder, Limits, OwnedPacket, Packet, PacketType, Parser, ParserError,
    },
    testing::{Frame, RawClient, TestServer},
};
use serde_json::{Value, json, value::RawValue};

use crate::{
    common::redis::RedisServer,
    page::{Page, builder, guest, open},
};

/// Two nodes; the page of one shows what happens on the other.
async fn crosses(joined: impl Fn(HubBuilder) -> HubBuilder) {
    let node = || TestServer::start(joined(builder(open())).build().unwrap());
    let (a, b) = (node(), node());
    for server in [&a, &b] {
        let connected = || server.hub().stats().cluster_connected == 1;
        crate::common::until("both are connected", connected).await;
    }
    let there = guest(&b).await;
    there.emit_raw_with_ack("set", &[json!({"n": 1})]).await;
    let page = Page::open(&a).await;
    let all = page.until("all_sockets").await;
    let shown = all[1].as_array().unwrap().iter();
    let mut shown = shown.filter(|socket| socket["id"] == there.id().as_str());
    let socket = shown.next().unwrap();
    assert_eq!(socket["data"], json!({"n": 1}));
    assert_eq!(socket["transport"], "websocket");
    there.emit_raw_with_ack("join", &["tea"]).await;
    // What came before may be told late: a node that has just joined takes it that there are pages.
    let joins = json!(["join", "tea"]);
    let told = page.until_such("event_received", |told| told[3] == joins);
    assert_eq!(told.await[2], json!(there.id()));
    page.until_such("room_joined", |told| told[2] == "tea")
        .await;
    let mut servers = BTreeSet::new();
    page.until_such("server_stats", |told| {
        servers.insert(told[1]["serverId"].to_string());
        servers.len() == 2
    })
    .await;
    page.0.emit_raw("emit", &("/", there.id(), "hi", 1)).await;
    assert_eq!(there.next().await.name(), "hi");
    page.0
        .emit_raw("_disconnect", &("/", false, there.id()))
        .await;
    there.expect_disconnect().await;
    let told = page.until("socket_disconnected").await;
    assert_eq!(told[2], json!(there.id()));
}

#[actix_web::test]
async fn over_publish_and_subscribe() {
    let redis = RedisServer::start();
    crosses(|hub| hub.adapter(Redis::pub_sub(redis.url()))).await;
}

#[actix_web::test]
async fn over_sharded_publish_and_subscribe() {
    let redis = RedisServer::start();
    crosses(|hub| hub.adapter(Redis::sharded(redis.url()))).await;
}

#[actix_web::test]
async fn over_streams() {
    let redis = RedisServer::start();
    crosses(|hub| hub.adapter(Redis::streams(redis.url()))).await;
}

#[actix_web::test]
async fn over_streams_that_are_a_log_as_well() {
    let redis = RedisServer::start();
    crosses(|hub| {
        let hub = hub.adapter(Redis::streams(redis.url()));
        hub.connection_state_recovery(Recovery::new())
    })
    .await;
}

#[actix_web::test]
async fn a_socket_that_is_recovered_is_shown_again() {
    let hub = builder(open()).connection_state_recovery(Recovery::new());
    let server = TestServer::start(hub.build().unwrap());
    let page = Page::ready(&server).await;
    let guest = guest(&server).await;
    let id = guest.id();
    page.until("socket_connected").await;
    drop(guest);
    assert_eq!(page.until("socket_disconnected").await[2], json!(id));
    // The page's own namespace keeps nothing for anyone to come back to.
    drop(page);
    let saved = || server.hub().stats().recovery_saved;
    let gone = || server.hub().stats().connections == 0;
    crate::common::until("all have gone", gone).await;
    assert_eq!(saved(), 1);
}

/// A packet as one JSON list.
struct Lists;

impl Parser for Lists {
    fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Chunk>, ParserError> {
        let data: Option<&RawValue> = packet.data.map(serde_json::from_str).transpose()?;
        let list = (packet.kind.number(), packet.namespace, packet.id, data);
        Ok(vec![Chunk::Text(serde_json::to_string(&list)?)])
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(Self)
    }
}

impl Decoder for Lists {
    fn add(&mut self, chunk: ChunkRef<'_>, _: &Limits) -> Result<Option<OwnedPacket>, ParserError> {
        let ChunkRef::Text(text) = chunk else {
            return Err(ParserError::new("binary"));
        };
        let (kind, namespace, id, data): (u8, _, _, Option<Box<RawValue>>) =
            serde_json::from_str(text)?;
        Ok(Some(OwnedPacket {
            kind: PacketType::from_number(kind).ok_or_else(|| ParserError::new("type"))?,
            namespace,
            id,
            data: data.map(|data| data.get().to_owned()),
            attachments: Vec::new(),
        }))
    }
}

#[actix_web::test]
async fn events_in_the_form_of_another_parser_are_read_back() {
    let hub = builder(open()).parser(Lists);
    let server = TestServer::start(hub.build().unwrap());
    let mut client = RawClient::open(&server).await;
    client.send(r#"4[0,"/",null,{"room":"lobby"}]"#).await;
    let mut page = RawClient::open(&server).await;
    page.send(r#"4[0,"/admin",null,null]"#).await;
    until(&mut page, "all_sockets").await;
    server.hub().to("lobby").emit_raw("news", &[1]).unwrap();
    let told = until(&mut page, "event_sent").await;
    assert_eq!(told[3], json!(["news", 1]));
    client.send(r#"4[2,"/",7,["join","tea"]]"#).await;
    let told = until(&mut page, "event_received").await;
    assert_eq!(told[3], json!(["join", "tea"]));
}

/// The array of the event of this name.
async fn until(page: &mut RawClient, name: &str) -> Value {
    let told = async {
        loop {
            let Frame::Text(text) = page.next().await else {
                panic!("no text");
            };
            let packet: Value = serde_json::from_str(&text[1..]).unwrap();
            if packet[3][0] == name {
                return packet[3].clone();
            }
        }
    };
    crate::common::within(name, told).await
}

#[actix_web::test]
async fn a_log_that_clients_come_back_to_is_not_filled_with_events_for_pages() {
    let redis = RedisServer::start();
    let node = || {
        let hub = builder(open()).adapter(Redis::streams(redis.url()));
        let hub = hub.connection_state_recovery(Recovery::new());
        TestServer::start(hub.build().unwrap())
    };
    let (a, b) = (node(), node());
    for server in [&a, &b] {
        let connected = || server.hub().stats().cluster_connected == 1;
        crate::common::until("both are connected", connected).await;
    }
    let (guest, _other) = (guest(&b).await, guest(&b).await);
    let page = Page::ready(&a).await;
    guest.emit_raw_with_ack("flood", &[300]).await;
    let dropped = || b.hub().stats().admin_dropped.get("cluster").copied();
    crate::common::until("most is left out", || dropped() >= Some(200)).await;
    // What becomes of sockets is told all the same.
    guest.emit_raw_with_ack("join", &["tea"]).await;
    assert_eq!(page.until("room_joined").await[2], "tea");
}
