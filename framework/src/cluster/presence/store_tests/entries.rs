//! Who is where, and since when not.

use std::{collections::BTreeSet, sync::Arc, time::SystemTime};

use tokio::time::sleep;

use super::*;
use crate::cluster::presence::store::{MAX_METAS, Page};

pub(crate) async fn entries_are_counted_by_key(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", LONG).await;
    take(&*store, "bbbb.1", LONG).await;
    let lobby = lobby();
    let writes = [
        put(&lobby, "ann", 1, "1"),
        put(&lobby, "ann", 2, "2"),
        put(&lobby, "bob", 3, "3"),
    ];
    write(&*store, "aaaa.1", &writes).await;
    write(&*store, "bbbb.1", &[put(&lobby, "ann", 4, "4")]).await;
    let expected = [state("ann", &["1", "2", "4"]), state("bob", &["3"])];
    assert_eq!(keys(&*store, &lobby).await, expected);
    assert_eq!(store.count(&lobby).await.unwrap(), 2);
    assert_eq!(store.count(&room("/", "other")).await.unwrap(), 0);

    let entries = store.entries(&lobby, "ann").await.unwrap();
    let entries: BTreeSet<_> = entries
        .iter()
        .map(|entry| (&*entry.node, entry.socket, &*entry.meta))
        .collect();
    let expected = [
        ("aaaa", socket(1), "1"),
        ("aaaa", socket(2), "2"),
        ("bbbb", socket(4), "4"),
    ];
    assert_eq!(entries, BTreeSet::from(expected));

    let gone = [
        remove(&lobby, "ann", 1),
        remove(&lobby, "ann", 2),
        remove(&lobby, "bob", 3),
    ];
    write(&*store, "aaaa.1", &gone).await;
    assert_eq!(keys(&*store, &lobby).await, [state("ann", &["4"])]);
    write(&*store, "bbbb.1", &[remove(&lobby, "ann", 4)]).await;
    assert_eq!(store.count(&lobby).await.unwrap(), 0);
    assert_eq!(store.entries(&lobby, "ann").await.unwrap(), []);
}

pub(crate) async fn a_meta_is_replaced(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", LONG).await;
    let lobby = lobby();
    for meta in [r#"{"a":1}"#, "two words", "\n\0\"", "ä"] {
        write(&*store, "aaaa.1", &[put(&lobby, "ann", 1, meta)]).await;
        assert_eq!(keys(&*store, &lobby).await, [state("ann", &[meta])]);
    }
    let lease = lease("aaaa.1", false, LONG);
    assert_eq!(held(&*store, &lease).await, Some(1));
}

pub(crate) async fn entries_belong_to_their_lease(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", LONG).await;
    take(&*store, "bbbb.1", LONG).await;
    let lobby = lobby();
    write(&*store, "aaaa.1", &[put(&lobby, "ann", 1, "1")]).await;
    write(&*store, "bbbb.1", &[remove(&lobby, "ann", 1)]).await;
    assert_eq!(keys(&*store, &lobby).await, [state("ann", &["1"])]);
}

pub(crate) async fn pages_show_everyone_once(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", LONG).await;
    let lobby = lobby();
    let users: BTreeSet<String> = (0..103).map(|user| format!("user {user}")).collect();
    let writes: Vec<_> = users
        .iter()
        .zip(0..)
        .map(|(user, number)| put(&lobby, user, number, "{}"))
        .collect();
    write(&*store, "aaaa.1", &writes).await;
    for limit in [1, 10, 102, 103, 1000] {
        let mut seen = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = store.page(&lobby, after.as_deref(), limit).await;
            let Page { keys, next, .. } = page.unwrap();
            assert!(keys.len() <= limit && !keys.is_empty());
            seen.extend(keys.iter().map(|key| key.key.to_string()));
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), users.len(), "nobody twice in pages of {limit}");
        assert_eq!(BTreeSet::from_iter(seen), users);
    }
    let nobody = store.page(&room("/", "empty"), None, 10).await.unwrap();
    assert!(nobody.keys.is_empty() && nobody.next.is_none());
}

pub(crate) async fn odd_names_are_names(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", LONG).await;
    let names = [
        "connections",
        "ann:seen",
        "a:b",
        "%3A",
        "{x}",
        "ä ö",
        "\0\n",
        "\"",
        "%",
    ];
    let mut number = 0;
    let mut topics = vec![Topic::Users, room("/:a", "b")];
    topics.extend(names.iter().map(|name| room("/", name)));
    for topic in &topics {
        for name in names {
            number += 1;
            write(&*store, "aaaa.1", &[put(topic, name, number, "1")]).await;
        }
    }
    for topic in &topics {
        let found = keys(&*store, topic).await;
        let found: BTreeSet<_> = found.iter().map(|state| &*state.key).collect();
        assert_eq!(found, BTreeSet::from(names), "{topic:?}");
        for name in names {
            assert_eq!(store.entries(topic, name).await.unwrap().len(), 1);
        }
    }
    store.release("aaaa.1").await.unwrap();
    for topic in &topics {
        assert_eq!(store.count(topic).await.unwrap(), 0, "{topic:?}");
    }
}

pub(crate) async fn a_user_with_very_many_connections_is_counted_right(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", LONG).await;
    let lobby = lobby();
    let writes: Vec<_> = (0..600)
        .map(|number| put(&lobby, "bot", number, "1"))
        .collect();
    write(&*store, "aaaa.1", &writes).await;
    let keys = keys(&*store, &lobby).await;
    assert_eq!(keys.len(), 1);
    assert_eq!((keys[0].connections, keys[0].metas.len()), (600, MAX_METAS));
}

pub(crate) async fn a_user_was_last_seen_at_the_end_of_the_last_connection(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", LONG).await;
    assert_eq!(store.last_seen("ann").await.unwrap(), None);
    let both = [
        put(&Topic::Users, "ann", 1, "1"),
        put(&Topic::Users, "ann", 2, "1"),
    ];
    write(&*store, "aaaa.1", &both).await;
    write(&*store, "aaaa.1", &[remove(&Topic::Users, "ann", 1)]).await;
    sleep(SHORT).await;
    let recent = |seen: Option<SystemTime>| {
        let ago = SystemTime::now().duration_since(seen.unwrap());
        ago.unwrap_or_default() < LONG
    };
    assert!(recent(store.last_seen("ann").await.unwrap()), "is online");
    write(&*store, "aaaa.1", &[remove(&Topic::Users, "ann", 2)]).await;
    let seen = store.last_seen("ann").await.unwrap();
    assert!(recent(seen));
    sleep(SHORT).await;
    assert_eq!(store.last_seen("ann").await.unwrap(), seen);
}
