//! What is on its way when the connection is lost: clients of the node that has emitted it get it
//! before what comes later, and once; those of other nodes too.

use std::time::Duration;

use roomcast::Recovery;

use super::world::{News, Node};
use crate::common::{redis::RedisServer, until};
use crate::proxy::{Kind, Proxy};
use crate::wire::recovering::Client;

/// Long enough for an entry to come back from Redis.
const HOLD: Duration = Duration::from_millis(1_500);

struct World {
    redis: RedisServer,
    proxy: Proxy,
    emitter: Node,
    _other: Node,
    here: Client,
    there: Client,
}

impl World {
    async fn new() -> Self {
        let redis = RedisServer::start();
        let proxy = Proxy::before(redis.port()).await;
        let emitter = Node::build(
            &proxy.url(),
            |streams| streams.hold(HOLD),
            Some(Recovery::new()),
        );
        emitter.connected().await;
        let other = Node::start(&redis).await;
        let here = emitter.enter(&["room"]).await;
        let mut there = other.enter(&["room"]).await;
        emitter.hub().to("room").emit(&News(1)).unwrap();
        there.expect(serde_json::json!(["news", 1])).await;
        let mut world = Self {
            redis,
            proxy,
            emitter,
            _other: other,
            here,
            there,
        };
        world.comes_here(1..=1).await;
        world
    }

    fn emit(&self, numbers: impl IntoIterator<Item = u32>) {
        for number in numbers {
            self.emitter.hub().to("room").emit(&News(number)).unwrap();
        }
    }

    /// With an offset or without.
    async fn comes_here(&mut self, numbers: impl IntoIterator<Item = u32>) {
        for number in numbers {
            assert_eq!(self.here.event().await[1], number);
        }
    }

    async fn comes_there(&mut self, numbers: impl IntoIterator<Item = u32>) {
        for number in numbers {
            assert_eq!(self.there.event().await[1], number);
        }
    }

    fn length(&self) -> usize {
        let length = self.redis.command(&["XLEN", "socket.io"]);
        length.trim().parse().unwrap()
    }

    /// 2, 3 and 4 are on their way.
    async fn cut_off(mut self) {
        self.proxy.cut();
        self.emit(5..=7);
        self.comes_here(2..=7).await;
        self.emit([8]);
        self.comes_here([8]).await;
        self.ends(8).await;
    }

    /// The last events of the outage have come; Redis is there again.
    async fn ends(mut self, last: u32) {
        self.proxy.heal();
        self.comes_there(2..=last).await;
        self.emitter.connected().await;
        self.emit([last + 1]);
        self.comes_here([last + 1]).await;
        self.comes_there([last + 1]).await;
    }
}

#[actix_web::test]
async fn what_was_written_and_not_read_back() {
    let world = World::new().await;
    world.proxy.mute(Kind::Reader);
    for number in 2..=4 {
        let written = world.proxy.written();
        world.emit([number]);
        until("it is written", || world.proxy.written() > written).await;
    }
    world.cut_off().await;
}

async fn nothing_comes_from(kind: Kind) {
    let mut world = World::new().await;
    world.proxy.mute(kind);
    world.emit(2..=4);
    world.comes_here(2..=4).await;
    world.emit([5]);
    world.comes_here([5]).await;
    world.ends(5).await;
}

#[actix_web::test]
async fn what_is_not_read_back_though_nothing_is_closed() {
    nothing_comes_from(Kind::Reader).await;
}

#[actix_web::test]
async fn what_was_read_back_and_not_answered() {
    nothing_comes_from(Kind::Writer).await;
}

#[actix_web::test]
async fn what_was_executed_and_neither_answered_nor_read_back() {
    let world = World::new().await;
    let length = world.length();
    for kind in [Kind::Writer, Kind::Reader] {
        world.proxy.mute(kind);
    }
    world.emit(2..=4);
    until("it is executed", || world.length() > length).await;
    world.cut_off().await;
}
