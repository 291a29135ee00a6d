//! Clients invent names without end; nothing of them stays.

#![allow(clippy::unwrap_used, reason = "tests")]

mod waiting;
mod wire;

use roomcast::{WebSocketMode, prelude::*};
use wire::{Message, Wire, deserted, eventually, memory};

/// Names, each with rooms of its own.
const NAMES: usize = 10_000;

/// Those of one connection at one time.
const AT_ONCE: usize = 50;

/// Memory that an allocator may keep.
const SLACK: usize = 12 << 20;

#[derive(EventHandlers)]
#[handles()]
struct Room;

impl Session for Room {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        for room in 0..2 {
            socket.join(format!("{} {room}", socket.params().get("id").unwrap()))?;
        }
        Ok(Self)
    }
}

/// Comes to as many namespaces as it may, and leaves them in every way.
async fn visit(server: &roomcast::testing::TestServer, first: usize) {
    let mut wire = Wire::open(server).await;
    for number in first..first + AT_ONCE {
        wire.text(&format!("40/room-{number},")).await;
    }
    for _ in 0..AT_ONCE {
        let reply = wire.next().await;
        assert!(
            matches!(&reply, Message::Text(text) if text.contains("sid")),
            "{reply:?}"
        );
    }
    for number in (first..first + AT_ONCE).step_by(2) {
        wire.text(&format!("41/room-{number},")).await;
    }
    wire.reset();
}

#[actix_web::test]
async fn names_that_come_and_go_leave_nothing() {
    let hub = Hub::builder().dynamic_namespace::<Room>("/room-{id}");
    let server = wire::serve_on(2, WebSocketMode::Handoff, hub);
    let visits = async |names: std::ops::Range<usize>| {
        for first in names.step_by(AT_ONCE) {
            visit(&server, first).await;
        }
        deserted(server.hub()).await;
        eventually("all have gone", || {
            server.hub().stats().dynamic_namespaces == 0
        })
        .await;
    };
    // What is made once stays.
    visits(0..NAMES / 10).await;
    let before = memory();
    visits(NAMES..NAMES * 3).await;
    let grown = memory().saturating_sub(before);
    assert!(grown < SLACK, "{grown} bytes");
    assert!(
        server
            .hub()
            .parent("/room-{id}")
            .unwrap()
            .children()
            .is_empty()
    );
}
