//! The run: what is done, in which order, and what of it is measured.

use std::time::Duration;

use launch::Result;
use tokio::time::{Instant, sleep};

use crate::load::{Counts, Latencies};
use crate::measure::Machine;
use crate::options::{Adapter, Features, Options};
use crate::wire::ROOM;
use crate::world::{Sample, World};

/// Connections are opened in so many parts, with a look in between.
const STEPS: usize = 5;

/// What is said in a second, as parts of the most.
const CHATS: [f64; 3] = [0.25, 0.5, 1.0];

/// How long the last messages may be under way.
const ARRIVAL: Duration = Duration::from_secs(30);

/// What all nodes may do besides, measured on one.
const FEATURES: [(&str, Adapter, Features); 4] = [
    (
        "nothing else",
        Adapter::PubSub,
        Features {
            presence: false,
            recovery: false,
        },
    ),
    (
        "a user each, and tracked in a room of 10 ([presence](presence.md))",
        Adapter::PubSub,
        Features {
            presence: true,
            recovery: false,
        },
    ),
    (
        "the adapter `Redis::streams`",
        Adapter::Streams,
        Features {
            presence: false,
            recovery: false,
        },
    ),
    (
        "the same with [recovery](recovery.md#on-several-nodes)",
        Adapter::Streams,
        Features {
            presence: false,
            recovery: true,
        },
    ),
];

pub(crate) struct Results {
    pub(crate) machine: Machine,
    /// Before anybody is connected.
    pub(crate) empty: Sample,
    pub(crate) opened: Vec<Opened>,
    pub(crate) idle: Idle,
    /// The clients that are in a room, and what that took.
    pub(crate) joined: u64,
    pub(crate) rooms: Sample,
    pub(crate) chats: Vec<Chat>,
    pub(crate) closed: Closed,
    pub(crate) features: Vec<Feature>,
    pub(crate) totals: Totals,
}

/// One step of opening connections.
pub(crate) struct Opened {
    /// So far.
    pub(crate) connections: usize,
    /// When the ones before were open.
    pub(crate) before: Sample,
    /// When the last one was.
    pub(crate) open: Sample,
    /// A moment later.
    pub(crate) after: Sample,
}

pub(crate) struct Idle {
    pub(crate) before: Sample,
    pub(crate) after: Sample,
    pub(crate) pings: u64,
}

pub(crate) struct Chat {
    pub(crate) before: Sample,
    pub(crate) after: Sample,
    pub(crate) said: u64,
    pub(crate) received: u64,
    pub(crate) latencies: Latencies,
}

pub(crate) struct Closed {
    pub(crate) before: Sample,
    /// When no node had a socket any more.
    pub(crate) closed: Sample,
    /// A moment later.
    pub(crate) after: Sample,
}

/// What connections take with that.
pub(crate) struct Feature {
    pub(crate) name: &'static str,
    pub(crate) connections: usize,
    pub(crate) before: Sample,
    pub(crate) after: Sample,
}

#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) said: u64,
    pub(crate) expected: u64,
    pub(crate) received: u64,
    pub(crate) missing: u64,
    pub(crate) repeated: u64,
    pub(crate) reconnections: u64,
    pub(crate) failures: u64,
    pub(crate) dropped: u64,
}

impl Totals {
    /// # Errors
    ///
    /// With what is wrong, if a message was lost or came twice.
    pub(crate) fn check(&self) -> Result {
        if self.received == self.expected && self.missing + self.repeated + self.dropped == 0 {
            return Ok(());
        }
        Err(format!(
            "of {} deliveries {} came; {} were left out, {} repeated; nodes have dropped {}; {} reconnections",
            self.expected, self.received, self.missing, self.repeated, self.dropped, self.reconnections,
        )
        .into())
    }
}

/// # Errors
///
/// If something does not start or does not answer. What was lost is in the totals.
pub(crate) async fn run(options: &Options, machine: Machine) -> Result<Results> {
    let nothing_else = (options.adapter, Features::default());
    let mut world = World::start(options, nothing_else, options.nodes, 1).await?;
    let empty = world.settled().await?;
    let opened = open(&mut world, options, empty).await?;
    println!("idle");
    let idle = idle(&mut world, options).await?;
    let joined = world.join(options.rate).await?.joined;
    let rooms = world.settled().await?;
    let mut chats = Vec::new();
    for part in CHATS {
        let rate = part * options.messages;
        println!("chatting: {rate} messages a second");
        chats.push(chat(&mut world, rate, options.window).await?);
    }
    let dropped = world.dropped()?;
    println!("closing");
    let before = world.sample()?;
    let counts = world.close().await?;
    let closed = Closed {
        before,
        closed: world.sample()?,
        after: world.settled().await?,
    };
    world.stop().await;
    Ok(Results {
        machine,
        empty,
        opened,
        idle,
        joined,
        rooms,
        chats,
        closed,
        features: features(options).await?,
        totals: totals(&counts, dropped),
    })
}

async fn open(world: &mut World, options: &Options, empty: Sample) -> Result<Vec<Opened>> {
    let (mut opened, mut before, mut connections) = (Vec::new(), empty, 0);
    for step in 1..=STEPS {
        let all = options.connections * step / STEPS;
        world.open(all - connections, options.rate).await?;
        connections = all;
        let open = world.sample()?;
        let after = world.settled().await?;
        let sockets = world.sockets()?;
        if sockets != connections as u64 {
            return Err(format!("{connections} connections, but nodes have {sockets}").into());
        }
        println!("{connections} connections");
        opened.push(Opened {
            connections,
            before,
            open,
            after,
        });
        before = after;
    }
    Ok(opened)
}

async fn idle(world: &mut World, options: &Options) -> Result<Idle> {
    let pings = world.count().await?.pings;
    let before = world.sample()?;
    sleep(options.window).await;
    let after = world.sample()?;
    Ok(Idle {
        before,
        after,
        pings: world.count().await?.pings - pings,
    })
}

async fn chat(world: &mut World, rate: f64, window: Duration) -> Result<Chat> {
    let start = world.count().await?;
    let before = world.sample()?;
    let mut counts = world.chat(rate, window).await?;
    let after = world.sample()?;
    let said = counts.said - start.said;
    let arrived = Instant::now() + ARRIVAL;
    while counts.received - start.received < said * ROOM && Instant::now() < arrived {
        sleep(Duration::from_millis(100)).await;
        counts = world.count().await?;
    }
    Ok(Chat {
        before,
        after,
        said,
        received: counts.received - start.received,
        latencies: counts.latencies,
    })
}

async fn features(options: &Options) -> Result<Vec<Feature>> {
    let connections = options.connections / options.nodes;
    let mut features = Vec::new();
    for (network, (name, adapter, with)) in (2..).zip(FEATURES) {
        println!("{connections} connections with {name}");
        let mut world = World::start(options, (adapter, with), 1, network).await?;
        let before = world.settled().await?;
        world.open(connections, options.rate).await?;
        let after = world.settled().await?;
        features.push(Feature {
            name,
            connections,
            before,
            after,
        });
        world.stop().await;
    }
    Ok(features)
}

fn totals(counts: &Counts, dropped: u64) -> Totals {
    Totals {
        said: counts.said,
        expected: counts.said * ROOM,
        received: counts.received,
        missing: counts.missing,
        repeated: counts.repeated,
        reconnections: counts.reconnections,
        failures: counts.failures,
        dropped,
    }
}
