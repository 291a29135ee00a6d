//! The application: a session that counts, and what it emits.

use std::{
    future::pending,
    sync::{Arc, Mutex, mpsc::Receiver},
    time::Duration,
};

use roomcast::{Binary, SessionState, prelude::*};
use tokio::{
    sync::{Notify, mpsc},
    time::sleep,
};

/// Counts what its client tells it, and keeps the sum.
#[derive(EventHandlers)]
#[handles(Join, Add, Wait, Freeze, Flood)]
pub(crate) struct Counter {
    sum: u32,
}

/// What its client asks for as it connects.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wishes {
    rooms: Vec<String>,
    refuse: bool,
    panic: bool,
    /// Does not come to a decision.
    hesitate: bool,
}

#[derive(Deserialize, Event)]
#[event(ack = ())]
pub(crate) struct Join(String);

#[derive(Deserialize, Event)]
#[event(ack = u32)]
pub(crate) struct Add(u32);

/// Works until the test says so.
#[derive(Deserialize, Event)]
pub(crate) struct Wait;

/// Keeps its whole worker from doing anything until the test says so.
#[derive(Deserialize, Event)]
pub(crate) struct Freeze;

/// Emits so many steps, to a room and to everyone by turns.
#[derive(Deserialize, Event)]
pub(crate) struct Flood {
    sender: u32,
    steps: u32,
}

#[derive(Serialize, Event)]
struct Step(u32, u32);

#[derive(Serialize, Event)]
pub(crate) struct News(pub(crate) u32);

#[derive(Serialize, Event)]
pub(crate) struct Picture(pub(crate) u32, pub(crate) Binary);

#[derive(Serialize, Event)]
#[event(ack = u32)]
pub(crate) struct Question;

pub(crate) struct Tower {
    pub(crate) sockets: mpsc::Sender<Socket>,
    /// Ends [`Wait`].
    pub(crate) go: Notify,
    /// [`Wait`] has begun.
    pub(crate) working: Notify,
    /// Ends [`Freeze`].
    pub(crate) thaw: Mutex<Receiver<()>>,
}

impl Session for Counter {
    type Auth = Wishes;

    async fn connect(auth: Wishes, socket: &Socket) -> Result<Self, Refusal> {
        Self::enter(0, auth, socket)
    }

    fn save(&self) -> Option<SessionState> {
        (self.sum > 0).then(|| SessionState::of(&self.sum))?
    }

    async fn restore(state: SessionState, auth: Wishes, socket: &Socket) -> Result<Self, Refusal> {
        assert!(socket.recovered());
        assert!(!auth.panic, "as the client asks");
        if auth.hesitate {
            pending().await
        }
        Self::enter(state.read()?, auth, socket)
    }
}

impl Counter {
    fn enter(sum: u32, auth: Wishes, socket: &Socket) -> Result<Self, Refusal> {
        if auth.refuse {
            return Err(Refusal::new("not you"));
        }
        for room in auth.rooms {
            socket.join(room)?;
        }
        let tower: &Arc<Tower> = socket.state();
        tower.sockets.try_send(socket.clone()).unwrap();
        Ok(Self { sum })
    }
}

impl Handle<Join> for Counter {
    async fn handle(&mut self, Join(room): Join, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.join(room)?)
    }
}

impl Handle<Add> for Counter {
    async fn handle(&mut self, Add(number): Add, _: &Socket) -> Result<u32, Rejection> {
        self.sum += number;
        Ok(self.sum)
    }
}

impl Handle<Wait> for Counter {
    async fn handle(&mut self, _: Wait, socket: &Socket) -> Result<(), Rejection> {
        let tower: &Arc<Tower> = socket.state();
        tower.working.notify_one();
        tower.go.notified().await;
        Ok(())
    }
}

impl Handle<Freeze> for Counter {
    async fn handle(&mut self, _: Freeze, socket: &Socket) -> Result<(), Rejection> {
        let tower: &Arc<Tower> = socket.state();
        tower.working.notify_one();
        // Also when the test has ended.
        let _ = tower.thaw.lock().unwrap().recv();
        Ok(())
    }
}

impl Handle<Flood> for Counter {
    async fn handle(&mut self, flood: Flood, socket: &Socket) -> Result<(), Rejection> {
        let hub = socket.hub();
        for number in 0..flood.steps {
            let step = Step(flood.sender, number);
            match number % 4 {
                0 => hub.to("a").emit(&step)?,
                1 => hub.emit(&step)?,
                2 => hub.to("a").to("b").except("c").emit(&step)?,
                _ => socket.broadcast().emit(&step)?,
            }
            // Noise that must not be taken for any of it.
            hub.to("a").volatile().emit_raw("noise", &())?;
            if number % 5 == 0 {
                sleep(Duration::from_millis(1)).await;
            }
        }
        Ok(())
    }
}
