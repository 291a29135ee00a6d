//! When everybody has gone, in whatever way, nothing is left.

use std::{cell::Cell, time::Duration};

use roomcast::{
    Namespace, NamespaceBuilder, Recovery,
    prelude::*,
    testing::{Faults, TestClient, VirtualCluster, for_each_seed},
};
use tokio::{
    join,
    time::{sleep, timeout},
};

use super::world::{Burst, LONG, Member, Who, any_node, client, hub, ms, pause, sessions};

const ROOMS: [&str; 4] = ["a", "b", "c", "d"];

#[test]
fn when_everybody_has_gone_nothing_is_left() {
    for_each_seed(0..150, |_| async {
        let hub = |_| {
            let recovery = Recovery::new().max_disconnection_duration(ms(2_000));
            hub().connection_state_recovery(recovery)
        };
        let faults = Faults::new()
            .delay(ms(0)..ms(40))
            .client_delay(ms(0)..ms(40))
            .cuts(ms(1_000), ms(500))
            .crashes(ms(3_000), ms(500))
            .lost_connections(ms(500))
            .silent_connections(ms(500));
        let cluster = VirtualCluster::builder(hub)
            .nodes(3)
            .workers(2)
            .faults(faults)
            .start()
            .await;
        let mut clients: Vec<TestClient> = Vec::new();
        for number in 0..40 {
            match cluster.pick(4) {
                0 | 1 => clients.extend(enter(&cluster, number).await),
                2 if !clients.is_empty() => leave(&cluster, &mut clients).await,
                _ => {
                    for client in &clients {
                        client.try_emit(&Burst(3)).await;
                    }
                }
            }
            pause(&cluster, 300).await;
        }
        while !clients.is_empty() {
            leave(&cluster, &mut clients).await;
        }
        cluster.calm().await;
        cluster.run_for(LONG).await;
        cluster.settle().await;
        assert_eq!(sessions(), 0);
        for node in cluster.running() {
            let hub = cluster.hub(node);
            let stats = hub.stats();
            assert_eq!((stats.connections, stats.polling_sessions), (0, 0));
            assert_eq!((stats.sockets, stats.rooms), (0, 0));
            assert_eq!((stats.presence_entries, stats.outbox_bytes), (0, 0));
            assert_eq!(hub.namespace("/").unwrap().rooms(), [""; 0]);
            let everyone = hub.everyone().fetch_sockets().await.unwrap();
            assert!(everyone.is_empty(), "{everyone:?}");
        }
    });
}

#[test]
fn nobody_waits_for_a_node_that_leaves_in_good_order() {
    for_each_seed(0..30, async |_| {
        let faults = Faults::new().delay(ms(1)..ms(40));
        let cluster = VirtualCluster::builder(|_| hub()).faults(faults);
        let cluster = cluster.nodes(3).start().await;
        let (one, leaving) = (cluster.hub(0), cluster.hub(1));
        let left = Cell::new(false);
        let draining = async {
            let drained = leaving.drain().await;
            left.set(true);
            drained
        };
        let asking = async {
            while !left.get() {
                let found = one.everyone().fetch_sockets().await.unwrap();
                assert!(found.is_complete(), "{:?}", found.missing_nodes());
            }
        };
        let (drained, ()) = join!(draining, asking);
        assert!(drained.clean, "{drained}");
        let nodes = one.cluster().unwrap().nodes().await.unwrap();
        assert_eq!(nodes.len(), 2);
    });
}

/// Keeps who is asked busy.
#[derive(Serialize, Deserialize, Event)]
#[event(ack = ())]
struct Work;

#[test]
fn a_node_that_is_asked_all_the_time_leaves_all_the_same() {
    for_each_seed(0..5, async |_| {
        let hub = |_| {
            let main = NamespaceBuilder::named::<Member>("/");
            let working = async |_: Work, _: &Namespace| sleep(ms(50)).await;
            Hub::builder().namespace_with(main.on_server_side(working))
        };
        let cluster = VirtualCluster::builder(hub).nodes(2).start().await;
        let (one, leaving) = (cluster.hub(0), cluster.hub(1));
        let left = Cell::new(false);
        let draining = async {
            let drained = leaving.drain().await;
            left.set(true);
            drained
        };
        // One after the other, so that there is always one.
        let ask = async |after: u64| {
            sleep(ms(after)).await;
            let main = one.namespace("/").unwrap();
            while !left.get() {
                let asked = main.server_side_emit_with_ack(&Work).await;
                asked.expect("it is asked");
                sleep(ms(1)).await;
            }
        };
        let (drained, (), ()) = join!(draining, ask(0), ask(25));
        assert!(drained.clean, "{drained}");
    });
}

/// Comes in, and perhaps gives up before it is in.
async fn enter(cluster: &VirtualCluster, number: usize) -> Option<TestClient> {
    let rooms = ROOMS.into_iter().filter(|_| cluster.pick(2) == 0);
    let who = Who::new(number.to_string(), &rooms.collect::<Vec<_>>());
    let entering = client(cluster, any_node(cluster)).auth(&who).connect();
    let patience = match cluster.pick(4) {
        0 => ms(cluster.pick(150) as u64),
        _ => Duration::MAX,
    };
    timeout(patience, entering).await.ok()?.ok()
}

async fn leave(cluster: &VirtualCluster, clients: &mut Vec<TestClient>) {
    let client = clients.swap_remove(cluster.pick(clients.len()));
    match cluster.pick(3) {
        0 => cluster.silence(&client),
        1 => cluster.lose(&client),
        _ => {}
    }
}
