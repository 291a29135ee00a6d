//! Nodes, and what goes with them.

use std::{collections::BTreeSet, sync::Arc, time::SystemTime};

use tokio::time::sleep;

use super::{changes::Ear, *};
use crate::cluster::presence::store::Reaped;

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
    // As long as the writes may take on a busy machine.
    let while_writing = Duration::from_secs(4);
    take(&*store, "dead.1", while_writing).await;
    take(&*store, "live.1", LONG).await;
    let lobby = lobby();
    let writes: Vec<_> = (0..1200)
        .map(|number| put(&lobby, &format!("user {number}"), number, "1"))
        .collect();
    write(&*store, "dead.1", &writes).await;
    write(&*store, "live.1", &[put(&lobby, "ann", 5000, "1")]).await;
    let mut ear = Ear::to(&store).await;
    let next = reap_all(Arc::clone(&store)).await.unwrap();
    assert!(next <= while_writing, "{next:?}");
    assert_eq!(store.count(&lobby).await.unwrap(), 1201, "too early");
    sleep(next + SHORT).await;

    // Several nodes find it at the same time.
    let reapers: Vec<_> = (0..4)
        .map(|_| actix_web::rt::spawn(reap_all(Arc::clone(&store))))
        .collect();
    for reaper in reapers {
        let next = reaper.await.unwrap().unwrap();
        assert!(next > while_writing && next <= LONG, "{next:?}");
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
