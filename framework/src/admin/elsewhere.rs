//! Whether the page is looked at on other nodes.
//!
//! Every node tells all pages, and thereby all nodes, how many sockets its namespaces have: the page's
//! own among them. So it is known within two seconds where pages are, Node's servers included, without
//! a message more. A page that has just come is noticed at once: its node asks for all sockets. A node that
//! has just joined takes it that there are pages until it must have heard of them.

use std::{collections::HashMap, time::Duration};

use serde::Deserialize;
use tokio::time::Instant;

/// After that long without figures a server counts as gone, as the page counts it.
const SILENCE: Duration = Duration::from_secs(10);

/// After someone asked for all sockets, and after joining: longer than it takes until every node has told
/// its figures.
const PATIENCE: Duration = Duration::from_secs(5);

/// Servers that are remembered.
const MAX_SERVERS: usize = 1024;

#[derive(Default)]
pub(super) struct Elsewhere {
    /// Servers with pages, and when they said so.
    servers: HashMap<String, Instant>,
    supposed: Option<Instant>,
}

/// What is read of the figures of another server.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    server_id: String,
    #[serde(default)]
    namespaces: Vec<Sockets>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sockets {
    name: String,
    sockets_count: u64,
}

/// What another server has said.
pub(super) struct Said {
    server: String,
    /// A page is connected there.
    visited: bool,
}

impl Said {
    /// Reads the figures that it has told with this array; `page` is the namespace of the page.
    pub(super) fn read(array: &str, page: &str) -> Option<Self> {
        let read = serde_json::from_str::<(serde::de::IgnoredAny, Stats)>(array);
        let (_, stats) = read.ok()?;
        let mut namespaces = stats.namespaces.iter();
        Some(Self {
            visited: namespaces.any(|it| it.name == page && it.sockets_count > 0),
            server: stats.server_id,
        })
    }
}

impl Elsewhere {
    pub(super) fn told(&mut self, Said { server, visited }: Said, now: Instant) {
        if !visited {
            self.servers.remove(&server);
        } else if self.servers.len() < MAX_SERVERS || self.servers.contains_key(&server) {
            self.servers.insert(server, now);
        }
    }

    /// Someone there asks for all sockets.
    pub(super) fn asked(&mut self, now: Instant) {
        self.supposed = Some(now);
    }

    /// This node has begun to hear others.
    pub(super) fn joined(&mut self, now: Instant) {
        self.supposed = Some(now);
    }

    pub(super) fn is_anyone(&mut self, now: Instant) -> bool {
        let fresh = |at: &Instant, time| now.saturating_duration_since(*at) < time;
        self.servers.retain(|_, at| fresh(at, SILENCE));
        self.supposed = self.supposed.filter(|at| fresh(at, PATIENCE));
        !self.servers.is_empty() || self.supposed.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(server: &str, pages: u64) -> Said {
        let array = format!(
            r#"["server_stats",{{"serverId":"{server}","hostname":"h","namespaces":[
                {{"name":"/","socketsCount":3}},{{"name":"/admin","socketsCount":{pages}}}]}}]"#
        );
        Said::read(&array, "/admin").expect("figures")
    }

    #[test]
    fn a_page_is_known_until_its_server_says_that_it_has_gone() {
        let (mut elsewhere, now) = (Elsewhere::default(), Instant::now());
        assert!(!elsewhere.is_anyone(now));
        elsewhere.told(said("a", 0), now);
        assert!(!elsewhere.is_anyone(now));
        elsewhere.told(said("a", 1), now);
        elsewhere.told(said("b", 1), now);
        elsewhere.told(said("b", 0), now);
        assert!(elsewhere.is_anyone(now));
        elsewhere.told(said("a", 0), now);
        assert!(!elsewhere.is_anyone(now));
    }

    #[test]
    fn a_server_that_says_nothing_more_is_forgotten() {
        let (mut elsewhere, now) = (Elsewhere::default(), Instant::now());
        elsewhere.told(said("a", 1), now);
        assert!(elsewhere.is_anyone(now + Duration::from_secs(9)));
        assert!(!elsewhere.is_anyone(now + SILENCE));
        for supposed in [Elsewhere::asked, Elsewhere::joined] {
            supposed(&mut elsewhere, now);
            assert!(elsewhere.is_anyone(now + Duration::from_secs(4)));
            assert!(!elsewhere.is_anyone(now + PATIENCE));
        }
    }

    #[test]
    fn what_is_no_figures_is_passed_over() {
        for array in [
            "",
            "[]",
            r#"["server_stats"]"#,
            r#"["server_stats",{}]"#,
            r#"["server_stats",7]"#,
        ] {
            assert!(Said::read(array, "/admin").is_none(), "{array}");
        }
    }

    #[test]
    fn no_more_servers_are_remembered_than_there_may_be() {
        let (mut elsewhere, now) = (Elsewhere::default(), Instant::now());
        for server in 0..10_000 {
            elsewhere.told(said(&server.to_string(), 1), now);
        }
        assert_eq!(elsewhere.servers.len(), MAX_SERVERS);
    }
}
