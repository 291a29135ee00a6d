//! What waits for a worker: others get their turn meanwhile, and nothing is lost in silence when it panics.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
    task::{Poll, Wake, Waker},
    thread,
    time::Duration,
};

use actix::{Actor, Addr, Context, Handler};
use smallvec::SmallVec;

use super::{
    command::{Action, Command, Selection},
    directory::{Address, Scope},
    inbox::Inbox,
    local::{LocalShard, Shard},
    node::Node,
    pulse::Pulse,
    slot::Notice,
};
use crate::{
    config::Config,
    id::{NamespaceId, SessionId, SlotKey, SocketId, WorkerId},
    shard::handshake::Handshake,
    transport::{frame::Frame, io::Io, poll::PollIo},
};

/// A client that takes nothing has room for three events of this size.
const EVENT: usize = 300;
const MAX_OUTBOX: usize = 1_200;

struct Connection;

impl Actor for Connection {
    type Context = Context<Self>;
}

impl Handler<Notice> for Connection {
    type Result = ();

    fn handle(&mut self, _: Notice, _: &mut Self::Context) {}
}

/// The task of a connection, which panics when it is woken.
struct Fragile;

impl Wake for Fragile {
    fn wake(self: Arc<Self>) {
        panic!("as it was asked to");
    }
}

/// A worker whose clients never take anything.
struct Worker {
    shard: LocalShard,
    scope: Arc<Scope>,
    connection: Addr<Connection>,
}

impl Worker {
    fn node(max_outbox_bytes: usize) -> Arc<Node> {
        let config = Config {
            max_outbox_bytes,
            ..Config::default()
        };
        Node::bare(config)
    }

    fn on(shard: LocalShard) -> Self {
        Self {
            shard,
            scope: Arc::new(Scope::new(NamespaceId(0), "/".into())),
            connection: Connection.start(),
        }
    }

    /// One that nothing wakes.
    fn idle() -> Self {
        let pulse = Arc::new(Pulse::new(Duration::from_secs(1)));
        let node = Self::node(MAX_OUTBOX);
        let shard = Shard::new(node, WorkerId(0), Arc::new(Inbox::default()), pulse);
        Self::on(Rc::new(shard))
    }

    fn enter(&self) -> Address {
        let connection = self.connection.clone().recipient().downgrade();
        let handshake = Handshake::new("/", [].into_iter(), None, false).into();
        let client = SessionId::random().unwrap().client();
        let io = Io::Poll(Rc::new(PollIo::default()));
        let slot = self.shard.open(io, connection, &handshake, client);
        let id = SocketId::random().unwrap();
        self.shard.seat(slot, &self.scope, id);
        self.shard.accept(slot, &self.scope, Frame::engine("40{}"));
        Address { slot, id }
    }

    fn command(&self, to: &[Address], bytes: usize) -> Command {
        let frame = Frame::engine(&"x".repeat(bytes));
        let to = Selection {
            sockets: SmallVec::from_iter(to.iter().copied()),
            ..Selection::default()
        };
        Command::new(&self.scope, to, Action::Emit { frame, ack: None })
    }

    /// Leaves an event to whoever catches up.
    fn emit(&self, to: &[Address], bytes: usize) {
        assert!(self.shard.put(self.command(to, bytes)));
    }

    fn waits_for(&self, key: SlotKey) -> usize {
        let state = self.shard.state.borrow();
        state.slot(key).unwrap().outbox.bytes()
    }

    fn lost(&self) -> u64 {
        self.shard.node.metrics.read().dropped_worker_ended
    }
}

/// The connection's task panics as soon as more is emitted than it has room for.
fn is_fragile(worker: &Worker, key: SlotKey) {
    worker.shard.driving(key, &Waker::from(Arc::new(Fragile)));
    worker.shard.driven(key);
}

fn panics(run: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(run)).is_err()
}

#[actix::test]
async fn commands_behind_one_that_panics_are_not_lost_and_the_event_is_counted() {
    let worker = Worker::idle();
    let (fragile, other) = (worker.enter(), worker.enter());
    is_fragile(&worker, fragile.slot);
    let before = worker.waits_for(other.slot);
    for _ in 0..4 {
        worker.emit(&[fragile], EVENT);
    }
    worker.emit(&[other], EVENT);
    assert!(panics(|| worker.shard.catch_up()));
    assert_eq!((worker.waits_for(other.slot), worker.lost()), (before, 1));
    worker.shard.catch_up();
    assert!(worker.waits_for(other.slot) > before + EVENT);
    assert_eq!(worker.lost(), 1);
}

#[actix::test]
async fn events_of_a_batch_that_is_not_handed_to_all_are_counted_and_the_next_are_delivered() {
    let worker = Worker::idle();
    let (fragile, other) = (worker.enter(), worker.enter());
    is_fragile(&worker, fragile.slot);
    for _ in 0..3 {
        worker.emit(&[fragile], EVENT);
    }
    let both = [fragile, other];
    worker.emit(&both, EVENT);
    worker.emit(&both, 1);
    worker.shard.catch_up();
    let before = worker.waits_for(other.slot);
    assert!(panics(|| _ = worker.shard.flush_slice()));
    assert_eq!((worker.waits_for(other.slot), worker.lost()), (before, 1));
    worker.shard.flush_slice();
    let gained = worker.waits_for(other.slot) - before;
    assert!((1..EVENT).contains(&gained), "{gained}");
    assert_eq!(worker.lost(), 1);
}

#[actix::test]
async fn what_waits_for_a_worker_that_ends_is_counted() {
    let worker = Worker::idle();
    let both = [worker.enter(), worker.enter()];
    worker.emit(&both, 1);
    worker.emit(&both, 1);
    worker.shard.catch_up();
    worker.emit(&both, 1);
    let node = Arc::clone(&worker.shard.node);
    drop(worker);
    assert_eq!(node.metrics.read().dropped_worker_ended, 3);
}

#[actix::test]
async fn a_worker_that_is_far_behind_lets_others_run_and_comes_to_the_end_by_itself() {
    const EVENTS: usize = 2_000;
    let shard = Worker::node(1 << 20).local_or_start().unwrap();
    let worker = Worker::on(shard);
    let client = worker.enter();
    tokio::task::yield_now().await;
    let before = worker.waits_for(client.slot);
    worker.emit(&[client], 1);
    worker.shard.catch_up();
    let each = worker.waits_for(client.slot) - before;
    let (node, emit) = (Arc::clone(&worker.shard.node), worker.command(&[client], 1));
    // While this one is blocked.
    let other = thread::spawn(move || {
        for _ in 0..EVENTS {
            assert!(node.dispatch(emit.clone()).is_ok());
        }
    });
    other.join().unwrap();
    let watching = async move {
        let (mut waits, mut turns) = (worker.waits_for(client.slot), 0);
        assert!(waits < before + EVENTS * each / 2, "before anyone else");
        while waits < before + (1 + EVENTS) * each {
            others().await;
            let now = worker.waits_for(client.slot);
            let at_once = (now - waits) / each;
            assert!(at_once <= 256, "{at_once} at once");
            (waits, turns) = (now, turns + 1);
            assert!(turns < 100_000, "it has stopped");
        }
    };
    actix::spawn(watching).await.unwrap();
}

/// Lets each of the worker's tasks run once. tokio's own leaves it at that after many rounds.
async fn others() {
    let mut yielded = false;
    poll_fn(|cx| match std::mem::replace(&mut yielded, true) {
        true => Poll::Ready(()),
        false => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

#[actix::test]
async fn commands_that_look_at_many_sockets_count_for_as_many() {
    let worker = Worker::idle();
    for _ in 0..100 {
        worker.enter();
    }
    for _ in 0..10 {
        let everyone = Selection {
            everyone: true,
            ..Selection::default()
        };
        let fetch = Command::new(&worker.scope, everyone, Action::Fetch);
        assert!(worker.shard.put(fetch));
    }
    assert_eq!(worker.shard.apply_waiting(256), (303, true));
    assert_eq!(worker.shard.apply_waiting(usize::MAX), (707, false));
}
