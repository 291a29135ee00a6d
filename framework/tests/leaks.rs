//! After thousands of clients that come and go in every way, all is as it was before. Polling sessions have a test
//! of their own, `polling_churn`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod waiting;
mod wire;

use std::{rc::Rc, sync::Arc, time::Duration};

use roomcast::{WebSocketMode, prelude::*, testing::TestServer};
use tokio::sync::Semaphore;
use wire::{
    BINARY, CLOSE, FIN, MODES, Message, Wire, descriptors, deserted, eventually, frame, memory,
};

/// In both modes together.
const CLIENTS: usize = 20_000;

/// Clients at one time.
const AT_ONCE: usize = 100;

/// Memory that an allocator may keep, and what statistics need.
const SLACK: usize = 24 << 20;

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Question(u32);

#[derive(Deserialize, Event)]
#[event(ack = u32)]
struct Ask(u32);

#[derive(EventHandlers)]
#[handles(Ask)]
struct Visitor;

impl Session for Visitor {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        socket.join("all")?;
        socket.join(format!("only {}", socket.id()))?;
        Ok(Self)
    }
}

impl Handle<Ask> for Visitor {
    /// Asks back, and goes on without the answer.
    async fn handle(&mut self, Ask(number): Ask, socket: &Socket) -> Result<u32, Rejection> {
        let socket = socket.clone();
        actix_web::rt::spawn(async move {
            let soon = socket.timeout(Duration::from_secs(60));
            let _ = soon.emit_with_ack(&Question(number)).await;
        });
        Ok(number)
    }
}

/// One client, whose number says how it goes.
async fn visit(server: &TestServer, number: usize) {
    let mut wire = Wire::join(server).await;
    match number % 7 {
        0 => wire.reset(),
        1 => drop(wire),
        2 => {
            wire.text("41").await;
            wire.text("1").await;
            wire.reset();
        }
        3 => {
            wire.write(&frame(FIN | CLOSE, &[3, 232])).await;
            assert_eq!(wire.next().await, Message::Close(Some(1000)));
            wire.reset();
        }
        // Owes an answer.
        4 => {
            wire.text(r#"427["ask",1]"#).await;
            wire.next().await;
            wire.next().await;
            wire.reset();
        }
        // In the middle of a binary packet.
        5 => {
            wire.text(r#"452-["ask",{"_placeholder":true,"num":0}]"#)
                .await;
            wire.write(&frame(FIN | BINARY, &[0; 1000])).await;
            wire.reset();
        }
        // Refused.
        _ => {
            wire.text("40").await;
            wire.next().await;
            wire.reset();
        }
    }
}

async fn visits(server: &Rc<TestServer>, count: usize) {
    let free = Arc::new(Semaphore::new(AT_ONCE));
    for number in 0..count {
        let place = Arc::clone(&free).acquire_owned().await.unwrap();
        let server = Rc::clone(server);
        actix_web::rt::spawn(async move {
            visit(&server, number).await;
            drop(place);
        });
    }
    let _all = free.acquire_many(AT_ONCE as u32).await.unwrap();
}

async fn nothing_grows(mode: WebSocketMode) {
    let hub = Hub::builder().namespace::<Visitor>("/");
    let server = Rc::new(wire::serve_on(2, mode, hub));
    // What is made once stays.
    visits(&server, AT_ONCE * 10).await;
    deserted(server.hub()).await;
    let (open, used) = (descriptors(), memory());

    visits(&server, CLIENTS / MODES.len()).await;
    deserted(server.hub()).await;
    assert!(server.hub().namespace("/").unwrap().rooms().is_empty());
    assert!(
        server
            .hub()
            .everyone()
            .fetch_sockets()
            .await
            .unwrap()
            .is_empty()
    );
    eventually("all descriptors are given back", || descriptors() <= open).await;
    let grown = memory().saturating_sub(used);
    assert!(grown < SLACK, "{mode:?}: {grown} bytes");
}

/// One test, as descriptors and memory belong to the whole process.
#[actix_web::test]
async fn clients_that_come_and_go_leave_nothing() {
    for mode in MODES {
        nothing_grows(mode).await;
    }
    answers_that_never_come_do_not_gather().await;
}

async fn answers_that_never_come_do_not_gather() {
    const QUESTIONS: u32 = 50_000;
    let hub = Hub::builder().namespace::<Visitor>("/");
    let server = Rc::new(wire::serve(WebSocketMode::Handoff, hub));
    let mut silent = Wire::join(&server).await;
    let before = memory();
    let all = server.hub().to("all").timeout(Duration::from_millis(1));
    for round in 0..QUESTIONS / 100 {
        let question = Question(round);
        let questions = (0..100).map(|_| all.emit_with_ack(&question));
        for acks in futures_util::future::join_all(questions).await {
            assert!(!acks.unwrap().is_complete());
        }
        for _ in 0..100 {
            assert!(matches!(silent.next().await, Message::Text(_)));
        }
    }
    let grown = memory().saturating_sub(before);
    assert!(grown < SLACK, "{grown} bytes");
    // An answer that comes too late is counted, and nothing more.
    silent.text("430[1]").await;
    eventually("it is ignored", || server.hub().stats().acks_ignored == 1).await;
    drop(silent);
    deserted(server.hub()).await;
}
