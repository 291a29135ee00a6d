//! What a peer sees of an [`Io`](super::io::Io), over a real server, for every mode: nothing lost,
//! nothing reordered, nothing left open. These are also the tests of the behaviour of actix-http that
//! the handoff rests on.

#![expect(clippy::unwrap_used, reason = "tests")]

mod peer;
mod program;
mod server;

use std::{
    io::{ErrorKind, Read, Write},
    net::Shutdown,
    thread,
    time::{Duration, Instant},
};

use crate::config::WebSocketMode as Mode;
use peer::{pattern, replaced, upgrade};
use program::ANSWER;
use server::{Server, Setup, Wrap};

const MODES: [Mode; 2] = [Mode::Handoff, Mode::BodyStream];
const CONNECTIONS: usize = 30;
const DEADLINE: Duration = Duration::from_secs(20);

#[test]
fn bytes_in_the_segment_of_the_handshake_arrive() {
    for mode in MODES {
        let server = Server::start(mode);
        for n in 0..CONNECTIONS {
            let sent = pattern(1 + n * 97);
            let mut peer = server.connect();
            peer.send(&[&upgrade("/echo")[..], &sent].concat());
            peer.expect_101();
            peer.expect(&sent);
        }
    }
}

#[test]
fn bytes_arrive_however_the_handshake_is_split_and_delayed() {
    for mode in MODES {
        let server = Server::start(mode);
        for n in 0..CONNECTIONS {
            let sent = pattern(2_000);
            let all = [&upgrade("/echo")[..], &sent].concat();
            let mut peer = server.connect();
            for piece in all.chunks(11 + n * 37) {
                peer.send(piece);
                for _ in 0..(n * 7) % 23 {
                    thread::yield_now();
                }
            }
            peer.expect_101();
            peer.expect(&sent);
        }
    }
}

#[test]
fn bytes_right_behind_the_handshake_arrive_in_order() {
    for mode in MODES {
        let server = Server::start(mode);
        for (count, size) in [(200, 500), (300, 1_000), (3, 30_000)] {
            for _ in 0..CONNECTIONS {
                let sent = pattern(count * size);
                let mut peer = server.connect();
                peer.send(&upgrade("/echo"));
                let mut sender = peer.stream.try_clone().unwrap();
                thread::scope(|scope| {
                    scope.spawn(|| {
                        for piece in sent.chunks(size) {
                            sender.write_all(piece).unwrap();
                        }
                    });
                    peer.expect_101();
                    peer.expect(&sent);
                });
            }
        }
    }
}

#[test]
fn requests_pipelined_before_the_handshake_are_answered_first() {
    for mode in MODES {
        let server = Server::start(mode);
        for n in 0..CONNECTIONS {
            let sent = pattern(40_000 + n);
            let plain = b"GET /plain HTTP/1.1\r\nhost: localhost\r\n\r\n";
            let mut peer = server.connect();
            peer.send(&[&plain[..], plain, plain, &upgrade("/echo"), &sent].concat());
            for _ in 0..3 {
                let head = peer.head();
                assert!(head.starts_with("http/1.1 200"), "{mode:?}: {head}");
                peer.expect(b"plain");
            }
            peer.expect_101();
            peer.expect(&sent);
        }
    }
}

#[test]
fn middleware_that_wraps_bodies_is_harmless() {
    for mode in MODES {
        for wrap in [
            Wrap {
                logger: true,
                ..Wrap::default()
            },
            Wrap {
                compress: true,
                ..Wrap::default()
            },
            Wrap {
                cors: true,
                ..Wrap::default()
            },
            Wrap {
                logger: true,
                compress: true,
                cors: true,
            },
        ] {
            let server = Server::with(Setup {
                wrap,
                ..Setup::new(mode)
            });
            for n in 0..CONNECTIONS {
                let sent = pattern(1_000 + n);
                let mut peer = server.connect();
                peer.send(&[&upgrade("/echo")[..], &sent[..n]].concat());
                peer.expect_101();
                peer.send(&sent[n..]);
                peer.expect(&sent);
                drop(peer);
            }
            server.expect_all_closed();
        }
    }
}

#[test]
fn the_dispatcher_leaves_after_a_handoff() {
    for (mode, descriptors) in [(Mode::Handoff, 1), (Mode::BodyStream, 2)] {
        let server = Server::start(mode);
        let mut peers: Vec<_> = (0..CONNECTIONS).map(|_| server.upgraded("/echo")).collect();
        until(|| server.descriptors() == CONNECTIONS * descriptors);
        for peer in &mut peers {
            peer.send(b"still there");
            peer.expect(b"still there");
        }
        assert_eq!(server.descriptors(), CONNECTIONS * descriptors, "{mode:?}");
        drop(peers);
        server.expect_all_closed();
    }
}

#[test]
fn what_is_dropped_right_after_a_write_is_still_delivered() {
    for mode in MODES {
        let server = Server::start(mode);
        let mut peer = server.upgraded("/answer-and-drop");
        peer.send(b"?");
        peer.expect(&pattern(ANSWER));
        peer.expect_end();
        drop(peer);
        server.expect_all_closed();
    }
}

#[test]
fn a_peer_that_half_closes_still_gets_its_answers() {
    for mode in MODES {
        let server = Server::start(mode);
        for _ in 0..CONNECTIONS {
            let sent = pattern(50_000);
            let mut peer = server.connect();
            peer.send(&[&upgrade("/echo")[..], &sent].concat());
            peer.stream.shutdown(Shutdown::Write).unwrap();
            peer.expect_101();
            peer.expect(&sent);
            peer.expect_end();
            assert_eq!(server.end(), None, "{mode:?}");
        }
        server.expect_all_closed();
    }
}

#[test]
fn a_server_that_half_closes_sees_the_peers_end() {
    for mode in MODES {
        let server = Server::start(mode);
        let mut peer = server.upgraded("/half-close");
        peer.send(b"?");
        peer.expect(&pattern(ANSWER));
        peer.expect_end();
        drop(peer);
        assert_eq!(server.end(), None, "{mode:?}");
        server.expect_all_closed();
    }
}

#[test]
fn a_peer_that_closes_without_reading_ends_the_connection() {
    for mode in MODES {
        let server = Server::start(mode);
        for _ in 0..CONNECTIONS {
            let mut peer = server.upgraded("/echo");
            peer.send(&pattern(100_000));
            drop(peer);
            // A reset or an end, whichever the kernel reports first.
            server.end();
        }
        server.expect_all_closed();
    }
}

#[test]
fn a_peer_that_vanishes_during_the_handshake_leaves_nothing() {
    for mode in MODES {
        let server = Server::start(mode);
        for _ in 0..CONNECTIONS {
            server
                .connect()
                .send(&[&upgrade("/echo")[..], b"early"].concat());
        }
        until(|| server.accepted() == CONNECTIONS);
        server.expect_all_closed();
    }
}

#[test]
fn an_abort_ends_the_connection_although_the_peer_keeps_it() {
    for (mode, keep_socket) in [
        (Mode::Handoff, true),
        (Mode::BodyStream, true),
        (Mode::BodyStream, false),
    ] {
        // At once, and not after actix-http has waited for the peer.
        let linger = 2 * DEADLINE;
        let server = Server::with(Setup {
            keep_socket,
            linger,
            ..Setup::new(mode)
        });
        for _ in 0..CONNECTIONS {
            let mut peer = server.upgraded("/abort");
            peer.send(b"?");
            assert_eq!(server.end(), Some(ErrorKind::ConnectionAborted), "{mode:?}");
            peer.expect_end_or_reset();
            server.expect_all_closed();
        }
    }
}

#[test]
fn an_abort_cuts_a_peer_that_never_reads() {
    for mode in MODES {
        let server = Server::start(mode);
        let mut peer = server.upgraded("/flood-then-abort");
        assert_eq!(server.end(), Some(ErrorKind::ConnectionAborted), "{mode:?}");
        server.expect_all_closed();
        // The kernel has given up its send buffer, too.
        let end = peer.stream.read_to_end(&mut Vec::new());
        assert_eq!(
            end.unwrap_err().kind(),
            ErrorKind::ConnectionReset,
            "{mode:?}"
        );
    }
}

#[test]
fn an_abort_ends_the_task_even_if_the_dispatcher_is_stuck() {
    let server = Server::with(Setup {
        keep_socket: false,
        ..Setup::new(Mode::BodyStream)
    });
    let peer = server.upgraded("/flood-then-abort");
    assert_eq!(server.end(), Some(ErrorKind::ConnectionAborted));
    drop(peer);
    server.expect_all_closed();
}

#[test]
fn a_writer_that_waits_for_room_learns_that_the_peer_is_gone() {
    for mode in MODES {
        let server = Server::start(mode);
        let peer = server.upgraded("/flood");
        // Unread bytes in the peer's buffer turn its close into a reset.
        peer.stream.peek(&mut [0]).unwrap();
        drop(peer);
        assert!(server.end().is_some(), "{mode:?}");
        server.expect_all_closed();
    }
}

#[test]
fn without_a_kept_socket_the_body_takes_over() {
    let server = Server::with(Setup {
        keep_socket: false,
        ..Setup::new(Mode::Handoff)
    });
    for n in 0..CONNECTIONS {
        let sent = pattern(1_000 + n);
        let mut peer = server.connect();
        peer.send(&[&upgrade("/echo")[..], &sent].concat());
        peer.expect_101();
        peer.expect(&sent);
    }
}

#[test]
fn the_drafts_version_is_accepted() {
    for mode in MODES {
        let server = Server::start(mode);
        let mut peer = server.connect();
        peer.send(&replaced("version: 13", "version: 8"));
        peer.expect_101();
    }
}

#[test]
fn a_bad_handshake_is_refused_and_starts_nothing() {
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    for mode in MODES {
        let server = Server::start(mode);
        for (request, status) in [
            (replaced("sec-websocket-key", "x-no-key"), "400"),
            (replaced(key, ""), "400"),
            (replaced(key, "dGhlIHNhbXBsZSBub25j"), "400"),
            (replaced(key, "dGhlIHNhbXBsZSBub25jZ!=="), "400"),
            (replaced("version: 13", "version: 12"), "400"),
            (replaced("version: 13", "version: 7"), "400"),
            (replaced("sec-websocket-version", "x-no-version"), "400"),
            (replaced("upgrade: websocket", "upgrade: websockets"), "400"),
            (
                replaced(
                    "upgrade: websocket",
                    "transfer-encoding: chunked\r\nupgrade: websocket",
                ),
                "400",
            ),
            (replaced("connection: upgrade", "connection: close"), "400"),
            (replaced("HTTP/1.1", "HTTP/1.0"), "400"),
            (replaced("GET", "POST"), "405"),
        ] {
            let mut peer = server.connect();
            peer.send(&request);
            let head = peer.head();
            let request = String::from_utf8(request).unwrap();
            assert_eq!(head.split(' ').nth(1), Some(status), "{mode:?}: {request}");
            let advice = head.contains("sec-websocket-version: 13, 8");
            assert_eq!(
                advice,
                !request.contains("sec-websocket-version: 13"),
                "{request}"
            );
        }
        assert!(
            server.events.try_recv().is_err(),
            "{mode:?}: a refused handshake was started"
        );
        server.expect_all_closed();
    }
}

fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(
            Instant::now() < deadline,
            "the condition was not met in time"
        );
        // A pause between looks, not a wait for anything to have happened.
        thread::park_timeout(Duration::from_millis(2));
    }
}
