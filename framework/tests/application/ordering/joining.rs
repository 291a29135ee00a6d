//! Those who come and go.

use std::collections::HashMap;

use super::clients::{CLIENTS, Came, Client, WORKERS, assert_spread, crowd, end, world};
use super::member::Step;
use crate::wire::{MODES, Message, text};

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
