//! Many members, and much that is emitted at one time.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use futures_util::future::join_all;
use roomcast::testing::TestClient;
use tokio::time::timeout;

use super::clients::{Came, Client, WORKERS, end, world};
use super::member::{Question, Step};
use crate::waiting::PATIENCE;
use crate::wire::{MODES, deserted};

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
            let churn = async {
                while !stop.load(Ordering::Relaxed) {
                    for id in &ids {
                        drop(hub.to(id).join(["visited"]));
                    }
                    // Confirmed, so that no more than this round waits for a worker.
                    let visited = ids.iter().map(|id| hub.to(id).leave(["visited"]));
                    for left in join_all(visited).await {
                        left.unwrap();
                    }
                }
            };
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_time().build().unwrap().block_on(churn);
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
