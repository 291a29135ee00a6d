//! With recovery there is one order of events, that of the stream, for the clients of all nodes: also of what
//! their own node has emitted. Otherwise a client's offset would be behind an event that it has not got.

use serde_json::Value;
use tokio::task::yield_now;

use super::world::{News, Node};
use crate::common::redis::RedisServer;
use crate::wire::recovering::Client;

/// Events of each node.
const EVENTS: u32 = 200;

async fn emit(node: &Node, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        node.hub().to("room").emit(&News(number)).unwrap();
        yield_now().await;
    }
}

/// The next events, each with the offset that the client has behind it.
async fn received(client: &mut Client) -> Vec<(Value, String)> {
    let mut events = Vec::new();
    while events.len() < 2 * EVENTS as usize {
        let event = client.event().await;
        events.push((event, client.offset.clone().unwrap()));
    }
    events
}

/// Its place in the stream: milliseconds and a number.
fn place((_, offset): &(Value, String)) -> (u64, u64) {
    let (ms, number) = offset.split_once('-').unwrap();
    (ms.parse().unwrap(), number.parse().unwrap())
}

#[actix_web::test]
async fn the_clients_of_all_nodes_get_what_both_emit_in_one_order() {
    let redis = RedisServer::start();
    let (a, b) = (Node::start(&redis).await, Node::start(&redis).await);
    let (mut at_a, mut at_b) = (a.enter(&["room"]).await, b.enter(&["room"]).await);
    let (first, second, ..) = tokio::join!(
        received(&mut at_a),
        received(&mut at_b),
        emit(&a, 0..EVENTS),
        emit(&b, EVENTS..2 * EVENTS),
    );
    assert_eq!(first, second);
    assert!(first.is_sorted_by(|one, next| place(one) < place(next)));
    // They were emitted side by side.
    let is_of_a = |(event, _): &(Value, String)| event[1].as_u64() < Some(EVENTS.into());
    let turns = first.chunk_by(|one, next| is_of_a(one) == is_of_a(next));
    assert!(turns.count() > 2, "both have emitted at the same time");
}
