//! Peers that are slow or silent.

use std::time::Duration;

use crate::lab::News;
use crate::stage::{LATER, MIB, SOON, Stage, echo};
use crate::wire::{
    FIN, HANDSHAKE, MODES, Message, PING, TEXT, Wire, descriptors, deserted, eventually, frame,
    text, within,
};

#[actix_web::test]
async fn one_that_never_reads_is_cut_while_others_get_everything() {
    const LIMIT: usize = 256 * 1024;
    // What kernels hold for both sides: tcp_wmem goes up to 4 MiB, and some are set higher.
    const KERNEL: usize = 16 * MIB;
    let body = "x".repeat(16 * 1024);
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.max_outbox_bytes(LIMIT)).await;
        let mut healthy = Wire::join(&stage.server).await;
        let stuck = Wire::join_narrow(&stage.server).await;
        let mut sent = 0;
        while stage.stats().closed_slow == 0 {
            assert!(
                (sent as usize) * body.len() < LIMIT + KERNEL,
                "{mode:?}: never cut"
            );
            stage
                .server
                .hub()
                .to("lobby")
                .emit(&News(sent, &body))
                .unwrap();
            healthy
                .expect(&format!(r#"42["news",{sent},"{body}"]"#))
                .await;
            sent += 1;
        }
        assert!(
            (sent as usize) * body.len() > LIMIT,
            "{mode:?}: cut too early"
        );
        eventually("it is gone", || stage.stats().connections == 1).await;
        stage
            .server
            .hub()
            .to("lobby")
            .emit(&News(sent, "after"))
            .unwrap();
        healthy
            .expect(&format!(r#"42["news",{sent},"after"]"#))
            .await;
        let (before, code) = stuck.ended().await;
        assert!(before.len() < sent as usize, "it did not get all");
        assert_eq!(code, None, "there was no room for a close frame");
        assert_eq!(stage.stats().closed_slow, 1);
        assert_eq!(stage.stats().disconnects["slow consumer"], 1);
        drop(healthy);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_sends_byte_by_byte_is_served_like_any_other() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut other = Wire::join(&stage.server).await;
        let mut slow = Wire::dial(&stage.server).await;
        for byte in HANDSHAKE.bytes() {
            slow.write(&[byte]).await;
            echo(&mut other).await;
        }
        slow.head().await;
        slow.opened().await;
        for byte in text("40") {
            slow.write(&[byte]).await;
            echo(&mut other).await;
        }
        let reply = slow.next().await;
        assert!(matches!(reply, Message::Text(text) if text.starts_with("40{")));
        for byte in text(r#"421["echo","slow"]"#) {
            slow.write(&[byte]).await;
            echo(&mut other).await;
        }
        slow.expect(r#"431["slow"]"#).await;
        drop((slow, other));
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_stops_half_way_blocks_nobody_and_is_cut_in_time() {
    let halves = [
        text("40"),
        frame(FIN | TEXT, &[b'4'; 300]),
        frame(FIN | PING, b"half"),
    ];
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.ping_interval(SOON).ping_timeout(SOON)).await;
        let mut half = Vec::new();
        for bytes in &halves {
            for cut in [1, 3, bytes.len() - 1] {
                let mut wire = Wire::open(&stage.server).await;
                wire.write(&bytes[..cut]).await;
                half.push(wire);
            }
        }
        stage.serves_others().await;
        deserted(stage.server.hub()).await;
        drop(half);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_answers_is_asked_again_in_time_however_long_it_might_take() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| {
            hub.ping_interval(Duration::from_millis(20))
                .ping_timeout(Duration::from_secs(30))
        })
        .await;
        let mut wire = Wire::join(&stage.server).await;
        for _ in 0..10 {
            assert_eq!(wire.next_unanswered().await, Message::Text("2".to_owned()));
            wire.text("3").await;
        }
        drop(wire);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_disappears_without_a_word_times_out() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.ping_interval(SOON).ping_timeout(LATER)).await;
        let mut gone = Wire::join(&stage.server).await;
        let mut healthy = Wire::join(&stage.server).await;
        let silence = async {
            while stage.stats().connections == 2 {
                assert_eq!(
                    healthy.next_unanswered().await,
                    Message::Text("2".to_owned())
                );
                healthy.text("3").await;
            }
        };
        within("it is noticed", silence).await;
        assert_eq!(stage.stats().disconnects["ping timeout"], 1);
        let lobby = || {
            stage
                .server
                .hub()
                .namespace("/")
                .unwrap()
                .room_size("lobby")
        };
        eventually("only the other is in the room", || lobby() == 1).await;
        assert_eq!(gone.next_unanswered().await, Message::Text("2".to_owned()));
        let (before, _) = gone.ended().await;
        assert_eq!(before, []);
        drop(healthy);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_disappears_while_much_waits_for_it_gives_its_descriptor_back() {
    let body = "x".repeat(16 * 1024);
    for mode in MODES {
        let stage = Stage::set(mode, |hub| {
            hub.ping_interval(SOON)
                .ping_timeout(SOON)
                .max_outbox_bytes(64 * MIB)
        })
        .await;
        let gone = Wire::join_narrow(&stage.server).await;
        // More than the kernel takes at once, so that the transport is blocked.
        for number in 0..512 {
            stage
                .server
                .hub()
                .to("lobby")
                .emit(&News(number, &body))
                .unwrap();
        }
        deserted(stage.server.hub()).await;
        assert_eq!(stage.stats().disconnects["ping timeout"], 1);
        // The peer still holds its end, and never reads.
        eventually("its descriptors are given back", || {
            descriptors() <= stage.descriptors + 1
        })
        .await;
        drop(gone);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_with_a_little_waiting_for_it_gives_its_descriptor_back_too() {
    let body = "x".repeat(4 * 1024);
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.ping_interval(SOON).ping_timeout(LATER)).await;
        let hub = stage.server.hub();
        let emit = async |to: &mut Wire| {
            hub.to("lobby").volatile().emit(&News(0, &body)).unwrap();
            // Unread, its ping is answered: filling may take long.
            to.text("3").await;
            // An answer from the same worker: it has been written, or waits.
            hub.everyone().fetch_sockets().await.unwrap();
        };
        // How much a peer that does not read is sent before the transport is full.
        let mut first = Wire::join_narrow(&stage.server).await;
        let mut fits = 0;
        let filling = async {
            while stage.stats().dropped_volatile == 0 {
                emit(&mut first).await;
                fits += 1;
            }
        };
        within("the transport is full", filling).await;
        deserted(hub).await;
        // A little less: the outbox is empty, but not all that it gave away has left the process.
        let mut second = Wire::join_narrow(&stage.server).await;
        for _ in 0..fits - 8 {
            emit(&mut second).await;
        }
        deserted(hub).await;
        assert_eq!(stage.stats().disconnects["ping timeout"], 2);
        // The peers still hold their ends, and never read.
        eventually("their descriptors are given back", || {
            descriptors() <= stage.descriptors + 2
        })
        .await;
        drop((first, second));
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_never_finishes_the_closing_handshake_is_cut() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.close_timeout(Duration::from_millis(150))).await;
        let told = Wire::join(&stage.server).await;
        stage
            .server
            .hub()
            .everyone()
            .disconnect(true)
            .await
            .unwrap();
        eventually("it is cut", || stage.stats().cut_closing == 1).await;
        assert_eq!(stage.stats().disconnects["server namespace disconnect"], 1);
        deserted(stage.server.hub()).await;

        let mut wrong = Wire::join(&stage.server).await;
        wrong.write(&frame(FIN | 0x3, b"a reserved opcode")).await;
        eventually("it is cut as well", || stage.stats().cut_closing == 2).await;
        deserted(stage.server.hub()).await;
        eventually("their descriptors are given back", || {
            descriptors() <= stage.descriptors + 2
        })
        .await;
        drop((told, wrong));
        stage.clear().await;
    }
}

#[actix_web::test]
async fn one_that_never_joins_is_closed_when_its_time_is_up() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.connect_timeout(Duration::from_secs(1))).await;
        let idle = Wire::open(&stage.server).await;
        assert_eq!(idle.ended().await, (vec![], None));
        assert_eq!(stage.stats().connect_timeouts, 1);
        stage.clear().await;
    }
}
