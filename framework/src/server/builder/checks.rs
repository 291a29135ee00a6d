//! What the options must be, each for itself and all together, so that a hub can work.

use std::{ops::RangeInclusive, time::Duration};

use super::HubBuilder;
use crate::{config::Config, error::BuildError, server::cookie::Cookie};

const SHORTEST: Duration = Duration::from_millis(1);

/// Clients are told these in whole milliseconds, and wait for both together with a timer of 31 bits.
const OF_PINGS: (RangeInclusive<Duration>, &str) = (
    SHORTEST..=Duration::from_secs(12 * 24 * 3600),
    "from 1 ms to 12 days",
);

/// Beyond it nobody waits, and clocks come to their ends.
const OF_WAITS: (RangeInclusive<Duration>, &str) = (
    SHORTEST..=Duration::from_secs(365 * 24 * 3600),
    "from 1 ms to 365 days",
);

impl HubBuilder {
    /// # Errors
    /// The first option that is wrong, by its name.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let config = &self.config;
        check_times(config)?;
        check_numbers(config)?;
        for (option, rate) in [
            ("handshake_rate", config.handshake_rate),
            (
                "handshake_rate_per_address",
                config.handshake_rate_per_address,
            ),
        ] {
            rate.map_or(Ok(()), |rate| rate.validate(option))?;
        }
        if let Some(deflate) = &config.per_message_deflate {
            deflate.verify()?;
        }
        if let Some(recovery) = &config.connection_state_recovery {
            recovery.validate()?;
        }
        config.shared_state.validate()?;
        config.readiness.validate()?;
        if self.namespaces.is_empty() {
            return Err(BuildError::NoNamespace);
        }
        self.check_together()
    }

    /// What each for itself could be, and all together cannot.
    fn check_together(&self) -> Result<(), BuildError> {
        let (config, http) = (&self.config, &self.http);
        let is_dynamic = self.namespaces.iter().any(|it| it.is_dynamic());
        let (session, node) = (http.cookie.as_ref(), http.affinity_cookie.as_ref());
        let reports = config.blocked_worker_after != Duration::MAX;
        for (option, is_wrong, conflict) in [
            (
                "max_dynamic_namespaces",
                is_dynamic && config.max_dynamic_namespaces == 0,
                "must not be zero where there are dynamic namespaces",
            ),
            (
                "max_namespaces_per_connection",
                is_dynamic && config.max_namespaces_per_connection == 0,
                "must not be zero where there are dynamic namespaces",
            ),
            (
                "drain_timeout",
                config.drain_delay.saturating_add(config.drain_window) >= config.drain_timeout,
                "must be longer than `drain_delay` and `drain_window` together",
            ),
            (
                "unhealthy_after",
                reports && config.unhealthy_after < config.blocked_worker_after,
                "must not be less than `blocked_worker_after`",
            ),
            (
                "trust_proxy",
                http.trust_proxy
                    .as_ref()
                    .is_some_and(|it| it.trusts_nobody()),
                "must trust a proxy: with no hops, and no networks, it trusts none",
            ),
            (
                "cors",
                http.cors.as_ref().is_some_and(|cors| cors.is_ignored()),
                "must not have `credentials` for `*`, which browsers ignore: name the origins, or use `Origins::reflected`",
            ),
            (
                "cookie",
                session.is_some_and(Cookie::is_dropped),
                "must be `secure` with `SameSite::None`, or browsers drop it",
            ),
            (
                "affinity_cookie",
                node.is_some_and(Cookie::ends),
                "must not expire, since sessions need it to their end",
            ),
            (
                "affinity_cookie",
                node.is_some() && self.server_id.is_none(),
                "needs a `server_id`: no load balancer knows a node by a name that is new after each start",
            ),
            (
                "affinity_cookie",
                node.is_some_and(|node| session.is_some_and(|it| it.name() == node.name())),
                "must not have the name of `cookie`: one would replace the other",
            ),
        ] {
            if is_wrong {
                return Err(BuildError::Contradiction { option, conflict });
            }
        }
        Ok(())
    }
}

fn check_times(config: &Config) -> Result<(), BuildError> {
    let idle = config
        .idle_timeout
        .map(|time| ("idle_timeout", time, OF_WAITS));
    let all = [
        ("ping_interval", config.ping_interval, OF_PINGS),
        ("ping_timeout", config.ping_timeout, OF_PINGS),
        ("connect_timeout", config.connect_timeout, OF_WAITS),
        ("close_timeout", config.close_timeout, OF_WAITS),
        ("drain_timeout", config.drain_timeout, OF_WAITS),
        ("upgrade_timeout", config.upgrade_timeout, OF_WAITS),
        ("ack_timeout", config.ack_timeout, OF_WAITS),
        ("requests_timeout", config.requests_timeout, OF_WAITS),
    ];
    for (option, time, (range, allowed)) in all.into_iter().chain(idle) {
        if !range.contains(&time) {
            return Err(BuildError::OutOfRange { option, allowed });
        }
    }
    Ok(())
}

fn check_numbers(config: &Config) -> Result<(), BuildError> {
    for (option, is_zero) in [
        ("max_http_buffer_size", config.max_http_buffer_size == 0),
        ("max_outbox_bytes", config.max_outbox_bytes == 0),
        ("max_queued_events", config.max_queued_events == 0),
        ("max_worker_backlog", config.max_worker_backlog == 0),
        ("max_rooms_per_socket", config.max_rooms_per_socket == 0),
        ("max_pending_acks", config.max_pending_acks == 0),
        ("max_connections", config.max_connections == 0),
        (
            "max_connections_per_address",
            config.max_connections_per_address == Some(0),
        ),
        (
            "max_sockets_per_user",
            config.max_sockets_per_user == Some(0),
        ),
        (
            "blocked_worker_after",
            config.blocked_worker_after.is_zero(),
        ),
        ("unhealthy_after", config.unhealthy_after.is_zero()),
    ] {
        if is_zero {
            return Err(BuildError::Zero(option));
        }
    }
    Ok(())
}
