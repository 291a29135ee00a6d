use roomcast::Hub;
use serde_json::{Value as Json, json};

/// What the hub counts of the cluster.
pub(super) fn of(hub: &Hub) -> Json {
    let stats = hub.stats();
    json!({
        "cluster_connected": stats.cluster_connected,
        "cluster_disconnects": stats.cluster_disconnects,
        "cluster_dropped": stats.cluster_dropped,
        "cluster_gaps": stats.cluster_gaps,
        "cluster_lost_in_flight": stats.cluster_lost_in_flight,
        "cluster_published": stats.cluster_published,
        "cluster_received": stats.cluster_received,
    })
}
