//! The order that is guaranteed, with several workers: what one handler emits reaches each receiver
//! in program order, each sender's events stay in order, the members on one worker see one order,
//! and who joins or leaves gets exactly what was emitted in between.

#![allow(clippy::unwrap_used, reason = "tests")]

mod wire;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, ThreadId},
    time::Duration,
};

use roomcast::{
    HubBuilder, WebSocketMode,
    prelude::*,
    testing::{PATIENCE, TestClient, TestServer},
};
use tokio::{task::yield_now, time::timeout};
use wire::{MODES, Message, Wire, deserted, serve_on, text};

const WORKERS: usize = 4;

/// Two of each worker.
const CLIENTS: usize = 2 * WORKERS;

// ---- the application

#[derive(Default)]
struct World {
    /// Which thread serves a socket.
    threads: Mutex<HashMap<SocketId, ThreadId>>,
}

#[derive(Deserialize)]
struct Ticket {
    rooms: Vec<String>,
}

/// The step of a handler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
struct Step(String, u32);

/// Emits so many steps, each another way.
#[derive(Deserialize, Event)]
#[event(ack = String)]
struct Mix {
    name: String,
    steps: u32,
    other: String,
}

/// Broadcasts so many steps to a room, the sender included.
#[derive(Deserialize, Event)]
#[event(ack = String)]
struct Flood {
    name: String,
    room: String,
    steps: u32,
}

/// Joins and leaves a room so many times.
#[derive(Deserialize, Event)]
#[event(ack = String)]
struct Visit {
    name: String,
    room: String,
    times: u32,
}

/// Lets another socket join and leave a room, and emits to it each time.
#[derive(Deserialize, Event)]
#[event(ack = String)]
struct Guide {
    other: String,
    times: u32,
}

#[derive(Deserialize, Event)]
#[event(ack = u32)]
struct Echo(u32);

#[derive(Serialize, Deserialize, Event)]
#[event(ack = u32)]
struct Question(u32);

#[derive(EventHandlers)]
#[handles(Mix, Flood, Visit, Guide, Echo)]
struct Member;

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
enum Way {
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

fn way(step: u32) -> Way {
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

// ---- the clients

struct Client {
    wire: Wire,
    id: String,
}

impl Client {
    async fn join(server: &TestServer, rooms: &[&str]) -> Self {
        let mut wire = Wire::open(server).await;
        let rooms = serde_json::to_string(rooms).unwrap();
        wire.text(&format!(r#"40{{"rooms":{rooms}}}"#)).await;
        let Message::Text(reply) = wire.next().await else {
            panic!("no reply")
        };
        let id = reply.split('"').nth(3).unwrap().to_owned();
        Self { wire, id }
    }

    /// Asks for an ack with the id 7.
    async fn ask(&mut self, event: serde_json::Value) {
        self.wire.text(&format!("427{event}")).await;
    }

    async fn next(&mut self) -> Came {
        let Message::Text(text) = self.wire.next().await else {
            panic!("not a text")
        };
        if let Some(answer) = text.strip_prefix("437") {
            return Came::Answer(answer.to_owned());
        }
        let list: (String, String, u32) =
            serde_json::from_str(text.strip_prefix("42").unwrap()).unwrap();
        Came::Step(list.1, list.2)
    }

    /// So many steps, with no answer among them.
    async fn steps(&mut self, count: usize) -> Vec<(String, u32)> {
        let mut steps = Vec::new();
        while steps.len() < count {
            match self.next().await {
                Came::Step(name, number) => steps.push((name, number)),
                Came::Answer(answer) => panic!("{answer} after {} steps", steps.len()),
            }
        }
        steps
    }

    /// All steps before the answer.
    async fn steps_until_answer(&mut self) -> Vec<(String, u32)> {
        let mut steps = Vec::new();
        loop {
            match self.next().await {
                Came::Step(name, number) => steps.push((name, number)),
                Came::Answer(_) => return steps,
            }
        }
    }

    /// Nothing more was emitted to it.
    async fn expect_nothing_more(&mut self) {
        self.ask(serde_json::json!(["echo", 1])).await;
        assert_eq!(self.next().await, Came::Answer("[1]".into()));
    }
}

#[derive(Debug, PartialEq)]
enum Came {
    Step(String, u32),
    Answer(String),
}

fn world(
    mode: WebSocketMode,
    options: impl FnOnce(HubBuilder) -> HubBuilder,
) -> (TestServer, Arc<World>) {
    let world = Arc::new(World::default());
    let hub = Hub::builder()
        .namespace::<Member>("/")
        .state(Arc::clone(&world));
    (serve_on(WORKERS, mode, options(hub)), world)
}

/// The clients, the first half of each worker in `even`, the others in `odd`.
async fn crowd(server: &TestServer) -> Vec<Client> {
    let mut clients = Vec::new();
    for index in 0..CLIENTS {
        let half = if index % 2 == 0 { "even" } else { "odd" };
        clients.push(Client::join(server, &["all", half]).await);
    }
    clients
}

fn assert_spread(world: &World) {
    let threads: std::collections::HashSet<_> =
        world.threads.lock().unwrap().values().copied().collect();
    assert_eq!(threads.len(), WORKERS, "the clients are not on all workers");
}

fn thread_of(world: &World, client: &Client) -> ThreadId {
    world.threads.lock().unwrap()[&client.id.parse::<SocketId>().unwrap()]
}

async fn end(server: TestServer, clients: Vec<Client>) {
    drop(clients);
    deserted(server.hub()).await;
}

// ---- the guarantees

#[actix_web::test]
async fn what_one_handler_emits_reaches_each_receiver_in_program_order() {
    const STEPS: u32 = 700;
    for mode in MODES {
        let (server, world) = world(mode, |hub| hub);
        let mut clients = crowd(&server).await;
        assert_spread(&world);
        // Every client is the sender once, and another worker's client the other.
        for sender in 0..CLIENTS {
            let other = (sender + 3) % CLIENTS;
            let mix = serde_json::json!(["mix", {
                "name": "mix", "steps": STEPS, "other": clients[other].id,
            }]);
            clients[sender].ask(mix).await;
            for (receiver, client) in clients.iter_mut().enumerate() {
                let is_even = receiver % 2 == 0;
                let gets = |step: &u32| match way(*step) {
                    Way::Direct => receiver == sender,
                    Way::Room => is_even && receiver != sender,
                    Way::Union | Way::Everyone => true,
                    Way::Except => is_even,
                    Way::Others => receiver != sender,
                    Way::Another => receiver == other,
                };
                let expected: Vec<_> = (0..STEPS).filter(gets).collect();
                let steps = client.steps(expected.len()).await;
                let came: Vec<_> = steps.into_iter().map(|(_, number)| number).collect();
                assert!(
                    came == expected,
                    "{mode:?}: {sender} to {receiver}: {came:?}"
                );
                if receiver == sender {
                    // The ack is the last thing that the handler emits.
                    assert_eq!(client.next().await, Came::Answer(r#"["mix"]"#.into()));
                }
            }
        }
        for client in &mut clients {
            client.expect_nothing_more().await;
        }
        end(server, clients).await;
    }
}

#[actix_web::test]
async fn each_senders_events_stay_in_order_and_one_workers_members_see_one_order() {
    const STEPS: u32 = 500;
    for mode in MODES {
        let (server, world) = world(mode, |hub| hub);
        let mut clients = crowd(&server).await;
        assert_spread(&world);
        for (index, client) in clients.iter_mut().enumerate() {
            let flood = serde_json::json!(["flood", {
                "name": index.to_string(), "room": "all", "steps": STEPS,
            }]);
            client.ask(flood).await;
        }
        let mut orders: HashMap<ThreadId, Vec<(String, u32)>> = HashMap::new();
        for client in &mut clients {
            let mut steps = Vec::new();
            let mut answers = 0;
            while steps.len() < CLIENTS * STEPS as usize || answers == 0 {
                match client.next().await {
                    Came::Step(name, number) => steps.push((name, number)),
                    Came::Answer(_) => answers += 1,
                }
            }
            let mut by_sender: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
            for (name, number) in &steps {
                by_sender.entry(name).or_default().push(*number);
            }
            assert_eq!(by_sender.len(), CLIENTS);
            for (sender, numbers) in by_sender {
                let in_order = numbers.iter().copied().eq(0..STEPS);
                assert!(
                    in_order,
                    "{mode:?}: lost, twice or reordered from {sender}: {numbers:?}"
                );
            }
            let thread = thread_of(&world, client);
            let order = orders.entry(thread).or_insert_with(|| steps.clone());
            assert!(
                *order == steps,
                "{mode:?}: members on one worker saw different orders"
            );
        }
        for client in &mut clients {
            client.expect_nothing_more().await;
        }
        end(server, clients).await;
    }
}

#[actix_web::test]
async fn who_joins_and_leaves_gets_exactly_what_was_emitted_in_between() {
    const VISITS: u32 = 200;
    const STEPS: u32 = 1000;
    let with_and_without = |mode| [(mode, true), (mode, false)];
    for (mode, others_stay) in MODES.into_iter().flat_map(with_and_without) {
        let (server, world) = world(mode, |hub| hub);
        let mut clients = Vec::new();
        for _ in 0..WORKERS {
            clients.push(Client::join(&server, &[]).await);
        }
        let rooms: &[&str] = if others_stay { &["game"] } else { &[] };
        for _ in 0..WORKERS {
            clients.push(Client::join(&server, rooms).await);
        }
        assert_spread(&world);
        // A visitor on each worker, and a sender beside each.
        let (visitors, senders) = clients.split_at_mut(WORKERS);
        for (index, sender) in senders.iter_mut().enumerate() {
            let flood = serde_json::json!(["flood", {
                "name": index.to_string(), "room": "game", "steps": STEPS,
            }]);
            sender.ask(flood).await;
        }
        for (index, visitor) in visitors.iter_mut().enumerate() {
            let name = format!("visitor {index}");
            let visit = serde_json::json!(["visit", {
                "name": name, "room": "game", "times": VISITS,
            }]);
            visitor.ask(visit).await;
        }
        for (index, visitor) in visitors.iter_mut().enumerate() {
            let own = format!("visitor {index}");
            let missed = format!("missed by {own}");
            let mut inside = false;
            let mut last: HashMap<String, u32> = HashMap::new();
            let (mut ins, mut owns) = (0, 0);
            for (name, number) in visitor.steps_until_answer().await {
                match name.as_str() {
                    "in" => {
                        assert!(!inside && number == ins);
                        (inside, ins) = (true, ins + 1);
                        last.clear();
                        continue;
                    }
                    "out" => {
                        assert!(
                            inside && owns == ins,
                            "{mode:?}: it missed its own {number}"
                        );
                        inside = false;
                        continue;
                    }
                    name if name == own => owns += 1,
                    name => assert_ne!(name, missed, "{mode:?}"),
                }
                assert!(inside, "{mode:?}: {name} {number} from outside");
                // The numbers of other visitors are not told apart.
                if !name.contains("visitor")
                    && let Some(before) = last.insert(name.clone(), number)
                {
                    assert!(before < number, "{mode:?}: {name} {number} after {before}");
                    // Where nobody else is a member, what is on its way from another worker may be
                    // taken for the next visit: membership is decided where the event arrives.
                    let gap = others_stay && before + 1 != number;
                    assert!(!gap, "{mode:?}: {name} {number} right after {before}");
                }
            }
            assert_eq!((ins, owns), (VISITS, VISITS));
        }
        for sender in senders {
            sender.steps_until_answer().await;
        }
        end(server, clients).await;
    }
}

#[actix_web::test]
async fn a_socket_gets_nothing_that_was_meant_for_the_one_before_it() {
    for mode in MODES {
        let (server, _) = world(mode, |hub| hub);
        let mut clients = Vec::new();
        for _ in 0..=WORKERS {
            clients.push(Client::join(&server, &["all"]).await);
        }
        // The last shares its worker with the first.
        let [sender, .., leaver] = &mut clients[..] else {
            panic!("too few")
        };
        for round in 0..300 {
            let flood = serde_json::json!(["flood", { "name": "a", "room": "all", "steps": 3 }]);
            sender.ask(flood).await;
            // Leaves and comes back, without a room, in one segment.
            let back = [
                text("41"),
                text(r#"40{"rooms":[]}"#),
                text(r#"427["echo",0]"#),
            ];
            leaver.wire.write(&back.concat()).await;
            let mut connected = false;
            loop {
                let Message::Text(came) = leaver.wire.next().await else {
                    panic!("not a text")
                };
                match &came[..2] {
                    "40" => connected = true,
                    "43" => break,
                    _ => assert!(!connected, "{mode:?}: {came} in round {round}"),
                }
            }
            sender.steps(3).await;
            assert_eq!(sender.next().await, Came::Answer(r#"["a"]"#.into()));
            // As it was at first.
            leaver
                .wire
                .write(&[text("41"), text(r#"40{"rooms":["all"]}"#)].concat())
                .await;
            assert!(matches!(leaver.wire.next().await, Message::Text(_)));
        }
        end(server, clients).await;
    }
}

#[actix_web::test]
async fn a_socket_that_is_made_to_join_gets_what_the_same_task_emits_to_the_room_then() {
    const TIMES: u32 = 100;
    for mode in MODES {
        let (server, world) = world(mode, |hub| hub);
        let mut clients = crowd(&server).await;
        assert_spread(&world);
        let expected = |steps: Vec<(String, u32)>| {
            let both = |n| [("in".to_owned(), n), ("out".to_owned(), n)];
            assert_eq!(steps, (0..TIMES).flat_map(both).collect::<Vec<_>>());
        };
        // From the handlers of one socket, on one worker, for those on every worker.
        for other in 1..CLIENTS {
            let guide =
                serde_json::json!(["guide", { "other": clients[other].id, "times": TIMES }]);
            clients[0].ask(guide).await;
            expected(clients[other].steps(2 * TIMES as usize).await);
            assert_eq!(clients[0].next().await, Came::Answer(r#"["done"]"#.into()));
        }
        // From a thread that is no worker.
        let hub = server.hub();
        for client in &mut clients {
            for time in 0..TIMES {
                let room = format!("room {time}");
                drop(hub.to(&client.id).join([&room]));
                hub.to(&room).emit(&Step("in".into(), time)).unwrap();
                drop(hub.to(&client.id).leave([&room]));
                hub.to(&room).emit(&Step("missed".into(), time)).unwrap();
                hub.to(&client.id).emit(&Step("out".into(), time)).unwrap();
            }
            expected(client.steps(2 * TIMES as usize).await);
        }
        for client in &mut clients {
            client.expect_nothing_more().await;
        }
        end(server, clients).await;
    }
}

#[actix_web::test]
async fn answers_of_a_room_are_complete_while_others_come_and_go() {
    for mode in MODES {
        let (server, _) = world(mode, |hub| hub);
        let mut stable = Vec::new();
        for _ in 0..WORKERS {
            let client =
                TestClient::builder(&server).auth(&serde_json::json!({ "rooms": ["all"] }));
            let client = client.connect().await.unwrap();
            client.answer(|Question(number)| number + 1);
            stable.push(client);
        }
        // Visitors on every worker, so that workers come to have members and lose them.
        let mut visitors = Vec::new();
        for _ in 0..WORKERS {
            visitors.push(Client::join(&server, &[]).await);
        }
        let hub = server.hub().clone();
        let done = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&done);
        let ids: Vec<_> = visitors.iter().map(|visitor| visitor.id.clone()).collect();
        let churn = thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                for id in &ids {
                    drop(hub.to(id).join(["visited"]));
                }
                thread::yield_now();
                for id in &ids {
                    drop(hub.to(id).leave(["visited"]));
                }
            }
        });
        for round in 0..200 {
            let all = server.hub().to("all").to("visited").except("visited");
            let question = Question(round);
            let acks = timeout(PATIENCE, all.emit_with_ack(&question)).await;
            let acks = acks.expect("it waits for nobody").unwrap();
            assert!(acks.is_complete(), "{mode:?}: {acks:?}");
            assert_eq!(acks.into_values(), [round + 1; WORKERS]);
        }
        done.store(true, Ordering::Relaxed);
        churn.join().unwrap();
        drop((stable, visitors));
        deserted(server.hub()).await;
    }
}

#[actix_web::test]
async fn a_large_room_gets_everything_while_others_are_served() {
    const BROADCASTS: u32 = 20;
    let members = 2000.min((descriptor_limit() - 200) / 3);
    for mode in MODES {
        let (server, _) = world(mode, |hub| hub);
        let mut clients = Vec::new();
        for _ in 0..members {
            clients.push(Client::join(&server, &["large"]).await);
        }
        let mut others = Vec::new();
        for _ in 0..WORKERS {
            others.push(Client::join(&server, &[]).await);
        }
        for number in 0..BROADCASTS {
            server
                .hub()
                .to("large")
                .emit(&Step("all".into(), number))
                .unwrap();
            for other in &mut others {
                other.ask(serde_json::json!(["echo", number])).await;
                assert_eq!(other.next().await, Came::Answer(format!("[{number}]")));
            }
        }
        for client in &mut clients {
            let steps = client.steps(BROADCASTS as usize).await;
            assert!(
                steps
                    .into_iter()
                    .map(|(_, number)| number)
                    .eq(0..BROADCASTS)
            );
            client.expect_nothing_more().await;
        }
        clients.append(&mut others);
        end(server, clients).await;
    }
}

#[actix_web::test]
async fn threads_that_emit_without_pause_do_not_keep_members_waiting() {
    for mode in MODES {
        let (server, _) = world(mode, |hub| hub.max_outbox_bytes(64 << 20));
        let mut member = Client::join(&server, &["all"]).await;
        let done = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = (0..3)
            .map(|thread| {
                let (hub, done) = (server.hub().clone(), Arc::clone(&done));
                thread::spawn(move || {
                    for number in 0.. {
                        if done.load(Ordering::Relaxed) {
                            return;
                        }
                        // A worker that has too much to do refuses.
                        let _ = hub.to("all").emit(&Step(thread.to_string(), number));
                    }
                })
            })
            .collect();
        let mut last: HashMap<String, u32> = HashMap::new();
        let reading = async {
            for _ in 0..2000 {
                if let Came::Step(name, number) = member.next().await {
                    let before = last.insert(name, number);
                    assert!(before.is_none_or(|before| before < number));
                }
            }
        };
        let read = timeout(Duration::from_secs(10), reading).await;
        done.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().unwrap();
        }
        read.unwrap();
        end(server, vec![member]).await;
    }
}

/// Descriptors that this process may have open.
fn descriptor_limit() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    line.split_whitespace().nth(3).unwrap().parse().unwrap()
}
