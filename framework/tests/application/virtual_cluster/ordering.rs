//! Per sender, events come in order, and each once, whatever is lost.

use std::collections::BTreeMap;

use roomcast::testing::{Faults, TestClient, VirtualCluster, for_each_seed};

use super::world::{
    Audience, Burst, Who, any_node, audience, client, hub, is_replay, ms, numbers, pause,
};

/// The rooms of the client with this number: none, one or both.
fn rooms(client: usize) -> &'static [&'static str] {
    [&[][..], &["a"], &["b"], &["a", "b"]][client % 4]
}

#[test]
fn each_senders_events_come_complete_and_in_order_to_all_nodes() {
    for_each_seed(0..150, |_| async {
        let faults = Faults::new()
            .delay(ms(0)..ms(40))
            .client_delay(ms(0)..ms(40));
        let cluster = VirtualCluster::builder(|_| hub())
            .nodes(3)
            .workers(2)
            .faults(faults)
            .start()
            .await;
        let mut clients = Vec::new();
        for number in 0..6 {
            let who = Who::new(number.to_string(), rooms(number));
            let client = client(&cluster, any_node(&cluster)).auth(&who).connect();
            clients.push(client.await.unwrap());
        }
        let mut sent = [0; 6];
        let mut came: [Vec<_>; 6] = Default::default();
        for _ in 0..12 {
            let (sender, count) = (cluster.pick(6), cluster.pick(9) as u64);
            sent[sender] += count;
            let (client, came) = (&clients[sender], &mut came[sender]);
            match cluster.pick(3) {
                0 => {
                    assert_eq!(client.emit_with_ack(&Burst(count)).await, sent[sender]);
                    came.extend(numbers(client));
                    let own = from(sender, came);
                    assert_eq!(own, due(sender, sender, sent[sender]), "before the ack");
                }
                _ => client.emit(&Burst(count)).await,
            }
            pause(&cluster, 30).await;
        }
        cluster.settle().await;
        for (receiver, client) in clients.iter().enumerate() {
            came[receiver].extend(numbers(client));
            for (sender, sent) in sent.into_iter().enumerate() {
                let came = from(sender, &came[receiver]);
                let due = due(receiver, sender, sent);
                assert_eq!(came, due, "from {sender} to {receiver}");
            }
        }
        assert!(cluster.report().delayed > 0);
    });
}

/// The first so many numbers of a sender that are for this receiver.
fn due(receiver: usize, sender: usize, sent: u64) -> Vec<u64> {
    let sent = 0..sent;
    sent.filter(|number| is_for(receiver, sender, *number))
        .collect()
}

fn from(sender: usize, came: &[(String, u64)]) -> Vec<u64> {
    let sender = sender.to_string();
    let came = came.iter().filter(|(by, _)| *by == sender);
    came.map(|(_, number)| *number).collect()
}

fn is_for(receiver: usize, sender: usize, number: u64) -> bool {
    let is_itself = receiver == sender;
    match audience(number) {
        Audience::Itself => is_itself,
        Audience::OthersIn(room) => !is_itself && rooms(receiver).contains(&room),
        Audience::AllIn(room) => rooms(receiver).contains(&room),
        Audience::Others => !is_itself,
    }
}

fn by_sender(numbers: Vec<(String, u64)>) -> BTreeMap<String, Vec<u64>> {
    let mut by_sender: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (sender, number) in numbers {
        by_sender.entry(sender).or_default().push(number);
    }
    by_sender
}

#[test]
fn whatever_is_lost_nothing_comes_twice_or_out_of_order() {
    let lost = std::sync::atomic::AtomicU64::new(0);
    for_each_seed(0..150, |_| async {
        let faults = Faults::new()
            .delay(ms(0)..ms(60))
            .client_delay(ms(0)..ms(40))
            .cuts(ms(150), ms(100))
            .crashes(ms(400), ms(100))
            .lost_connections(ms(100));
        let cluster = VirtualCluster::builder(|_| hub())
            .nodes(3)
            .workers(2)
            .faults(faults)
            .start()
            .await;
        let mut clients: [Option<TestClient>; 6] = Default::default();
        for life in 0..40 {
            let number = cluster.pick(6);
            let place = &mut clients[number];
            let emits = match place {
                Some(client) => client.try_emit(&Burst(5)).await,
                None => false,
            };
            if !emits {
                place.iter().for_each(verify);
                // Each life has its own numbers.
                let who = Who::new(format!("{number} in life {life}"), rooms(number));
                let entering = client(&cluster, any_node(&cluster));
                *place = entering.auth(&who).connect().await.ok();
            }
            pause(&cluster, 40).await;
        }
        cluster.settle().await;
        clients.iter().flatten().for_each(verify);
        let report = cluster.report();
        lost.fetch_add(report.dropped, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(lost.into_inner() > 0 || is_replay());
}

#[track_caller]
fn verify(client: &TestClient) {
    for (sender, numbers) in by_sender(numbers(client)) {
        let is_in_order = numbers.is_sorted_by(|before, after| before < after);
        assert!(is_in_order, "from {sender}: {numbers:?}");
    }
}

/// Our adapters do not; one of somebody else may.
#[test]
fn what_an_adapter_delivers_twice_comes_twice_and_in_order() {
    for_each_seed(0..50, |_| async {
        let faults = Faults::new().delay(ms(0)..ms(40)).duplicates(0.3);
        let cluster = VirtualCluster::builder(|_| hub()).nodes(3).faults(faults);
        let cluster = cluster.start().await;
        let mut clients = Vec::new();
        for number in 0..3 {
            let who = Who::new(number.to_string(), &["b"]);
            let client = cluster.client(number).auth(&who).connect();
            clients.push(client.await.unwrap());
        }
        for client in &clients {
            client.emit(&Burst(20)).await;
            pause(&cluster, 30).await;
        }
        cluster.settle().await;
        for client in &clients {
            for (sender, mut numbers) in by_sender(numbers(client)) {
                assert!(numbers.is_sorted(), "from {sender}: {numbers:?}");
                numbers.dedup();
                let is_for_all = |number: &&u64| matches!(audience(**number), Audience::AllIn(_));
                assert_eq!(numbers.iter().filter(is_for_all).count(), 5);
            }
        }
        for node in 0..3 {
            let found = cluster.hub(node).everyone().fetch_sockets().await.unwrap();
            assert_eq!(found.len(), 3, "each once, on whatever node it is");
        }
        assert!(cluster.report().duplicated > 0);
    });
}
