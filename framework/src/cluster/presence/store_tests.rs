//! What every store must do; each store's own tests run these on it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::store::{
    Diff, KeyState, Lease, Listener, MAX_METAS, Page, Reaped, Renewal, Store, Topic, Write,
};
use crate::{cluster::adapter::AdapterFuture, id::SocketId};

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
const SHORT: Duration = Duration::from_millis(150);

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

/// Hears what a store tells.
struct Ear {
    diffs: mpsc::Receiver<Diff>,
    listening: actix_web::rt::task::JoinHandle<()>,
}

struct Mouth {
    ready: mpsc::Sender<()>,
    diffs: mpsc::Sender<Diff>,
}

impl Listener for Mouth {
    fn listening(&self) {
        self.ready.try_send(()).unwrap();
    }

    fn changed(&self, diff: Diff) {
        self.diffs.try_send(diff).unwrap();
    }
}

impl Ear {
    async fn to(store: &Arc<dyn Store>) -> Self {
        let (ready, mut listens) = mpsc::channel(1);
        let (sender, diffs) = mpsc::channel(1000);
        let mouth = Mouth {
            ready,
            diffs: sender,
        };
        let listen: AdapterFuture<'static, ()> = Arc::clone(store).listen(Arc::new(mouth));
        let listening = actix_web::rt::spawn(listen);
        timeout(LONG, listens.recv()).await.unwrap().unwrap();
        Self { diffs, listening }
    }

    async fn next(&mut self) -> Diff {
        let diff = timeout(Duration::from_secs(5), self.diffs.recv()).await;
        diff.expect("a change in time").unwrap()
    }

    /// What comes until a change of this key, which is not among it.
    async fn until(&mut self, key: &str) -> Vec<Diff> {
        let mut heard = Vec::new();
        loop {
            let diff = self.next().await;
            if diff.keys.iter().any(|state| &*state.key == key) {
                return heard;
            }
            heard.push(diff);
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

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

pub(crate) async fn changes_are_told_in_order_with_what_they_lead_to(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", LONG).await;
    let mut ear = Ear::to(&store).await;
    let lobby = lobby();
    write(&*store, "aaaa.1", &[put(&lobby, "ann", 1, "1")]).await;
    let first = ear.next().await;
    assert_eq!(first.topic, lobby);
    assert_eq!(first.keys, [state("ann", &["1"])]);

    let writes = [
        put(&lobby, "ann", 2, "2"),
        put(&Topic::Users, "ann", 2, "3"),
    ];
    write(&*store, "aaaa.1", &writes).await;
    let mut number = first.moment.number;
    for (topic, metas) in [(&lobby, &["1", "2"][..]), (&Topic::Users, &["3"])] {
        let mut diff = ear.next().await;
        number += 1;
        assert_eq!(diff.moment.number, number);
        assert_eq!(diff.moment.epoch, first.moment.epoch);
        assert_eq!(diff.topic, *topic);
        diff.keys.iter_mut().for_each(|key| key.metas.sort());
        assert_eq!(diff.keys, [state("ann", metas)]);
    }
    let page = store.page(&lobby, None, 1).await.unwrap();
    assert_eq!(page.moment.number, number, "read behind all of them");

    let gone = [remove(&lobby, "ann", 1), remove(&lobby, "ann", 2)];
    write(&*store, "aaaa.1", &gone).await;
    assert_eq!(ear.next().await.keys, [state("ann", &[])], "once");
}

pub(crate) async fn a_batch_that_changes_nothing_in_the_end_tells_it_once(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", LONG).await;
    let lobby = lobby();
    write(&*store, "aaaa.1", &[put(&lobby, "ann", 1, "1")]).await;
    let mut ear = Ear::to(&store).await;
    // Ann loads her page again.
    let reload = [put(&lobby, "ann", 2, "1"), remove(&lobby, "ann", 1)];
    write(&*store, "aaaa.1", &reload).await;
    assert_eq!(ear.next().await.keys, [state("ann", &["1"])]);
    // What is written again as it was is no change.
    write(&*store, "aaaa.1", &[put(&lobby, "ann", 2, "1")]).await;
    write(&*store, "aaaa.1", &[put(&lobby, "end", 9, "1")]).await;
    assert_eq!(ear.until("end").await, []);
}

pub(crate) async fn without_a_lease_nothing_is_written(store: Arc<dyn Store>) {
    let lobby = lobby();
    let ann = [put(&lobby, "ann", 1, "1")];
    assert!(!store.write("none.1", &ann).await.unwrap());
    let lost = store.renew(&lease("none.1", false, LONG)).await.unwrap();
    assert_eq!(lost, Renewal::Lost);
    take(&*store, "aaaa.1", SHORT).await;
    sleep(SHORT * 2).await;
    assert!(!store.write("aaaa.1", &ann).await.unwrap());
    for take in [false, true] {
        let lost = store.renew(&lease("aaaa.1", take, LONG)).await.unwrap();
        assert_eq!(lost, Renewal::Lost, "not even by its own node");
    }
    assert_eq!(store.count(&lobby).await.unwrap(), 0);
}

async fn reap_all(store: Arc<dyn Store>) -> Option<Duration> {
    loop {
        let Reaped { more, next } = store.reap().await.unwrap();
        if !more {
            return next;
        }
    }
}

pub(crate) async fn what_is_left_of_a_dead_node_goes_once(store: Arc<dyn Store>) {
    take(&*store, "dead.1", SHORT).await;
    take(&*store, "live.1", LONG).await;
    let lobby = lobby();
    let writes: Vec<_> = (0..1200)
        .map(|number| put(&lobby, &format!("user {number}"), number, "1"))
        .collect();
    write(&*store, "dead.1", &writes).await;
    write(&*store, "live.1", &[put(&lobby, "ann", 5000, "1")]).await;
    let mut ear = Ear::to(&store).await;
    let next = reap_all(Arc::clone(&store)).await.unwrap();
    assert!(next <= SHORT, "{next:?}");
    assert_eq!(store.count(&lobby).await.unwrap(), 1201, "too early");
    sleep(SHORT * 2).await;

    // Several nodes find it at the same time.
    let reapers: Vec<_> = (0..4)
        .map(|_| actix_web::rt::spawn(reap_all(Arc::clone(&store))))
        .collect();
    for reaper in reapers {
        let next = reaper.await.unwrap().unwrap();
        assert!(next > SHORT && next <= LONG, "{next:?}");
    }
    write(&*store, "live.1", &[put(&lobby, "end", 5001, "1")]).await;
    let heard = ear.until("end").await;
    let left: Vec<_> = heard.iter().flat_map(|diff| &diff.keys).collect();
    assert!(left.iter().all(|state| state.connections == 0));
    let keys: BTreeSet<_> = left.iter().map(|state| &state.key).collect();
    assert_eq!((left.len(), keys.len()), (1200, 1200), "each once");
    assert_eq!(store.count(&lobby).await.unwrap(), 2);
}

pub(crate) async fn a_node_that_comes_back_in_time_loses_nothing(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", SHORT).await;
    let lobby = lobby();
    let writes = [put(&lobby, "ann", 1, "1"), put(&lobby, "bob", 2, "1")];
    write(&*store, "aaaa.1", &writes).await;
    sleep(SHORT * 2).await;
    let mut ear = Ear::to(&store).await;
    take(&*store, "aaaa.2", LONG).await;
    write(&*store, "aaaa.2", &writes[..1]).await;
    reap_all(Arc::clone(&store)).await;
    write(&*store, "aaaa.2", &[put(&lobby, "end", 9, "1")]).await;
    let heard = ear.until("end").await;
    let heard: Vec<_> = heard.iter().flat_map(|diff| &diff.keys).collect();
    assert_eq!(heard, [&state("bob", &[])], "ann never went");
    let lease = lease("aaaa.2", false, LONG);
    assert_eq!(held(&*store, &lease).await, Some(2));
}

pub(crate) async fn a_lease_that_is_given_back_goes_at_once(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", LONG).await;
    let lobby = lobby();
    let writes: Vec<_> = (0..700)
        .map(|number| put(&lobby, "ann", number, "1"))
        .collect();
    write(&*store, "aaaa.1", &writes).await;
    store.release("aaaa.1").await.unwrap();
    assert_eq!(store.count(&lobby).await.unwrap(), 0);
    assert_eq!(store.nodes().await.unwrap(), []);
    assert!(!store.write("aaaa.1", &writes).await.unwrap());
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
        ago.unwrap_or_default() < SHORT
    };
    assert!(recent(store.last_seen("ann").await.unwrap()), "is online");
    write(&*store, "aaaa.1", &[remove(&Topic::Users, "ann", 2)]).await;
    let seen = store.last_seen("ann").await.unwrap();
    assert!(recent(seen));
    sleep(SHORT).await;
    assert_eq!(store.last_seen("ann").await.unwrap(), seen);
}

pub(crate) async fn living_nodes_are_listed(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", LONG).await;
    take(&*store, "bbbb.3", SHORT).await;
    let mut nodes = store.nodes().await.unwrap();
    nodes.sort_by(|one, other| one.id.cmp(&other.id));
    let listed: Vec<_> = nodes
        .iter()
        .map(|node| (&*node.id, node.connections))
        .collect();
    assert_eq!(listed, [("aaaa", 7), ("bbbb", 7)]);
    let ago = SystemTime::now().duration_since(nodes[0].started);
    assert!(ago.unwrap_or_default() < Duration::from_secs(5));
    sleep(SHORT * 2).await;
    let nodes = store.nodes().await.unwrap();
    assert_eq!(nodes.len(), 1, "reaped or not");
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
