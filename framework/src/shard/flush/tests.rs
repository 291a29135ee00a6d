//! Heartbeats and sockets that expire, on a clock that only the test moves.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use actix::{Actor, Addr, Context, Handler};
use tokio::time::{Instant, pause, sleep};

use super::super::{
    command::{Action, Command, Selection},
    directory::{Address, Scope},
    local::LocalShard,
    node::Node,
    slot::Notice,
};
use crate::{
    config::Config,
    error::DisconnectReason,
    id::{NamespaceId, SessionId, SlotKey, SocketId},
    shard::handshake::Handshake,
    transport::{io::Io, poll::PollIo},
};

const INTERVAL: Duration = Duration::from_secs(25);
const TIMEOUT: Duration = Duration::from_secs(20);

/// A connection that ends when it is told to.
#[derive(Default, Clone)]
struct Ended(Rc<RefCell<Option<Instant>>>);

impl Actor for Ended {
    type Context = Context<Self>;
}

impl Handler<Notice> for Ended {
    type Result = ();

    fn handle(&mut self, notice: Notice, _: &mut Self::Context) {
        if let Notice::Close(reason) = notice {
            assert_eq!(reason, DisconnectReason::PingTimeout);
            assert_eq!(self.0.replace(Some(Instant::now())), None);
        }
    }
}

/// A connection with a heartbeat.
struct Patient {
    shard: LocalShard,
    key: SlotKey,
    /// It lives as long as this.
    _connection: Addr<Ended>,
    ended: Ended,
    since: Instant,
}

impl Patient {
    fn new() -> Self {
        pause();
        let config = Config {
            ping_interval: INTERVAL,
            ping_timeout: TIMEOUT,
            ..Config::default()
        };
        let node = Node::bare(config);
        let shard = node.local_or_start().unwrap();
        let ended = Ended::default();
        let connection = ended.clone().start();
        let io = Io::Poll(Rc::new(PollIo::default()));
        let handshake = Handshake::new("/", [].into_iter(), None, false).into();
        let key = shard.open(
            io,
            connection.clone().recipient().downgrade(),
            &handshake,
            SessionId::random().unwrap().client(),
        );
        Self {
            shard,
            key,
            _connection: connection,
            ended,
            since: Instant::now(),
        }
    }

    /// Waits until so long after the beginning.
    async fn at(&self, time: Duration) {
        sleep(time.saturating_sub(self.since.elapsed())).await;
    }

    /// How long after the beginning it was told to end, in whole seconds.
    async fn ended(&self) -> u64 {
        self.at(100 * INTERVAL).await;
        let ended = self.ended.0.borrow().unwrap();
        (ended - self.since).as_secs()
    }
}

#[actix::test]
async fn without_a_pong_it_ends_after_the_timeout() {
    let patient = Patient::new();
    assert_eq!(patient.ended().await, 45);
}

#[actix::test]
async fn while_a_pong_is_due_one_other_packet_extends_the_timeout_and_no_more() {
    let patient = Patient::new();
    // Nothing is due yet.
    patient.at(INTERVAL - TIMEOUT / 4).await;
    patient.shard.heard(patient.key);
    for quarter in 1..=4 {
        patient
            .at(INTERVAL + TIMEOUT * quarter / 4 - TIMEOUT / 8)
            .await;
        patient.shard.heard(patient.key);
    }
    // 2.5 s after the ping was the first.
    assert_eq!(patient.ended().await, 47);
}

#[actix::test]
async fn a_pong_begins_the_next_interval() {
    let patient = Patient::new();
    patient.at(INTERVAL + TIMEOUT / 2).await;
    patient.shard.pong(patient.key);
    // Not asked for, and of no use.
    patient.at(INTERVAL + TIMEOUT).await;
    patient.shard.pong(patient.key);
    assert_eq!(patient.ended().await, 35 + 25 + 20);
}

#[actix::test]
async fn silence_that_the_server_asked_for_does_not_count() {
    let patient = Patient::new();
    patient.shard.pause(patient.key, true);
    patient.at(4 * INTERVAL).await;
    patient.shard.pause(patient.key, false);
    // The timeout that runs then is the last one: 25, 45, 65, 85, 105.
    assert_eq!(patient.ended().await, 105);
}

#[actix::test]
async fn a_socket_that_has_gone_does_not_expire() {
    let Patient { shard, key, .. } = Patient::new();
    let scope = Arc::new(Scope::new(NamespaceId(0), "/".into()));
    let id = SocketId::random().unwrap();
    shard.seat(key, &scope, id);
    let socket = Selection::socket(Address { slot: key, id });
    let at = Action::Expire(Some(Instant::now() + INTERVAL));
    shard.apply(Command::new(&scope, socket, at));
    let next = || shard.state.borrow().expiries.next();
    assert!(next().is_some());
    shard.unseat(key, &scope);
    assert_eq!(next(), None);
}
