//! Peers that go in every state.

use std::sync::atomic::Ordering;

use crate::stage::Stage;
use crate::wire::{BINARY, FIN, HANDSHAKE, MODES, Wire, eventually, frame, text};

/// How far a peer gets before it goes.
const PHASES: [&str; 8] = [
    "connected",
    "in the handshake",
    "after the handshake",
    "after the open packet",
    "in a frame",
    "in a binary packet",
    "while connecting",
    "while its handler runs",
];

async fn reach(phase: &str, stage: &Stage) -> Wire {
    let server = &stage.server;
    match phase {
        "connected" => Wire::dial(server).await,
        "in the handshake" => {
            let mut wire = Wire::dial(server).await;
            wire.write(&HANDSHAKE.as_bytes()[..HANDSHAKE.len() / 2])
                .await;
            wire
        }
        // It may never see the 101.
        "after the handshake" => {
            let mut wire = Wire::dial(server).await;
            wire.write(HANDSHAKE.as_bytes()).await;
            wire
        }
        "after the open packet" => Wire::open(server).await,
        "in a frame" => {
            let mut wire = Wire::join(server).await;
            let event = text(r#"42["echo","half"]"#);
            wire.write(&event[..event.len() / 2]).await;
            wire
        }
        "in a binary packet" => {
            let mut wire = Wire::join(server).await;
            wire.text(r#"452-["upload",{"_placeholder":true,"num":0}]"#)
                .await;
            wire.write(&frame(FIN | BINARY, b"one of two")).await;
            wire
        }
        "while connecting" => {
            let mut wire = Wire::open(server).await;
            let before = stage.lab.connecting.load(Ordering::Relaxed);
            wire.text(r#"40{"slow":true}"#).await;
            eventually("it connects", || {
                stage.lab.connecting.load(Ordering::Relaxed) > before
            })
            .await;
            wire
        }
        "while its handler runs" => {
            let mut wire = Wire::join(server).await;
            let before = stage.lab.handling.load(Ordering::Relaxed);
            wire.text(r#"42["slow",1,""]"#).await;
            wire.text(r#"42["slow",2,""]"#).await;
            eventually("it is handled", || {
                stage.lab.handling.load(Ordering::Relaxed) > before
            })
            .await;
            wire
        }
        phase => panic!("{phase}"),
    }
}

#[actix_web::test]
async fn a_peer_may_be_reset_or_end_in_any_phase() {
    const TIMES: usize = 5;
    for mode in MODES {
        for reset in [true, false] {
            let stage = Stage::set(mode, |hub| hub).await;
            for phase in PHASES {
                for _ in 0..TIMES {
                    let wire = reach(phase, &stage).await;
                    match reset {
                        true => wire.reset(),
                        false => drop(wire),
                    }
                }
            }
            // Handlers run to their end; all else is over at once.
            eventually("only handlers are left", || {
                stage.stats().connections as usize == TIMES && stage.stats().sockets == 0
            })
            .await;
            assert_eq!(
                stage.lab.connecting.load(Ordering::Relaxed),
                0,
                "their futures are dropped"
            );
            eventually("nobody is in a room", || stage.stats().rooms == 0).await;
            stage.lab.open();
            eventually("they have ended", || {
                stage.lab.handling.load(Ordering::Relaxed) == 0
            })
            .await;
            assert_eq!(
                stage.lab.handled(),
                [1; TIMES],
                "what was queued is dropped"
            );
            assert_eq!(stage.stats().dropped_disconnected as usize, TIMES);
            assert_eq!(stage.refused(), [].into());
            stage.serves_others().await;
            stage.clear().await;
        }
    }
}
