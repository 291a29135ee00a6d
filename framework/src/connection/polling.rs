//! A session on long-polling: its GETs, its POSTs, and the WebSocket that may take over
//! (Engine.IO v4, sections 6 and 8).

use std::{collections::VecDeque, convert::Infallible, rc::Rc, task::Context, time::Duration};

use tokio::sync::oneshot;

use super::{
    actor::Link,
    drive::again,
    ending::Ending,
    probe::{Probe, Step},
    wire::{MESSAGES, Wire},
};
use crate::{
    error::DisconnectReason,
    protocol::engine_io::payload,
    transport::{
        io::Io,
        permit::Permit,
        poll::{NOOP, PollIo, Request},
    },
};

/// The client's side of its session while it is polling.
pub(super) struct Polling {
    pub(super) io: Rc<PollIo>,
    requests: VecDeque<Request>,
    post: Option<Post>,
    /// A body is being received; dropped, it breaks that off.
    receiving: Option<oneshot::Sender<Infallible>>,
    probe: Option<Box<Probe>>,
    /// The session was closed while no GET waited.
    closes_at_next_poll: bool,
}

/// A body whose packets are being handled.
struct Post {
    body: String,
    /// Where the next packet begins.
    at: usize,
    permit: Permit,
    done: oneshot::Sender<()>,
}

impl Post {
    /// All of it has been handled: the next POST may come.
    fn done(self) {
        drop(self.permit);
        let _ = self.done.send(());
    }
}

impl Polling {
    pub(super) fn new(io: Rc<PollIo>) -> Self {
        Self {
            io,
            requests: VecDeque::new(),
            post: None,
            receiving: None,
            probe: None,
            closes_at_next_poll: false,
        }
    }

    pub(super) fn take(&mut self, request: Request) {
        self.requests.push_back(request);
    }

    /// Handles what was asked, as far as the link takes it. A WebSocket that has taken over comes
    /// back.
    pub(super) fn read(&mut self, link: &mut Link, cx: &mut Context<'_>) -> Option<Wire> {
        while let Some(request) = self.requests.pop_front() {
            self.request(request, link);
        }
        self.feed(link, cx);
        if self.post.is_some() || link.ending.is_over() {
            return None;
        }
        self.probe(link, cx)
    }

    /// Whether the client has a POST under way, or its answer.
    pub(super) fn has_more(&self) -> bool {
        self.post.is_some() || self.receiving.is_some()
    }

    fn request(&mut self, request: Request, link: &mut Link) {
        match request {
            Request::Poll(answer) => {
                if !self.io.wait(answer) {
                    link.violation("second_poll");
                }
            }
            Request::Park => self.io.park(),
            Request::PollAborted if self.io.is_deserted() => link.violation("poll_aborted"),
            // It had been answered.
            Request::PollAborted => {}
            Request::Posting(receiving) => self.receiving = Some(receiving),
            Request::TooLarge => self.receiving = None,
            Request::Post { body, permit, done } => {
                self.receiving = None;
                link.shard.traffic.received(body.len());
                let at = 0;
                self.post = Some(Post {
                    body,
                    at,
                    permit,
                    done,
                });
            }
            Request::Violation(reason) => link.violation(reason),
            Request::Upgrade {
                io,
                early,
                deflate,
                permit,
            } => {
                let Some(probe) = Probe::start(io, early, deflate, permit) else {
                    return;
                };
                if link.ending == Ending::Open {
                    link.shard.expect_upgrade(link.key);
                    self.probe = Some(Box::new(probe));
                } else {
                    probe.refuse(link.core.node.config.close_timeout);
                }
            }
        }
    }

    fn feed(&mut self, link: &mut Link, cx: &mut Context<'_>) {
        let Some(mut post) = self.post.take() else {
            return;
        };
        for _ in 0..MESSAGES {
            if link.is_full() {
                self.post = Some(post);
                return;
            }
            let rest = post.body.get(post.at..).unwrap_or_default();
            let (packet, behind) = payload::split(rest);
            let closes = packet.starts_with('1');
            match link.ending {
                Ending::Open => {
                    if closes {
                        self.io.answer(NOOP);
                    }
                    link.engine_packet(packet, cx);
                }
                // It has gone: nobody will fetch the close.
                Ending::Leaving | Ending::Closing { .. } if closes => {
                    link.cut(DisconnectReason::TransportClose);
                }
                _ => link.last_words(packet),
            }
            match behind {
                Some(_) if !link.ending.is_over() => post.at += packet.len() + 1,
                _ => {
                    post.done();
                    return;
                }
            }
        }
        self.post = Some(post);
        again(cx);
    }

    fn probe(&mut self, link: &mut Link, cx: &mut Context<'_>) -> Option<Wire> {
        let step = self.probe.as_mut()?.step(link, cx);
        match step {
            Step::Waiting => None,
            Step::Failed => {
                self.probe = None;
                None
            }
            Step::Refused => {
                self.refuse_probe(link.core.node.config.close_timeout);
                None
            }
            Step::Upgraded => {
                let wire = self.probe.take()?.into_wire();
                self.io.close(false);
                Some(wire)
            }
        }
    }

    /// `upgrade_timeout` has passed since some upgrade began.
    pub(super) fn upgrade_timeout(&mut self, link: &Link) {
        let timeout = link.core.node.config.upgrade_timeout;
        if let Some(probe) = self.probe.take_if(|probe| probe.began.elapsed() >= timeout) {
            link.core.node.metrics.upgrade_timeouts.add(1);
            tracing::debug!(peer = ?link.handshake.address(), "did not finish its upgrade in time");
            probe.refuse(link.core.node.config.close_timeout);
        }
    }

    /// What remains to be told once everything has been written.
    pub(super) fn conclude(&mut self, link: &mut Link) {
        let closing = link.ending.is_closing();
        let (waits, _) = link.shard.waits(link.key);
        if waits || !self.io.is_waiting() {
            self.closes_at_next_poll |= closing;
            return;
        }
        if closing {
            self.io.close(self.closes_at_next_poll);
            link.polled_off();
        } else if self.probe.as_ref().is_some_and(|probe| probe.answered) {
            // The client waits for its poll to return before it changes over.
            self.io.answer(NOOP);
        }
    }

    pub(super) fn end(&mut self, patience: Duration) {
        self.io.close(false);
        self.refuse_probe(patience);
        self.requests.clear();
        self.post = None;
        self.receiving = None;
    }

    fn refuse_probe(&mut self, patience: Duration) {
        if let Some(probe) = self.probe.take() {
            probe.refuse(patience);
        }
    }

    pub(super) fn io(&self) -> Io {
        Io::Poll(Rc::clone(&self.io))
    }
}
