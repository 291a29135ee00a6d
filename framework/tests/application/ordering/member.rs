//! The application: its handlers emit, join and leave in every way.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    thread::{self, ThreadId},
};

use roomcast::prelude::*;
use tokio::task::yield_now;

#[derive(Default)]
pub(crate) struct World {
    /// Which thread serves a socket.
    pub(crate) threads: Mutex<HashMap<SocketId, ThreadId>>,
}

#[derive(Deserialize)]
pub(crate) struct Ticket {
    rooms: Vec<String>,
}

/// The step of a handler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
pub(crate) struct Step(pub(crate) String, pub(crate) u32);

/// Emits so many steps, each another way.
#[derive(Deserialize, Event)]
#[event(ack = String)]
pub(crate) struct Mix {
    name: String,
    steps: u32,
    other: String,
}

/// Broadcasts so many steps to a room, the sender included.
#[derive(Deserialize, Event)]
#[event(ack = String)]
pub(crate) struct Flood {
    name: String,
    room: String,
    steps: u32,
}

/// Joins and leaves a room so many times.
#[derive(Deserialize, Event)]
#[event(ack = String)]
pub(crate) struct Visit {
    name: String,
    room: String,
    times: u32,
}

/// Lets another socket join and leave a room, and emits to it each time.
#[derive(Deserialize, Event)]
#[event(ack = String)]
pub(crate) struct Guide {
    other: String,
    times: u32,
}

#[derive(Deserialize, Event)]
#[event(ack = u32)]
pub(crate) struct Echo(u32);

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
pub(crate) struct Question(pub(crate) u32);

#[derive(EventHandlers)]
#[handles(Mix, Flood, Visit, Guide, Echo)]
pub(crate) struct Member;

impl Session for Member {
    type Auth = Ticket;

    async fn connect(ticket: Ticket, socket: &Socket) -> Result<Self, Refusal> {
        let world: &Arc<World> = socket.state();
        let here = thread::current().id();
        world.threads.lock().unwrap().insert(socket.id(), here);
        for room in ticket.rooms {
            socket.join(room)?;
        }
        Ok(Self)
    }
}

/// Who gets a step of [`Mix`].
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Way {
    Direct,
    Room,
    Union,
    Except,
    Everyone,
    Others,
    Another,
}

const WAYS: [Way; 7] = [
    Way::Direct,
    Way::Room,
    Way::Union,
    Way::Except,
    Way::Everyone,
    Way::Others,
    Way::Another,
];

pub(crate) fn way(step: u32) -> Way {
    // Not in a fixed rotation, so that each way follows each other.
    WAYS[((step * step + step / 7) % 7) as usize]
}

impl Handle<Mix> for Member {
    async fn handle(&mut self, mix: Mix, socket: &Socket) -> Result<String, Rejection> {
        let hub = socket.hub();
        for number in 0..mix.steps {
            let step = Step(mix.name.clone(), number);
            match way(number) {
                Way::Direct => socket.emit(&step)?,
                Way::Room => socket.to("even").emit(&step)?,
                Way::Union => hub.to("even").to("odd").to("all").emit(&step)?,
                Way::Except => hub.to("all").except("odd").emit(&step)?,
                Way::Everyone => hub.emit(&step)?,
                Way::Others => socket.broadcast().emit(&step)?,
                Way::Another => hub.to(mix.other.as_str()).emit(&step)?,
            }
            if number % 50 == 0 {
                yield_now().await;
            }
        }
        Ok(mix.name)
    }
}

impl Handle<Flood> for Member {
    async fn handle(&mut self, flood: Flood, socket: &Socket) -> Result<String, Rejection> {
        for number in 0..flood.steps {
            let step = Step(flood.name.clone(), number);
            socket.hub().to(&flood.room).emit(&step)?;
            if number % 10 == 0 {
                yield_now().await;
            }
        }
        Ok(flood.name)
    }
}

impl Handle<Visit> for Member {
    async fn handle(&mut self, visit: Visit, socket: &Socket) -> Result<String, Rejection> {
        let Visit { name, room, times } = visit;
        let hub = socket.hub();
        let missed = Step(format!("missed by {name}"), 0);
        for time in 0..times {
            // Every second visit is over before any of it has been written.
            let stays = time % 2 == 0;
            hub.to(&room).emit(&missed)?;
            socket.join(&room)?;
            socket.emit(&Step("in".into(), time))?;
            hub.to(&room).emit(&Step(name.clone(), time))?;
            if stays {
                pause().await;
            }
            socket.leave(&room)?;
            socket.emit(&Step("out".into(), time))?;
            hub.to(&room).emit(&missed)?;
            if stays {
                pause().await;
            }
        }
        Ok(name)
    }
}

/// Lets others on the worker run.
async fn pause() {
    for _ in 0..5 {
        yield_now().await;
    }
}

impl Handle<Guide> for Member {
    async fn handle(&mut self, guide: Guide, socket: &Socket) -> Result<String, Rejection> {
        let hub = socket.hub();
        let other = guide.other.as_str();
        for time in 0..guide.times {
            let room = format!("room {time}");
            drop(hub.to(other).join([&room]));
            hub.to(&room).emit(&Step("in".into(), time))?;
            drop(hub.to(other).leave([&room]));
            hub.to(&room).emit(&Step("missed".into(), time))?;
            hub.to(other).emit(&Step("out".into(), time))?;
        }
        Ok("done".into())
    }
}

impl Handle<Echo> for Member {
    async fn handle(&mut self, Echo(number): Echo, _: &Socket) -> Result<u32, Rejection> {
        Ok(number)
    }
}
