//! What is said in these tests, and by whom.

use std::{cell::Cell, time::Duration};

use roomcast::{
    HubBuilder, SharedState,
    prelude::*,
    testing::{TestClient, TestClientBuilder, VirtualCluster},
};

pub(super) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A peer that is silent for the sum of both is gone.
pub(super) const PING: (Duration, Duration) = (ms(2_000), ms(1_000));

/// A node that is silent for so long is gone.
pub(super) const LEASE: Duration = ms(3_000);

/// Long enough for everything that is silent to be gone.
pub(super) const LONG: Duration = ms(20_000);

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Who {
    pub(super) nick: String,
    pub(super) rooms: Vec<String>,
}

impl Who {
    pub(super) fn new(nick: impl Into<String>, rooms: &[&str]) -> Self {
        Self {
            nick: nick.into(),
            rooms: rooms.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Asks for so many events. The ack tells the number of the next one.
#[derive(Serialize, Deserialize, Event)]
#[event(ack = u64)]
pub(super) struct Burst(pub(super) u64);

/// Each number once, and greater ones later.
#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
pub(super) struct Numbered {
    pub(super) by: String,
    pub(super) number: u64,
}

/// Who has connected, and in which rooms it is.
#[derive(EventHandlers)]
#[handles(Burst)]
pub(super) struct Member {
    nick: String,
    next: u64,
    _living: Living,
}

thread_local! {
    static LIVING: Cell<usize> = const { Cell::new(0) };
}

/// Counts the sessions that there are, on the thread of the seed.
struct Living;

impl Living {
    fn new() -> Self {
        LIVING.set(LIVING.get() + 1);
        Self
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        LIVING.set(LIVING.get() - 1);
    }
}

/// Sessions that have begun, and were not dropped.
pub(super) fn sessions() -> usize {
    LIVING.get()
}

impl Session for Member {
    type Auth = Who;

    async fn connect(Who { nick, rooms }: Who, socket: &Socket) -> Result<Self, Refusal> {
        // Who comes back is in its rooms again.
        if !socket.recovered() {
            for room in rooms {
                socket.join(&room)?;
                let shown = socket.track(&room, &nick);
                shown.map_err(|error| Refusal::new(error.to_string()))?;
            }
        }
        Ok(Self {
            nick,
            next: 0,
            _living: Living::new(),
        })
    }
}

/// To whom an event with this number goes.
pub(super) enum Audience {
    Itself,
    OthersIn(&'static str),
    AllIn(&'static str),
    Others,
}

pub(super) fn audience(number: u64) -> Audience {
    match number % 4 {
        0 => Audience::Itself,
        1 => Audience::OthersIn("a"),
        2 => Audience::AllIn("b"),
        _ => Audience::Others,
    }
}

impl Handle<Burst> for Member {
    async fn handle(&mut self, Burst(count): Burst, socket: &Socket) -> Result<u64, Rejection> {
        for _ in 0..count {
            let event = Numbered {
                by: self.nick.clone(),
                number: self.next,
            };
            match audience(self.next) {
                Audience::Itself => socket.emit(&event)?,
                Audience::OthersIn(room) => socket.to(room).emit(&event)?,
                Audience::AllIn(room) => socket.namespace().to(room).emit(&event)?,
                Audience::Others => socket.broadcast().emit(&event)?,
            }
            self.next += 1;
        }
        Ok(self.next)
    }
}

pub(super) fn hub() -> HubBuilder {
    Hub::builder()
        .namespace::<Member>("/")
        .ping_interval(PING.0)
        .ping_timeout(PING.1)
        .shared_state(SharedState::new().lease(LEASE))
}

/// Some node that runs.
pub(super) fn any_node(cluster: &VirtualCluster) -> usize {
    let running = cluster.running();
    running[cluster.pick(running.len())]
}

/// A client of this node, over one transport or the other.
pub(super) fn client(cluster: &VirtualCluster, node: usize) -> TestClientBuilder {
    match cluster.pick(3) {
        0 => cluster.polling_client(node),
        _ => cluster.client(node),
    }
}

/// Whether this is a look at a few seeds, in which what is rare need not happen.
pub(super) fn is_replay() -> bool {
    std::env::var_os("ROOMCAST_SEEDS").is_some()
}

/// Time that passes between two things that happen.
pub(super) async fn pause(cluster: &VirtualCluster, at_most: u64) {
    let time = cluster.pick(usize::try_from(at_most).unwrap());
    cluster.run_for(ms(time as u64)).await;
}

/// The numbers that have come, with their senders.
pub(super) fn numbers(client: &TestClient) -> Vec<(String, u64)> {
    let pending = client.pending();
    let read = pending.iter().map(|event| {
        let args: (Numbered,) = serde_json::from_str(&event.json()).unwrap();
        (args.0.by, args.0.number)
    });
    read.collect()
}
