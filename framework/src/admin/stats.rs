//! How a server is, in the page's words.

use std::cmp::Reverse;

use serde::Serialize;

use super::panel::Panel;
use crate::{
    namespace::Hub,
    shard::monitor::figures::{Counted, Figure},
};

/// The event that tells it, which other servers hear too.
pub(super) const STATS: &str = "server_stats";

/// Namespaces that are told: those that were registered, and the dynamic ones with most sockets.
/// Clients can make any number of those, and every server hears it every time.
const MAX_NAMESPACES: usize = 500;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServerStats<'a> {
    server_id: &'a str,
    hostname: &'a str,
    pid: u32,
    /// Seconds.
    uptime: f64,
    clients_count: u64,
    polling_clients_count: u64,
    aggregated_events: Vec<Aggregated>,
    namespaces: Vec<Sockets>,
}

/// What was counted in one second.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Aggregated {
    timestamp: u64,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_type: Option<&'static str>,
    count: u64,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
struct Sockets {
    name: String,
    sockets_count: usize,
}

impl<'a> ServerStats<'a> {
    /// Of this server, now. What was counted since the last time is counted from zero again.
    pub(super) fn of(panel: &'a Panel, hub: &Hub) -> Self {
        let core = &hub.core;
        let metrics = &core.node.metrics;
        let mut all = core.all_namespaces();
        if all.len() > MAX_NAMESPACES {
            // The page's own is registered: by that other servers know whether anyone looks.
            all.sort_by_cached_key(|it| (it.is_child(), Reverse(it.scope.sockets())));
            all.truncate(MAX_NAMESPACES);
        }
        let mut namespaces: Vec<_> = all
            .iter()
            .map(|namespace| Sockets {
                name: namespace.scope.name.to_string(),
                sockets_count: namespace.scope.sockets(),
            })
            .collect();
        namespaces.sort_unstable();
        let counted = panel.monitor.figures().take();
        Self {
            server_id: &panel.server_id,
            hostname: &panel.hostname,
            pid: std::process::id(),
            uptime: panel.begun.elapsed().as_secs_f64(),
            clients_count: metrics.connections.get(),
            polling_clients_count: metrics.polling_sessions.get(),
            aggregated_events: counted.into_iter().map(Aggregated::from).collect(),
            namespaces,
        }
    }
}

impl From<Counted> for Aggregated {
    fn from(counted: Counted) -> Self {
        let (kind, sub_type) = match counted.figure {
            Figure::RawConnection => ("rawConnection", None),
            Figure::RawDisconnection(reason) => ("rawDisconnection", Some(reason)),
            Figure::PacketsIn => ("packetsIn", None),
            Figure::BytesIn => ("bytesIn", None),
            Figure::PacketsOut => ("packetsOut", None),
            Figure::BytesOut => ("bytesOut", None),
        };
        Self {
            timestamp: counted.timestamp,
            kind,
            sub_type,
            count: counted.count,
        }
    }
}
