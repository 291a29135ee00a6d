//! Figures with labels, and latencies, in seconds. They are only exported: nobody reads them here.
//!
//! Values of labels come from the application's code, never from clients: their number is bounded.

use metrics::{Gauge, Histogram, Unit, describe_gauge, describe_histogram, gauge, histogram};

const NAMESPACE_SOCKETS: &str = "roomcast_namespace_sockets";
const HANDLER_DURATION: &str = "roomcast_handler_duration_seconds";
const ACK_DURATION: &str = "roomcast_ack_duration_seconds";
const PUBLISH_DURATION: &str = "roomcast_cluster_publish_duration_seconds";
const DELIVERY_DURATION: &str = "roomcast_cluster_delivery_duration_seconds";
const WORKER_LAG: &str = "roomcast_worker_lag_seconds";

/// Sockets in a namespace, or in all dynamic namespaces of one pattern.
pub(crate) fn namespace_sockets(namespace: &str) -> Gauge {
    gauge!(NAMESPACE_SOCKETS, "namespace" => namespace.to_owned())
}

/// From the start of an event's handler to what it returned.
pub(crate) fn handler_duration(namespace: &str, event: &'static str) -> Histogram {
    histogram!(HANDLER_DURATION, "namespace" => namespace.to_owned(), "event" => event)
}

/// From an emit that asks for an ack to the answer of one client.
pub(super) fn ack_duration() -> Histogram {
    histogram!(ACK_DURATION)
}

/// From writing a message for other nodes, or a batch of entries of a stream, to the answer of Redis.
#[cfg(feature = "redis")]
pub(crate) fn publish_duration() -> Histogram {
    histogram!(PUBLISH_DURATION)
}

/// From handing a message over until the node itself hears it from Redis, as all others do: with streams its own
/// events, otherwise a message of its own once a second.
#[cfg(feature = "redis")]
pub(crate) fn delivery_duration() -> Histogram {
    histogram!(DELIVERY_DURATION)
}

/// How late a worker is with what is to run at a set time.
pub(crate) fn worker_lag(worker: u16) -> Histogram {
    histogram!(WORKER_LAG, "worker" => worker.to_string())
}

pub(super) fn describe() {
    describe_gauge!(
        NAMESPACE_SOCKETS,
        "Sockets connected to a namespace, or to the dynamic namespaces of a pattern."
    );
    for (name, help) in [
        (
            HANDLER_DURATION,
            "From the start of an event's handler to what it returned.",
        ),
        (
            ACK_DURATION,
            "From an emit that asks for an ack to the answer of one client.",
        ),
        (
            PUBLISH_DURATION,
            "From writing a message for other nodes to the answer of Redis.",
        ),
        (
            DELIVERY_DURATION,
            "From handing a message over until the node itself hears it from Redis, as all others do.",
        ),
        (
            WORKER_LAG,
            "How late a worker is with what is to run at a set time.",
        ),
    ] {
        describe_histogram!(name, Unit::Seconds, help);
    }
}
