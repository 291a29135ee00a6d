//! A worker is told although its mailbox is full: of what is said to it here, nothing is said twice.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    rc::Rc,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use actix::{Actor, Addr, Context, Handler};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::timeout,
};

use super::*;
use crate::{
    config::{Config, SlowConsumer},
    id::{NamespaceId, SessionId, SocketId},
    shard::{
        command::Selection,
        directory::{RoomName, Scope},
        handshake::Handshake,
        local::LocalShard,
        node::Parts,
        slot::Notice,
        uplink::{Uplink, Uplinks},
    },
    transport::{frame::Frame, io::Io, poll::PollIo},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// What actix gives to a mailbox, and more.
const FILLING: usize = 100;

/// This thread's worker, which has not begun to take what fills its mailbox.
struct Worker {
    node: Arc<Node>,
    shard: LocalShard,
    scope: Arc<Scope>,
}

impl Worker {
    async fn filled(node: Arc<Node>) -> Self {
        let shard = node.local_or_start().unwrap();
        let scope = Arc::new(Scope::new(NamespaceId(0), "/".into()));
        // Only a context that has been polled keeps to its bound.
        tokio::task::yield_now().await;
        let remote = Arc::clone(node.workers.get(&shard.worker).unwrap().value());
        let of_nobody = SharedRoom::new(scope.id, Some("nobody".into()));
        let taken = (0..FILLING)
            .take_while(|_| {
                let asked = remote.shard.try_send(Recount(Arc::clone(&of_nobody)));
                asked.is_ok()
            })
            .count();
        assert!(taken < FILLING, "its mailbox has no bound");
        Self { node, shard, scope }
    }
}

async fn next<T>(told: &mut Receiver<T>) -> T {
    let told = timeout(PATIENCE, told.recv()).await;
    told.expect("nobody is told").unwrap()
}

#[actix::test]
async fn commands_of_other_threads_are_applied() {
    let worker = Worker::filled(Node::bare(Config::default())).await;
    let mut workers = Workers::default();
    workers.add(worker.shard.worker);
    let (done, mut answers) = mpsc::channel(1);
    let everyone = Selection {
        everyone: true,
        ..Selection::default()
    };
    let command = Command {
        done: Some(done),
        ..Command::new(&worker.scope, everyone, Action::Fetch)
    };
    let node = Arc::clone(&worker.node);
    let other = thread::spawn(move || node.dispatch_to(workers, command).is_ok());
    assert!(other.join().unwrap());
    let answer = timeout(PATIENCE, answers.recv()).await;
    assert!(answer.expect("the worker was not woken").is_some());
}

/// Counts how often a worker is told to see to the adapter.
#[derive(Default)]
struct Links(AtomicUsize);

impl Uplinks for Links {
    fn open(self: Arc<Self>, _: &Scope, _: SlowConsumer) -> Box<dyn Uplink> {
        unreachable!("there is no namespace")
    }

    fn run_here(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[actix::test]
async fn a_worker_runs_the_adapter_that_another_has_given_up() {
    let links = Arc::new(Links::default());
    let node = Node::new(Parts {
        uplinks: Some(Arc::clone(&links) as Arc<dyn Uplinks>),
        ..Parts::bare(Config::default())
    });
    let worker = Worker::filled(node).await;
    let before = links.0.load(Ordering::Relaxed);
    worker.node.relink();
    let told = timeout(PATIENCE, async {
        while links.0.load(Ordering::Relaxed) == before {
            tokio::task::yield_now().await;
        }
    });
    told.await.expect("no worker is told");
}

/// Passes on what the supervisor of a room hears.
struct Supervisor(Sender<Report>);

impl Actor for Supervisor {
    type Context = Context<Self>;
}

impl Handler<Report> for Supervisor {
    type Result = ();

    fn handle(&mut self, report: Report, _: &mut Self::Context) {
        let _ = self.0.try_send(report);
    }
}

struct Connection;

impl Actor for Connection {
    type Context = Context<Self>;
}

impl Handler<Notice> for Connection {
    type Result = ();

    fn handle(&mut self, _: Notice, _: &mut Self::Context) {}
}

/// A client in a room. It is there for as long as its connection is.
fn enter(worker: &Worker, room: &str) -> Addr<Connection> {
    let connection = Connection.start();
    let slot = worker.shard.open(
        Io::Poll(Rc::new(PollIo::default())),
        connection.clone().recipient().downgrade(),
        &Handshake::new("/", [].into_iter(), None, false).into(),
        SessionId::random().unwrap().client(),
    );
    let id = SocketId::random().unwrap();
    worker.shard.seat(slot, &worker.scope, id);
    let reply = Frame::engine("40{}");
    worker.shard.accept(slot, &worker.scope, reply);
    let mut state = worker.shard.state.borrow_mut();
    state.join(&worker.scope, slot.index, Some(&RoomName::from(room)));
    connection
}

#[actix::test]
async fn a_room_that_is_counted_again_hears_of_all_members() {
    let worker = Worker::filled(Node::bare(Config::default())).await;
    let _connection = enter(&worker, "lobby");
    let room = worker.scope.room("lobby").unwrap();
    // The worker had its count ready before anybody supervised the room.
    assert_eq!(worker.shard.state.borrow_mut().take_reports().len(), 2);
    let (told, mut reports) = mpsc::channel(1);
    room.supervised_by(Supervisor(told).start().recipient());
    assert_eq!(worker.node.recount(&room), []);
    let members = next(&mut reports).await.members;
    assert_eq!(members, 1);
}
