//! What a hub counts. Everything that is refused or dropped is counted here under a name that
//! says why.
//!
//! Each figure is kept twice: in an atomic that [`Hub::stats`](crate::Hub::stats) reads, and in
//! the [`metrics`] facade, for whichever exporter the application installed before it built the
//! hub.

mod by_reason;
mod counter;
mod gauge;
mod labelled;

use std::collections::BTreeMap;

use self::{by_reason::ByReason, counter::Counter, gauge::Gauge};

#[cfg(feature = "redis")]
pub(crate) use labelled::{delivery_duration, publish_duration};
pub(crate) use labelled::{handler_duration, namespace_sockets, worker_lag};

macro_rules! figures {
    (
        counters { $($(#[doc = $counter_doc:literal])* $counter:ident => $counter_name:literal,)* }
        gauges { $($(#[doc = $gauge_doc:literal])* $gauge:ident => $gauge_name:literal,)* }
        reasons { $($(#[doc = $reason_doc:literal])* $reason:ident => $reason_name:literal,)* }
    ) => {
        pub(crate) struct Metrics {
            $(pub(crate) $counter: Counter,)*
            $(pub(crate) $gauge: Gauge,)*
            $(pub(crate) $reason: ByReason,)*
            /// How long clients take to answer.
            pub(crate) ack_duration: metrics::Histogram,
        }

        impl Metrics {
            pub(crate) fn new() -> Self {
                labelled::describe();
                Self {
                    ack_duration: labelled::ack_duration(),
                    $($counter: Counter::new($counter_name, concat!($($counter_doc),*).trim_ascii_start()),)*
                    $($gauge: Gauge::new($gauge_name, concat!($($gauge_doc),*).trim_ascii_start()),)*
                    $($reason: ByReason::new($reason_name, concat!($($reason_doc),*).trim_ascii_start()),)*
                }
            }

            pub(crate) fn read(&self) -> Stats {
                Stats {
                    $($counter: self.$counter.get(),)*
                    $($gauge: self.$gauge.get(),)*
                    $($reason: self.$reason.get(),)*
                }
            }
        }

        /// What a hub has counted since it was built; from [`Hub::stats`](crate::Hub::stats). The
        /// same figures go to the `metrics` facade under the name each field gives.
        ///
        /// ```
        /// use roomcast::prelude::*;
        ///
        /// fn report(hub: &Hub) {
        ///     let stats = hub.stats();
        ///     println!("{} connections, {} rooms", stats.connections, stats.rooms);
        ///     println!("refused handshakes, by reason: {:?}", stats.refused_handshakes);
        /// }
        /// ```
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Stats {
            $($(#[doc = $counter_doc])* #[doc = concat!("\n\nExported as `", $counter_name, "`.")] pub $counter: u64,)*
            $($(#[doc = $gauge_doc])* #[doc = concat!("\n\nExported as `", $gauge_name, "`.")] pub $gauge: u64,)*
            $($(#[doc = $reason_doc])* #[doc = concat!("\n\nExported as `", $reason_name, "` with a label `reason`.")] pub $reason: BTreeMap<&'static str, u64>,)*
        }
    };
}

figures! {
    counters {
        /// Frames handed to outboxes: one per event and receiver.
        deliveries => "roomcast_deliveries_total",
        /// Events emitted, each counted once whatever the number of its receivers. This figure and the
        /// two that follow are brought up to date a few times a second.
        emitted => "roomcast_events_emitted_total",
        /// Bytes of frames handed to transports: over WebSocket what is written, without TLS. Over
        /// long-polling the same frames, before they are made an answer: without its HTTP, without the
        /// base64 of attachments, and not compressed.
        sent_bytes => "roomcast_sent_bytes_total",
        /// Bytes read from clients: over WebSocket with its framing, over long-polling the bodies.
        received_bytes => "roomcast_received_bytes_total",
        /// Events received and dispatched to a handler.
        events => "roomcast_events_total",
        /// Frames for connections that had gone, or went before they were written, and for sockets
        /// that were refused.
        dropped_closed => "roomcast_dropped_connection_closed_total",
        /// Events that a worker had taken, for whichever connections it has, and did not hand to all of them
        /// before it ended or panicked.
        dropped_worker_ended => "roomcast_dropped_worker_ended_total",
        /// Volatile events whose receiver's transport was not writable.
        dropped_volatile => "roomcast_dropped_volatile_total",
        /// Events that slow consumers did not get: `SlowConsumer::DropNewest`.
        dropped_newest => "roomcast_dropped_newest_total",
        /// Waiting events that made room for newer ones: `SlowConsumer::DropOldest`.
        dropped_oldest => "roomcast_dropped_oldest_total",
        /// Waiting events replaced by a newer one of the same key: `SlowConsumer::Latest`.
        replaced_latest => "roomcast_replaced_latest_total",
        /// Connections closed because they read too slowly: `SlowConsumer::Close`.
        closed_slow => "roomcast_closed_slow_consumer_total",
        /// Broadcasts that a worker with too much waiting did not take.
        refused_overloaded => "roomcast_refused_worker_overloaded_total",
        /// Events for clients that already owed as many acks as `max_pending_acks` allows.
        dropped_pending_acks => "roomcast_dropped_pending_acks_total",
        /// Joins of sockets that were in as many rooms as `max_rooms_per_socket` allows.
        refused_joins => "roomcast_joins_refused_total",
        /// Connections whose client sent nothing for `idle_timeout`.
        idle => "roomcast_idle_timeouts_total",
        /// Events that were still queued when their socket was disconnected, or that came after the server had
        /// disconnected it, or while its connection was being closed.
        dropped_disconnected => "roomcast_dropped_socket_disconnected_total",
        /// Events without a handler.
        unhandled => "roomcast_events_unhandled_total",
        /// Connections closed because they were in no namespace when `connect_timeout` had passed.
        connect_timeouts => "roomcast_connect_timeouts_total",
        /// Upgrades from long-polling that were not finished within `upgrade_timeout`.
        upgrade_timeouts => "roomcast_upgrade_timeouts_total",
        /// Times that a connection was not read any further because too much of it waited for a session:
        /// events (`max_queued_events`), their bytes, or sockets that leave.
        reads_paused => "roomcast_reads_paused_total",
        /// Acks that did not come in time: one for each client that was asked, is still there and has not
        /// answered. Of other nodes' clients also those that have gone: nobody tells.
        ack_timeouts => "roomcast_ack_timeouts_total",
        /// Panics caught in application code.
        panics => "roomcast_panics_total",
        /// Times that a worker was blocked for longer than `blocked_worker_after`.
        worker_blocks => "roomcast_worker_blocks_total",
        /// Acks that came too late, twice, or for nothing we sent.
        acks_ignored => "roomcast_acks_ignored_total",
        /// Connections cut because the peer did not finish the closing handshake in time.
        cut_closing => "roomcast_closing_timeouts_total",
        /// Sockets disconnected, or refused while they were connecting, because their time was over.
        expired => "roomcast_sockets_expired_total",
        /// Sessions kept because their connection was lost.
        recovery_saved => "roomcast_recovery_sessions_saved_total",
        /// Sessions that their clients came back to.
        recovery_restored => "roomcast_recovery_sessions_restored_total",
        /// Sessions that were not kept: they made room for newer ones (`Recovery::max_sessions`), or Redis did
        /// not take them.
        recovery_sessions_evicted => "roomcast_recovery_sessions_evicted_total",
        /// Kept events that made room for newer ones: `Recovery::max_log_bytes`.
        recovery_events_evicted => "roomcast_recovery_events_evicted_total",
        /// Messages given to the adapter for other nodes.
        cluster_published => "roomcast_cluster_published_total",
        /// Messages of other nodes.
        cluster_received => "roomcast_cluster_received_total",
        /// Messages of other nodes that were none, or not understood.
        cluster_malformed => "roomcast_cluster_malformed_total",
        /// Messages for other nodes of which it is not known whether they arrived: they were on their
        /// way to Redis when the connection broke.
        cluster_lost_in_flight => "roomcast_cluster_lost_in_flight_total",
        /// Messages for other nodes that may have arrived twice: what Redis had kept was trimmed before it
        /// was known whether they were there, and they were sent again.
        cluster_repeated => "roomcast_cluster_repeated_total",
        /// Messages of another node that has this node's `server_id`, which say just that: one a second.
        cluster_namesakes => "roomcast_cluster_namesakes_total",
        /// Times that the connection to the cluster was lost.
        cluster_disconnects => "roomcast_cluster_disconnects_total",
        /// Times that messages of other nodes were missed which should have come.
        cluster_gaps => "roomcast_cluster_gaps_total",
        /// Requests to other nodes that not all of them answered in time.
        cluster_requests_timed_out => "roomcast_cluster_requests_timed_out_total",
        /// Requests of other nodes that were not answered because too many were under way, or because this
        /// node may not have done what it was asked to confirm.
        cluster_requests_refused => "roomcast_cluster_requests_refused_total",
        /// Answers to other nodes that the adapter did not take, or for which a worker did not do its part in
        /// time.
        cluster_answers_lost => "roomcast_cluster_answers_lost_total",
        /// Answers of other nodes that came too late, or for nothing we asked.
        cluster_answers_ignored => "roomcast_cluster_answers_ignored_total",
        /// Times that this node's lease in the store of users and presence was over, or entries of it
        /// had been lost there: everything was written again.
        presence_leases_lost => "roomcast_presence_leases_lost_total",
    }
    gauges {
        /// Open transport sessions.
        connections => "roomcast_connections",
        /// Sessions on WebSocket, which is what an autoscaler counts.
        websocket_connections => "websocket_connections",
        /// Sessions on long-polling.
        polling_sessions => "roomcast_polling_sessions",
        /// Bytes that wait in outboxes, with what each frame costs besides them; brought up to date a few
        /// times a second.
        outbox_bytes => "roomcast_outbox_bytes",
        /// Sockets connected to a namespace.
        sockets => "roomcast_sockets",
        /// Rooms with members.
        rooms => "roomcast_rooms",
        /// Dynamic namespaces that exist.
        dynamic_namespaces => "roomcast_dynamic_namespaces",
        /// Sockets of this node that have a user, and tracked ones for each room.
        presence_entries => "roomcast_presence_entries",
        /// Rooms whose presence is watched on this node, by clients or the application; and the users
        /// of the hub, if they are.
        presence_watched => "roomcast_presence_watched",
        /// 1 since the hub has begun to drain.
        draining => "roomcast_draining",
        /// 1 while the adapter is connected.
        cluster_connected => "roomcast_cluster_connected",
        /// Bytes of messages for other nodes that wait to be sent to Redis, with streams also of those that it
        /// has not answered yet, with what each costs besides them; brought up to date a few times a second.
        cluster_outbox_bytes => "roomcast_cluster_outbox_bytes",
        /// How many connections the node takes: the option `max_connections`.
        max_connections => "roomcast_max_connections",
    }
    reasons {
        /// CONNECTs refused: by the application (`session`, `middleware`, `predicate`), because the `auth`
        /// does not fit its type (`auth`) or there is no such namespace (`unknown_namespace`), because the client's time was
        /// over (`expired`) or something went wrong (`panic`, `internal`), and by an option, under its name.
        refused_connects => "roomcast_connects_refused_total",
        /// CONNECTs refused because there were too many dynamic namespaces, by the option that says how many
        /// may be.
        refused_namespaces => "roomcast_namespaces_refused_total",
        /// Events whose payload did not fit (`payload`; `server_side` for those of other servers), or that a
        /// handler or a middleware refused (`handler`, `middleware`).
        rejected => "roomcast_events_rejected_total",
        /// Handshakes refused.
        refused_handshakes => "roomcast_handshakes_refused_total",
        /// Events with which a socket sent more than its rate allows, by the option that says so.
        rate_limited => "roomcast_events_rate_limited_total",
        /// Packets and frames refused. Each ends the connection it came from, but for a POST that is too
        /// large (`payload_too_large`), after which the session goes on.
        refused_packets => "roomcast_packets_refused_total",
        /// Clients that wanted to come back to a session and got a fresh one.
        recovery_refused => "roomcast_recovery_refused_total",
        /// Messages for other nodes that Redis did not get: they did not fit into the outbox, or it
        /// refused them.
        cluster_dropped => "roomcast_cluster_dropped_total",
        /// Sockets that were not bound to their user, not tracked, or not told of presence, by the option that
        /// says how many may be.
        presence_refused => "roomcast_presence_refused_total",
        /// What the store of users and presence did not do; it is tried again.
        presence_failed => "roomcast_presence_failed_total",
        /// Connections of a hub that drains, by how they ended: `closed`, `unanswered` where the client
        /// did not take the close in time, `cut` where something was broken off.
        drained => "roomcast_drained_connections_total",
        /// Logins of the admin page refused: a wrong password or a session that is not known
        /// (`credentials`), too many from one address (`rate`) or at one time (`busy`), the store of
        /// sessions was away (`store`), or there was no random id (`internal`).
        admin_logins_refused => "roomcast_admin_logins_refused_total",
        /// What the admin page was not told because too much waited for it: events, what became of
        /// sockets, what other nodes said; and events that pages of other nodes were not told (`cluster`).
        admin_dropped => "roomcast_admin_dropped_total",
        /// Sockets disconnected.
        disconnects => "roomcast_disconnects_total",
    }
}

impl Metrics {
    /// The sessions that are carried so.
    pub(crate) fn carriers(&self, polling: bool) -> &Gauge {
        match polling {
            true => &self.polling_sessions,
            false => &self.websocket_connections,
        }
    }

    /// How many messages for other nodes may not have reached them.
    pub(crate) fn cluster_losses(&self) -> u64 {
        self.cluster_dropped.total() + self.cluster_lost_in_flight.get()
    }
}
