//! An event of another node is encoded once for all of its receivers, whichever workers they are on.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use roomcast::{
    HubBuilder, Recovery,
    adapter::Redis,
    parser::{
        Chunk, ChunkRef, Decoder, Limits, OwnedPacket, Packet, PacketType, Parser, ParserError,
    },
    testing::{Frame, RawClient, TestServer},
};
use serde_json::value::RawValue;

use crate::{
    common::{
        member::{Hall, members},
        redis::RedisServer,
    },
    waiting::within,
};

/// On two workers.
const RECEIVERS: usize = 6;

/// A packet as one JSON list, and how often such a packet of the event `news` was written.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl Parser for Counting {
    fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Chunk>, ParserError> {
        let is_counted = packet.data.is_some_and(|data| data.contains("news"));
        self.0.fetch_add(is_counted.into(), Ordering::Relaxed);
        let data: Option<&RawValue> = packet.data.map(serde_json::from_str).transpose()?;
        let list = (packet.kind.number(), packet.namespace, packet.id, data);
        Ok(vec![Chunk::Text(serde_json::to_string(&list)?)])
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(self.clone())
    }
}

impl Decoder for Counting {
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

struct Node {
    server: TestServer,
    counting: Counting,
    _hall: Hall,
}

async fn start(options: impl FnOnce(HubBuilder) -> HubBuilder) -> Node {
    let counting = Counting::default();
    let (hub, hall) = members();
    let hub = options(hub).parser(counting.clone()).build();
    let server = TestServer::builder(hub.expect("a hub")).workers(2).start();
    let cluster = server.hub().cluster().expect("an adapter");
    within("connected", cluster.connected()).await;
    Node {
        server,
        counting,
        _hall: hall,
    }
}

async fn hears(client: &mut RawClient, word: &str) {
    let hears = async {
        loop {
            if let Frame::Text(text) = client.next().await
                && text.contains(word)
            {
                return;
            }
        }
    };
    within(word, hears).await;
}

async fn is_encoded_once(options: impl Fn(HubBuilder, String) -> HubBuilder) {
    let redis = RedisServer::start();
    let near = start(|hub| options(hub, redis.url())).await;
    let far = start(|hub| options(hub, redis.url())).await;
    let mut clients = Vec::new();
    for _ in 0..RECEIVERS {
        let mut client = RawClient::open(&far.server).await;
        client.send(r#"4[0,"/",null,{}]"#).await;
        hears(&mut client, "sid").await;
        clients.push(client);
    }
    let everyone = near.server.hub().everyone();
    everyone.emit_raw("news", &[1]).expect("emitted");
    for client in &mut clients {
        hears(client, "news").await;
    }
    assert_eq!(far.counting.0.load(Ordering::Relaxed), 1);
}

#[actix_web::test]
async fn over_pub_sub() {
    is_encoded_once(|hub, url| hub.adapter(Redis::pub_sub(url))).await;
}

#[actix_web::test]
async fn over_sharded_pub_sub() {
    is_encoded_once(|hub, url| hub.adapter(Redis::sharded(url))).await;
}

#[actix_web::test]
async fn over_streams() {
    is_encoded_once(|hub, url| hub.adapter(Redis::streams(url))).await;
}

#[actix_web::test]
async fn over_streams_with_recovery() {
    is_encoded_once(|hub, url| {
        let hub = hub.adapter(Redis::streams(url));
        hub.connection_state_recovery(Recovery::new())
    })
    .await;
}
