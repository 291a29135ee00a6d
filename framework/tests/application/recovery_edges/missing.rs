//! What a client has missed: much, all of it, and nothing that it has seen.

use roomcast::{Hub, Recovery};

use super::{BRIEFLY, Ticket, World};
use crate::common::{polling::Poller, until};
use crate::wire::{Message, Wire};

impl World {
    /// The events that a client which comes back is sent before the reply.
    async fn missed(&self, ticket: &Ticket) -> Vec<String> {
        let mut wire = Wire::open(&self.server).await;
        wire.text(&format!("40{}", ticket.auth("nothing"))).await;
        let mut missed = Vec::new();
        loop {
            let Message::Text(text) = wire.next().await else {
                panic!("not a text");
            };
            if let Some(reply) = text.strip_prefix("40") {
                assert!(reply.contains(&ticket.pid), "a fresh session: {reply}");
                return missed;
            }
            missed.push(text.chars().take_while(|c| *c != ',').collect());
        }
    }
}

#[actix_web::test]
async fn who_missed_much_is_sent_all_of_it_or_starts_afresh_but_is_not_cut_for_it() {
    for (missed, recovered) in [(40, true), (200, true), (600, false), (1000, false)] {
        let mut world = World::with(|hub| hub.max_outbox_bytes(64 << 10), Recovery::new());
        let ticket = world.lost("nothing").await;
        for number in 0..missed {
            world.hub().everyone().emit_raw("n", &[number]).unwrap();
        }
        // A poll takes 16 packets: the rest waits in the outbox.
        let client = Poller::open(&world.server).await;
        let connect = format!("40{}", ticket.auth("nothing"));
        client.post(&connect).await.expect(200, "ok");
        let mut events = 0;
        let reply = 'replied: loop {
            let answer = client.poll().await;
            assert_eq!(answer.status, 200, "{answer:?} after {events} of {missed}");
            for packet in answer.text().split('\x1e') {
                match packet.strip_prefix("40") {
                    Some(reply) => break 'replied reply.to_owned(),
                    None => events += usize::from(packet.starts_with("42")),
                }
            }
        };
        assert_eq!(reply.contains(&ticket.pid), recovered, "{missed}");
        assert_eq!(events, if recovered { missed } else { 0 });
        assert_eq!(world.refused("too_much_missed"), u64::from(!recovered));
        assert_eq!(world.hub().stats().closed_slow, 0);
    }
}

/// Its emits wait for the CONNECT reply, so a client that answers pings has not seen them.
#[actix_web::test]
async fn what_waits_for_a_socket_that_comes_back_has_not_been_seen() {
    let mut world = World::with(|hub| hub.ping_interval(BRIEFLY), Recovery::new());
    let ticket = world.lost("nothing").await;
    let mut wire = Wire::open(&world.server).await;
    wire.text(&format!("40{}", ticket.auth("wait"))).await;
    let socket = world.socket().await;
    socket.emit_raw("second", &()).unwrap();
    for _ in 0..3 {
        assert_eq!(wire.next_unanswered().await, Message::Text("2".to_owned()));
        wire.text("3").await;
    }
    // Its answer comes once the three pongs have been taken.
    wire.write(&crate::wire::frame(
        crate::wire::FIN | crate::wire::PING,
        b"?",
    ))
    .await;
    while wire.next_unanswered().await != Message::Pong(b"?".to_vec()) {}
    world.desk.go.notify_one();
    while !matches!(wire.next_unanswered().await, Message::Text(text) if text.starts_with("40")) {}
    // What follows the reply is lost with the connection.
    wire.reset();
    until("it is saved", || world.hub().stats().recovery_saved == 2).await;
    assert_eq!(world.missed(&ticket).await, [r#"42["second""#]);
}

#[actix_web::test]
async fn a_pong_that_nobody_asked_for_says_nothing_of_what_was_seen() {
    let mut world = World::new();
    let (mut wire, ticket) = world.enter("nothing").await;
    world.hub().everyone().emit_raw("second", &()).unwrap();
    let second = wire.next().await;
    assert!(matches!(second, Message::Text(event) if event.starts_with(r#"42["second""#)));
    for _ in 0..3 {
        wire.text("3").await;
    }
    wire.write(&crate::wire::frame(
        crate::wire::FIN | crate::wire::PING,
        b"?",
    ))
    .await;
    assert_eq!(wire.next().await, Message::Pong(b"?".to_vec()));
    wire.reset();
    until("it is saved", || world.hub().stats().recovery_saved == 1).await;
    assert_eq!(world.missed(&ticket).await, [r#"42["second""#]);
}

/// More than is looked through under one lock, while others emit.
#[actix_web::test]
async fn what_was_missed_is_complete_whatever_is_emitted_meanwhile() {
    let mut world = World::with(|hub| hub.max_outbox_bytes(8 << 20), Recovery::new());
    let ticket = world.lost("nothing").await;
    let emit = |hub: &Hub, number: u32| hub.everyone().emit_raw("n", &[number]).unwrap();
    for number in 0..5_000 {
        emit(world.hub(), number);
    }
    let hub = world.hub().clone();
    let emitting = std::thread::spawn(move || {
        for number in 5_000..10_000 {
            emit(&hub, number);
        }
    });
    let mut wire = Wire::open(&world.server).await;
    wire.text(&format!("40{}", ticket.auth("nothing"))).await;
    let mut next = 0;
    while next < 10_000 {
        let Message::Text(text) = wire.next().await else {
            panic!("cut after {next}");
        };
        if let Some(reply) = text.strip_prefix("40") {
            assert!(reply.contains(&ticket.pid), "a fresh session: {reply}");
            continue;
        }
        let start = format!(r#"42["n",{next},"#);
        assert!(text.starts_with(&start), "{text} is not number {next}");
        next += 1;
    }
    emitting.join().unwrap();
}
