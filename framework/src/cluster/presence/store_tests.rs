//! What every store must do; each store's own tests run these on it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod changes;
mod entries;
mod leases;

use std::time::Duration;

use super::store::{KeyState, Lease, Renewal, Store, Topic, Write};
use crate::id::SocketId;
pub(crate) use {changes::*, entries::*, leases::*};

/// Runs every test of this module on the stores that `$make` makes: a store, and what it needs to
/// live.
macro_rules! contract {
    ($make:path) => {
        $crate::cluster::presence::store_tests::contract! {
            $make:
            entries_are_counted_by_key,
            a_meta_is_replaced,
            entries_belong_to_their_lease,
            pages_show_everyone_once,
            odd_names_are_names,
            changes_are_told_in_order_with_what_they_lead_to,
            a_batch_that_changes_nothing_in_the_end_tells_it_once,
            without_a_lease_nothing_is_written,
            what_is_left_of_a_dead_node_goes_once,
            a_node_that_comes_back_in_time_loses_nothing,
            a_lease_that_is_given_back_goes_at_once,
            a_user_was_last_seen_at_the_end_of_the_last_connection,
            living_nodes_are_listed,
            a_user_with_very_many_connections_is_counted_right,
        }
    };
    ($make:path: $($name:ident,)*) => {
        $(
            #[actix_web::test]
            async fn $name() {
                let (store, _alive) = $make().await;
                $crate::cluster::presence::store_tests::$name(store).await;
            }
        )*
    };
}
pub(crate) use contract;

const LONG: Duration = Duration::from_secs(60);
/// Long enough for a few round trips to a Redis that is busy with other tests.
const SHORT: Duration = Duration::from_secs(1);

fn socket(number: u32) -> SocketId {
    format!("socket-number-{number:06}").parse().unwrap()
}

fn lobby() -> Topic {
    room("/", "lobby")
}

fn room(namespace: &str, room: &str) -> Topic {
    Topic::Room {
        namespace: namespace.into(),
        room: room.into(),
    }
}

fn put(topic: &Topic, key: &str, number: u32, meta: &str) -> Write {
    Write {
        topic: topic.clone(),
        key: key.into(),
        socket: socket(number),
        meta: Some(meta.into()),
    }
}

fn remove(topic: &Topic, key: &str, number: u32) -> Write {
    Write {
        meta: None,
        ..put(topic, key, number, "")
    }
}

fn lease(id: &str, take: bool, time_to_live: Duration) -> Lease {
    Lease {
        id: id.into(),
        take,
        time_to_live,
        connections: 7,
    }
}

/// How many entries hang on the lease, if it is held.
async fn held(store: &dyn Store, lease: &Lease) -> Option<usize> {
    match store.renew(lease).await.unwrap() {
        Renewal::Held { entries, .. } => Some(entries),
        Renewal::Lost => None,
    }
}

async fn take(store: &dyn Store, id: &str, time_to_live: Duration) {
    assert_eq!(held(store, &lease(id, true, time_to_live)).await, Some(0));
}

async fn write(store: &dyn Store, lease: &str, writes: &[Write]) {
    assert!(store.write(lease, writes).await.unwrap());
}

fn state(key: &str, metas: &[&str]) -> KeyState {
    KeyState {
        key: key.into(),
        connections: metas.len(),
        metas: metas.iter().map(|meta| (*meta).into()).collect(),
    }
}

async fn keys(store: &dyn Store, topic: &Topic) -> Vec<KeyState> {
    let page = store.page(topic, None, 1000).await.unwrap();
    assert_eq!(page.next, None);
    let mut keys = page.keys;
    for key in &mut keys {
        key.metas.sort();
    }
    keys.sort_by(|one, other| one.key.cmp(&other.key));
    keys
}
