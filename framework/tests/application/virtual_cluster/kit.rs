//! A cluster in virtual time.

use std::{
    panic::{AssertUnwindSafe, UnwindSafe, catch_unwind},
    sync::Mutex,
};

use super::world::{LONG, PING, ms};

use roomcast::{
    prelude::*,
    testing::{Faults, Report, VirtualCluster, with_seed},
};

#[derive(Serialize, Deserialize, Event)]
#[event(ack = ())]
struct Say {
    text: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct Said {
    text: String,
}

#[derive(Serialize, Deserialize, Event)]
#[event(ack = Binary)]
struct Echo(Binary);

#[derive(EventHandlers)]
#[handles(Say, Echo)]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Say> for Chat {
    async fn handle(&mut self, Say { text }: Say, socket: &Socket) -> Result<(), Rejection> {
        socket.broadcast().emit(&Said { text })?;
        Ok(())
    }
}

impl Handle<Echo> for Chat {
    async fn handle(&mut self, Echo(bytes): Echo, _: &Socket) -> Result<Binary, Rejection> {
        Ok(bytes)
    }
}

fn said(text: &str) -> Said {
    Said { text: text.into() }
}

fn say(text: &str) -> Say {
    Say { text: text.into() }
}

#[test]
fn a_broadcast_reaches_clients_of_all_nodes() {
    with_seed(1, || async {
        let cluster = VirtualCluster::builder(|_| Hub::builder().namespace::<Chat>("/"))
            .nodes(3)
            .workers(2)
            .faults(
                Faults::new()
                    .delay(ms(1)..ms(50))
                    .client_delay(ms(1)..ms(50)),
            )
            .start()
            .await;
        let ann = cluster.client(0).connect().await.unwrap();
        let bob = cluster.client(1).connect().await.unwrap();
        let eve = cluster.client(2).connect().await.unwrap();
        ann.emit(&say("hi")).await;
        assert_eq!(bob.expect::<Said>().await, said("hi"));
        assert_eq!(eve.expect::<Said>().await, said("hi"));
        cluster.cut(0, 2);
        ann.emit(&say("to bob")).await;
        cluster.settle().await;
        assert_eq!(bob.expect::<Said>().await, said("to bob"));
        assert_eq!(eve.pending(), []);
        assert_eq!(cluster.report().dropped, 1);
        cluster.heal();
        ann.emit(&say("again")).await;
        assert_eq!(eve.expect::<Said>().await, said("again"));
        cluster.crash(0);
        ann.expect_disconnect().await;
        cluster.restart(0).await;
        let ann = cluster.client(0).connect().await.unwrap();
        ann.emit(&say("back")).await;
        assert_eq!(eve.expect::<Said>().await, said("back"));
    });
}

#[test]
fn clients_may_poll() {
    with_seed(1, || async {
        let delays = Faults::new().client_delay(ms(1)..ms(50));
        let cluster = VirtualCluster::builder(|_| {
            let hub = Hub::builder().namespace::<Chat>("/");
            hub.ping_interval(PING.0).ping_timeout(PING.1)
        });
        let cluster = cluster.workers(3).faults(delays).start().await;
        let ann = cluster.polling_client(0).connect().await.unwrap();
        let bob = cluster.polling_client(0).connect().await.unwrap();
        let stats = || cluster.hub(0).stats();
        assert_eq!(stats().polling_sessions, 2);

        let bytes = Binary::from(&[0, 30, 255][..]);
        assert_eq!(ann.emit_with_ack(&Echo(bytes.clone())).await, bytes);
        ann.emit_with_ack(&say("hi")).await;
        bob.sync().await;
        assert_eq!(bob.expect::<Said>().await, said("hi"));
        ann.sync().await;
        assert_eq!(ann.pending(), []);

        cluster.run_for(LONG).await;
        assert!(ann.is_connected() && bob.is_connected(), "it answers pings");
        ann.disconnect().await;
        assert_eq!(stats().connections, 1);
        cluster.silence(&bob);
        cluster.run_for(LONG).await;
        assert_eq!(stats().connections, 0, "of the silent one nothing is left");
        assert!(bob.is_connected(), "it has not been told");

        let eve = cluster.polling_client(0).connect().await.unwrap();
        cluster.lose(&eve);
        eve.expect_disconnect().await;
        let eve = cluster.polling_client(0).connect().await.unwrap();
        cluster.crash(0);
        eve.expect_disconnect().await;
    });
}

/// What happens to some who talk.
fn chatter(seed: u64) -> Report {
    let report = std::sync::Mutex::new(None);
    with_seed(seed, || async {
        let cluster = VirtualCluster::builder(|_| Hub::builder().namespace::<Chat>("/"))
            .nodes(3)
            .workers(2)
            .faults(
                Faults::new()
                    .delay(ms(1)..ms(50))
                    .client_delay(ms(1)..ms(50))
                    .cuts(ms(100), ms(100)),
            )
            .start()
            .await;
        let mut clients = Vec::new();
        for node in 0..6 {
            clients.push(cluster.client(node % 3).connect().await.unwrap());
        }
        for n in 0..30 {
            clients[cluster.pick(6)].emit(&say(&n.to_string())).await;
            cluster.run_for(ms(cluster.pick(20) as u64)).await;
        }
        cluster.settle().await;
        *report.lock().unwrap() = Some(cluster.report());
    });
    report.into_inner().unwrap().unwrap()
}

#[test]
fn a_seed_does_the_same_again() {
    let mut digests = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let report = chatter(seed);
        assert_eq!(report, chatter(seed));
        digests.insert(report.digest);
    }
    assert!(digests.len() > 95);
}

/// As who replays a seed has one. This test is what the other process runs, too.
#[test]
fn a_seed_does_the_same_in_another_process() {
    const ASKED: &str = "ROOMCAST_TEST_TELLS_REPORT";
    let report = format!("<{:?}>", chatter(17));
    if std::env::var_os(ASKED).is_some() {
        return println!("{report}");
    }
    let (_, module) = module_path!().split_once("::").unwrap();
    let this = format!("{module}::a_seed_does_the_same_in_another_process");
    let mut other = std::process::Command::new(std::env::current_exe().unwrap());
    other.args(["--exact", "--nocapture", &this]);
    let told = other.env(ASKED, "1").output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains(&report), "{report} is not in {told}");
}

/// The text with which a test in virtual time fails.
fn failure<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + UnwindSafe) -> String {
    let failed = catch_unwind(|| with_seed(7, test)).unwrap_err();
    *failed.downcast().unwrap()
}

#[test]
fn a_seed_that_fails_tells_what_happened() {
    let ids = Mutex::new([None; 3]);
    let told = failure(AssertUnwindSafe(|| async {
        let cluster = VirtualCluster::builder(|_| Hub::builder().namespace::<Chat>("/"))
            .workers(2)
            .faults(Faults::new().delay(ms(20)..ms(20)))
            .start()
            .await;
        let ann = cluster.client(0).connect().await.unwrap();
        let bob = cluster.client(1).connect().await.unwrap();
        let eve = cluster.polling_client(1).connect().await.unwrap();
        *ids.lock().unwrap() = [&ann, &bob, &eve].map(|client| Some(client.id()));
        cluster.run_for(ms(1_000)).await;
        cluster.note("ann\nspeaks");
        ann.emit_with_ack(&say("hi")).await;
        cluster.settle().await;
        cluster.cut(1, 0);
        ann.emit_with_ack(&say("lost")).await;
        cluster.heal();
        cluster.lose(&bob);
        cluster.settle().await;
        cluster.crash(1);
        panic!("it went wrong");
    }));
    let [ann, bob, eve] = ids.into_inner().unwrap().map(Option::unwrap);
    let expected = format!(
        "\
seed 7: it went wrong

what happened, in virtual time:
      0.000 s  2 nodes, 2 workers each
      0.001 s  connection 0 to node 0 begins
      0.001 s  connection 0 is socket {ann} in /
      0.001 s  connection 1 to node 1 begins
      0.001 s  connection 1 is socket {bob} in /
      0.001 s  connection 2 to node 1 begins to poll
      0.001 s  connection 2 is socket {eve} in /
      1.001 s  ann speaks
      1.001 s  a broadcast from node 0 to node 1 takes 0.020 s
      1.024 s  nodes 1 and 0 are cut off from each other
      1.024 s  a broadcast from node 0 to node 1 is lost
      1.024 s  all nodes reach each other again
      1.024 s  connection 1 is reset
      1.027 s  node 1 crashes, with 1 connection
      1.027 s  the test fails"
    );
    assert_eq!(told, expected);
}

#[test]
fn a_seed_that_fails_tells_the_last_of_what_happened() {
    let told = failure(|| async {
        let faults = Faults::new().delay(ms(20)..ms(20));
        let cluster = VirtualCluster::builder(|_| Hub::builder().namespace::<Chat>("/"));
        let cluster = cluster.faults(faults).start().await;
        let ann = cluster.client(0).connect().await.unwrap();
        let _bob = cluster.client(1).connect().await.unwrap();
        for number in 0..100 {
            cluster.note(number);
            ann.emit_with_ack(&say("hi")).await;
        }
        cluster.note("x".repeat(10_000));
        panic!("it went wrong");
    });
    let lines: Vec<&str> = told.lines().collect();
    let left_out = "(without 46 earlier steps and 80 earlier messages):";
    assert!(lines[2].ends_with(left_out), "{told}");
    assert!(told.contains("  41") && !told.contains("  40"));
    assert_eq!(lines.len(), 2 + 1 + 60 + 20 + 1);
    assert!(told.len() < 10_000);
}

#[test]
fn nothing_is_left_of_a_node_that_crashed() {
    use std::sync::{Arc, Weak};
    with_seed(1, || async {
        let states: std::rc::Rc<std::cell::RefCell<Vec<Weak<()>>>> = std::rc::Rc::default();
        let made = states.clone();
        let cluster = VirtualCluster::builder(move |_| {
            let state = Arc::new(());
            made.borrow_mut().push(Arc::downgrade(&state));
            Hub::builder().namespace::<Chat>("/").state(state)
        });
        let cluster = cluster.workers(2).start().await;
        let ann = cluster.client(0).connect().await.unwrap();
        drop(ann);
        cluster.crash(0);
        cluster.settle().await;
        let living = || {
            states
                .borrow()
                .iter()
                .filter(|state| state.strong_count() > 0)
                .count()
        };
        assert_eq!(living(), 1);
        cluster.crash(1);
        cluster.settle().await;
        assert_eq!(living(), 0);
    });
}

#[test]
#[should_panic(expected = "a fault needs an interval")]
fn a_fault_that_would_hold_the_clock_is_refused() {
    let _ = Faults::new().lost_connections(ms(0));
}

#[test]
fn a_node_that_starts_again_learns_that_it_was_cut_off_while_it_was_down() {
    with_seed(1, || async {
        let cluster = VirtualCluster::builder(|_| Hub::builder().namespace::<Chat>("/"))
            .nodes(2)
            .start()
            .await;
        let is_connected = |node| cluster.hub(node).cluster().unwrap().is_connected();
        cluster.crash(1);
        cluster.cut(0, 1);
        cluster.restart(1).await;
        cluster.settle().await;
        assert!(!is_connected(0) && !is_connected(1));
        cluster.heal();
        cluster.settle().await;
        assert!(is_connected(0) && is_connected(1));
    });
}

#[test]
fn a_random_fault_that_fails_fails_the_test() {
    let failed = catch_unwind(|| {
        with_seed(1, || async {
            let lives = std::cell::Cell::new(0);
            let cluster = VirtualCluster::builder(move |_| {
                lives.set(lives.get() + 1);
                assert!(lives.get() <= 2, "a hub that cannot be built again");
                Hub::builder().namespace::<Chat>("/")
            });
            let faults = Faults::new().crashes(ms(100), ms(100));
            let cluster = cluster.nodes(2).faults(faults).start().await;
            cluster.run_for(ms(10_000)).await;
            cluster.calm().await;
        });
    });
    let panic = failed.unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("cannot be built again"), "{text}");
}
