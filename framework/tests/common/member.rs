//! A session that does nothing by itself: its client says which rooms it is in, and the test gets
//! its socket.

use std::sync::{
    Arc, Mutex,
    mpsc::{Receiver, SyncSender, sync_channel},
};

use roomcast::{
    HubBuilder, NamespaceBuilder,
    prelude::*,
    testing::{TestClient, TestServer},
};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

use crate::waiting::PATIENCE;
use crate::waiting::within;

#[derive(EventHandlers)]
#[handles(Join, Leave, Relay, Freeze)]
pub(crate) struct Member;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Rooms {
    #[serde(default)]
    pub(crate) rooms: Vec<String>,
}

#[derive(Serialize, Deserialize, Event)]
pub(crate) struct Join(pub(crate) String);

#[derive(Serialize, Deserialize, Event)]
pub(crate) struct Leave(pub(crate) String);

/// Keeps its whole worker from doing anything until the test says so.
#[derive(Serialize, Deserialize, Event)]
struct Freeze;

/// Asks the session to emit this number to the others in a room.
#[derive(Serialize, Deserialize, Event)]
pub(crate) struct Relay {
    pub(crate) room: String,
    pub(crate) number: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
pub(crate) struct Number(pub(crate) u32);

/// Hands the sockets to the test; give it to the hub as state.
struct Door {
    sockets: mpsc::Sender<Socket>,
    frozen: Arc<Notify>,
    thaw: Mutex<Receiver<()>>,
}

/// Where the test meets the sockets.
pub(crate) struct Hall {
    sockets: mpsc::Receiver<Socket>,
    frozen: Arc<Notify>,
    thaw: SyncSender<()>,
}

/// A worker does nothing until this is dropped.
pub(crate) struct Frozen(SyncSender<()>);

impl Drop for Frozen {
    fn drop(&mut self) {
        // Fails after the test has.
        let _ = self.0.send(());
    }
}

/// A hub of members, in `/`.
pub(crate) fn members() -> (HubBuilder, Hall) {
    members_with(NamespaceBuilder::named::<Member>("/"))
}

/// The same with more in the namespace.
pub(crate) fn members_with(namespace: NamespaceBuilder) -> (HubBuilder, Hall) {
    let (sender, sockets) = mpsc::channel(1_000);
    let (thaw, receiver) = sync_channel(1);
    let frozen = Arc::new(Notify::new());
    let door = Door {
        sockets: sender,
        frozen: Arc::clone(&frozen),
        thaw: Mutex::new(receiver),
    };
    let hall = Hall {
        sockets,
        frozen,
        thaw,
    };
    let hub = Hub::builder().namespace_with(namespace).state(door);
    (hub, hall)
}

impl Hall {
    /// A client in these rooms, and its socket.
    pub(crate) async fn enter(
        &mut self,
        server: &TestServer,
        rooms: &[&str],
    ) -> (TestClient, Socket) {
        let rooms = rooms.iter().map(ToString::to_string).collect();
        let client = TestClient::builder(server)
            .auth(&Rooms { rooms })
            .connect()
            .await;
        let client = client.expect("a client");
        let socket = self.next().await;
        assert_eq!(socket.id(), client.id());
        (client, socket)
    }

    /// Stops the worker of a client.
    pub(crate) async fn freeze(&self, client: &TestClient) -> Frozen {
        client.emit(&Freeze).await;
        within("its worker is frozen", self.frozen.notified()).await;
        Frozen(self.thaw.clone())
    }

    /// The socket of the client that connected next.
    pub(crate) async fn next(&mut self) -> Socket {
        let socket = timeout(PATIENCE, self.sockets.recv()).await;
        socket.expect("a socket in time").expect("a hub")
    }
}

impl Session for Member {
    type Auth = Rooms;

    async fn connect(Rooms { rooms }: Rooms, socket: &Socket) -> Result<Self, Refusal> {
        for room in rooms {
            socket.join(room)?;
        }
        socket
            .state::<Door>()
            .sockets
            .try_send(socket.clone())
            .expect("a hall");
        Ok(Self)
    }
}

impl Handle<Join> for Member {
    async fn handle(&mut self, Join(room): Join, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.join(room)?)
    }
}

impl Handle<Leave> for Member {
    async fn handle(&mut self, Leave(room): Leave, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.leave(room)?)
    }
}

impl Handle<Relay> for Member {
    async fn handle(&mut self, relay: Relay, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.to(relay.room).emit(&Number(relay.number))?)
    }
}

impl Handle<Freeze> for Member {
    async fn handle(&mut self, _: Freeze, socket: &Socket) -> Result<(), Rejection> {
        let door: &Door = socket.state();
        door.frozen.notify_one();
        // Also when the test has ended.
        let _ = door.thaw.lock().expect("one at a time").recv();
        Ok(())
    }
}
