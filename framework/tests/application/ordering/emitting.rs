//! Those who are in a room all the time.

use std::{
    collections::{BTreeMap, HashMap},
    thread::ThreadId,
};

use super::clients::{CLIENTS, Came, assert_spread, crowd, end, thread_of, world};
use super::member::{Way, way};
use crate::wire::MODES;

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
