//! Peers that send too much.

use std::{sync::atomic::Ordering, time::Duration};

use crate::lab::News;
use crate::stage::{LATER, MIB, SOON, Stage};
use crate::wire::{
    BINARY, CONTINUATION, FIN, MODES, Message, PING, TEXT, Wire, eventually, frame, head, memory,
    text, within,
};

#[actix_web::test]
async fn one_that_declares_a_gibibyte_is_closed_before_anything_is_buffered() {
    let first = frame(TEXT, b"42");
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let before = memory();
        let heads = [
            head(FIN | TEXT, 1 << 30),
            head(FIN | BINARY, 1 << 62),
            [first.clone(), head(FIN | CONTINUATION, 1 << 30)].concat(),
        ];
        for (count, bytes) in (1..).zip(&heads) {
            let mut wire = Wire::join(&stage.server).await;
            wire.write(bytes).await;
            // It goes on sending; nobody keeps it.
            wire.try_write(&vec![b'x'; 4 * MIB]).await;
            let (_, code) = wire.ended().await;
            assert!(code.is_none_or(|code| code == 1009), "{mode:?}: {code:?}");
            assert_eq!(stage.refused(), [("message_too_big", count)].into());
        }
        let grown = memory().saturating_sub(before);
        assert!(grown < 32 * MIB, "{mode:?}: {grown} bytes");
        stage.clear().await;
    }
}

#[actix_web::test]
async fn the_close_code_says_that_a_message_is_too_big() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub.max_http_buffer_size(1000)).await;
        let mut wire = Wire::join(&stage.server).await;
        wire.write(&head(FIN | TEXT, 1 << 30)).await;
        assert_eq!(wire.ended().await, (vec![], Some(1009)));

        // The limit itself is allowed.
        let mut wire = Wire::join(&stage.server).await;
        let fits = format!(r#"421["echo","{}"]"#, "x".repeat(986));
        assert_eq!(fits.len(), 1000);
        wire.text(&fits).await;
        assert!(matches!(wire.next().await, Message::Text(_)));
        wire.text(&format!("{fits}x")).await;
        assert_eq!(wire.ended().await, (vec![], Some(1009)));
        assert_eq!(stage.refused(), [("message_too_big", 2)].into());
        stage.serves_others().await;
        stage.clear().await;
    }
}

#[actix_web::test]
async fn a_flood_of_tiny_fragments_is_one_message_and_endless_empty_ones_come_to_an_end() {
    let event = format!(r#"421["echo","{}"]"#, "x".repeat(20_000));
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut wire = Wire::join(&stage.server).await;
        let mut bytes = frame(TEXT, b"");
        for byte in event.bytes() {
            bytes.extend(frame(CONTINUATION, &[byte]));
        }
        bytes.extend(frame(FIN | CONTINUATION, b""));
        wire.write(&bytes).await;
        let answer = wire.next().await;
        assert!(matches!(answer, Message::Text(text) if text.len() > 20_000));

        let before = memory();
        let empty = frame(CONTINUATION, b"").repeat(10_000);
        wire.write(&frame(TEXT, b"")).await;
        let flood = async {
            while stage.refused().is_empty() {
                wire.try_write(&empty).await;
            }
        };
        within("it is refused", flood).await;
        let (_, code) = wire.ended().await;
        assert!(code.is_none_or(|code| code == 1009), "{code:?}");
        assert_eq!(stage.refused(), [("too_many_fragments", 1)].into());
        let grown = memory().saturating_sub(before);
        assert!(grown < 16 * MIB, "{mode:?}: {grown} bytes");
        stage.serves_others().await;
        stage.clear().await;
    }
}

#[actix_web::test]
async fn a_flood_of_pings_is_answered_in_order() {
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut wire = Wire::join(&stage.server).await;
        for round in 0..20_u32 {
            let numbers = round * 1000..(round + 1) * 1000;
            let pings = numbers
                .clone()
                .flat_map(|n| frame(FIN | PING, &n.to_be_bytes()));
            wire.write(&pings.collect::<Vec<_>>()).await;
            for number in numbers {
                let pong = Message::Pong(number.to_be_bytes().to_vec());
                assert_eq!(wire.next().await, pong);
            }
        }
        drop(wire);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn a_flood_of_pings_whose_answers_are_not_read_costs_no_more_than_the_outbox_may() {
    let body = "x".repeat(16 * 1024);
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut wire = Wire::join_narrow(&stage.server).await;
        // So that the transport takes nothing more.
        let filling = async {
            while stage.stats().dropped_volatile == 0 {
                let lobby = stage.server.hub().to("lobby").volatile();
                lobby.emit(&News(0, &body)).unwrap();
                // An answer from the same worker, so that no more than this waits for it.
                let everyone = stage.server.hub().everyone();
                everyone.fetch_sockets().await.unwrap();
            }
        };
        within("the transport is full", filling).await;
        let before = memory();
        let pings = frame(FIN | PING, b"").repeat(4000);
        let mut most = 0;
        let flood = async {
            while stage.stats().connections == 1 {
                wire.try_write(&pings).await;
                most = most.max(memory().saturating_sub(before));
            }
        };
        within("it is cut", flood).await;
        assert_eq!(stage.stats().closed_slow, 1);
        assert!(
            most < 16 * MIB,
            "{mode:?}: {most} bytes for an outbox of 1 MiB"
        );
        stage.serves_others().await;
        drop(wire);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn a_flood_of_connects_and_disconnects_leaves_nothing() {
    const PAIRS: usize = 2000;
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let mut wire = Wire::open(&stage.server).await;
        wire.write(&[text("40"), text("41")].concat().repeat(PAIRS))
            .await;
        for _ in 0..PAIRS {
            let reply = wire.next().await;
            assert!(
                matches!(&reply, Message::Text(text) if text.starts_with("40{")),
                "{reply:?}"
            );
        }
        eventually("all have left", || {
            let stats = stage.stats();
            let left = stats.disconnects.get("client namespace disconnect");
            left == Some(&(PAIRS as u64)) && stats.sockets == 0
        })
        .await;
        drop(wire);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn sessions_that_leave_slowly_cannot_be_piled_up() {
    const PAIRS: usize = 500;
    for mode in MODES {
        let stage = Stage::set(mode, |hub| hub).await;
        let connected = || stage.lab.connected.load(Ordering::Relaxed) - 1;
        let mut wire = Wire::open(&stage.server).await;
        let pair = [text("40/lingering,"), text("41/lingering,")].concat();
        wire.write(&pair.repeat(PAIRS)).await;
        eventually("some are leaving", || connected() > 4).await;
        stage.serves_others().await;
        let piled = connected() - 1;
        assert!(piled < 20, "{mode:?}: {piled} at once");
        stage.lab.open();
        for _ in 0..PAIRS {
            let reply = wire.next().await;
            assert!(matches!(&reply, Message::Text(text) if text.starts_with("40/lingering,{")));
        }
        drop(wire);
        stage.clear().await;
    }
}

#[actix_web::test]
async fn events_for_a_slow_handler_are_left_unread_then_handled_in_order_and_nobody_times_out() {
    const EVENTS: u32 = 1500;
    // Together more than the kernel holds, so that the client notices that nobody reads.
    let body = "x".repeat(20 * 1024);
    for mode in MODES {
        let stage = Stage::set(mode, |hub| {
            hub.max_queued_events(8)
                .ping_interval(SOON)
                .ping_timeout(LATER)
        })
        .await;
        let mut healthy = Wire::join(&stage.server).await;
        let eager = Wire::join(&stage.server).await;
        let before = memory();
        let (mut reading, mut writing) = eager.stream.into_split();
        let events = body.clone();
        let writer = tokio::spawn(async move {
            use tokio::io::AsyncWriteExt;
            for number in 0..EVENTS {
                let event = text(&format!(r#"42["slow",{number},"{events}"]"#));
                writing.write_all(&event).await.unwrap();
                // The answer to the ping is among what is not read.
                writing.write_all(&text("3")).await.unwrap();
            }
            writing
                .write_all(&text(r#"421["echo","done"]"#))
                .await
                .unwrap();
            writing
        });
        // Long enough for its ping to time out.
        for _ in 0..6 {
            assert_eq!(
                healthy.next_unanswered().await,
                Message::Text("2".to_owned())
            );
            healthy.text("3").await;
        }
        assert_eq!(
            stage.stats().connections,
            2,
            "{mode:?}: silent for us, not dead"
        );
        eventually("it is read no further", || stage.stats().reads_paused == 1).await;
        assert!(stage.lab.handled().is_empty());
        assert!(!writer.is_finished(), "{mode:?}: it was read");
        let grown = memory().saturating_sub(before);
        assert!(grown < 32 * MIB, "{mode:?}: {grown} bytes");

        stage.lab.open();
        // Now it is read as fast as its events are handled.
        let reader = tokio::spawn(async move {
            use tokio::io::AsyncReadExt;
            let mut read = Vec::new();
            while !read.windows(8).any(|bytes| bytes == br#"["done"]"#) {
                assert_ne!(reading.read_buf(&mut read).await.unwrap(), 0, "closed");
            }
            reading
        });
        let both = async { (writer.await.unwrap(), reader.await.unwrap()) };
        let both = tokio::time::timeout(Duration::from_secs(20), both).await;
        assert!(
            both.is_ok(),
            "{mode:?}: {:?} {:?}",
            stage.stats(),
            stage.lab.handled().len()
        );
        assert_eq!(stage.lab.handled(), (0..EVENTS).collect::<Vec<_>>());
        drop((both, healthy));
        stage.clear().await;
    }
}
