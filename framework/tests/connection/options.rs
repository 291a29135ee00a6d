//! Options that cannot work: the hub is not built, and the error names the option and says what it may be.

mod complete;
mod contradictions;
mod redis;

use std::time::{Duration, SystemTime};

use roomcast::{
    BuildError, Cookie, Cors, HubBuilder, NamespaceBuilder, PerMessageDeflate, Rate,
    ReadinessPolicy, Recovery, SharedState, prelude::*,
};

#[derive(EventHandlers)]
#[handles()]
struct Visitor;

impl Session for Visitor {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

#[derive(Deserialize, Event)]
struct Typing;

const NOTHING: Duration = Duration::ZERO;
const TOO_SHORT: Duration = Duration::from_micros(999);
const EVER: Duration = Duration::MAX;

fn hub() -> HubBuilder {
    Hub::builder().namespace::<Visitor>("/")
}

fn refused(hub: HubBuilder) -> BuildError {
    match hub.build() {
        Err(error) => error,
        Ok(_) => panic!("it cannot work"),
    }
}

#[test]
fn a_number_of_zero_is_refused() {
    let recovery = |recovery| hub().connection_state_recovery(recovery);
    let shared = |state| hub().shared_state(state);
    let limited = |namespace| Hub::builder().namespace_with(namespace);
    let visitors = || NamespaceBuilder::named::<Visitor>("/");
    let none = Rate::per_second(0);
    for (option, hub) in [
        ("max_http_buffer_size", hub().max_http_buffer_size(0)),
        ("max_outbox_bytes", hub().max_outbox_bytes(0)),
        ("max_queued_events", hub().max_queued_events(0)),
        ("max_worker_backlog", hub().max_worker_backlog(0)),
        ("max_connections", hub().max_connections(0)),
        (
            "max_connections_per_address",
            hub().max_connections_per_address(0),
        ),
        ("max_rooms_per_socket", hub().max_rooms_per_socket(0)),
        ("max_sockets_per_user", hub().max_sockets_per_user(0)),
        ("max_pending_acks", hub().max_pending_acks(0)),
        ("blocked_worker_after", hub().blocked_worker_after(NOTHING)),
        ("unhealthy_after", hub().unhealthy_after(NOTHING)),
        ("handshake_rate", hub().handshake_rate(none)),
        (
            "handshake_rate",
            hub().handshake_rate(Rate::per_second(1).burst(0)),
        ),
        (
            "handshake_rate_per_address",
            hub().handshake_rate_per_address(none),
        ),
        ("event_rate", hub().event_rate(none)),
        ("byte_rate", hub().byte_rate(none)),
        ("event_rate", limited(visitors().event_rate(none))),
        ("byte_rate", limited(visitors().byte_rate(none))),
        (
            "event_rate_of",
            limited(visitors().event_rate_of::<Typing>(none)),
        ),
        (
            "byte_rate_of",
            limited(visitors().byte_rate_of::<Typing>(none)),
        ),
        (
            "max_disconnection_duration",
            recovery(Recovery::new().max_disconnection_duration(NOTHING)),
        ),
        ("max_log_bytes", recovery(Recovery::new().max_log_bytes(0))),
        ("max_sessions", recovery(Recovery::new().max_sessions(0))),
        (
            "max_dynamic_log_bytes",
            recovery(Recovery::new().max_dynamic_log_bytes(0)),
        ),
        (
            "max_dynamic_sessions",
            recovery(Recovery::new().max_dynamic_sessions(0)),
        ),
        ("prefix", shared(SharedState::new().prefix(""))),
        (
            "max_tracked_rooms",
            shared(SharedState::new().max_tracked_rooms(0)),
        ),
        (
            "max_watched_rooms",
            shared(SharedState::new().max_watched_rooms(0)),
        ),
        ("max_entries", shared(SharedState::new().max_entries(0))),
        (
            "max_meta_bytes",
            shared(SharedState::new().max_meta_bytes(0)),
        ),
        (
            "keep_last_seen",
            shared(SharedState::new().keep_last_seen(NOTHING)),
        ),
        ("cors", hub().cors(Cors::new(Vec::<String>::new()))),
        ("check_origin", hub().check_origin(Vec::<String>::new())),
    ] {
        let error = refused(hub);
        assert!(
            matches!(error, BuildError::Zero(named) if named == option),
            "{option}: {error}"
        );
        let text = format!("`{option}` must not be zero, or empty");
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn what_is_out_of_its_range_is_refused_with_the_range() {
    let deflate = PerMessageDeflate::default();
    let compressed = |options| hub().per_message_deflate(options);
    let lease = |lease| hub().shared_state(SharedState::new().lease(lease));
    let full_at = |percent| hub().readiness(ReadinessPolicy::new().full_at_percent(percent));
    let month = Duration::from_secs(30 * 24 * 3600);
    let beyond = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800);
    for (told, hub) in [
        (
            "`ping_interval` must be from 1 ms to 12 days",
            hub().ping_interval(NOTHING),
        ),
        (
            "`ping_interval` must be from 1 ms to 12 days",
            hub().ping_interval(month),
        ),
        (
            "`ping_timeout` must be from 1 ms to 12 days",
            hub().ping_timeout(TOO_SHORT),
        ),
        (
            "`ping_timeout` must be from 1 ms to 12 days",
            hub().ping_timeout(month),
        ),
        (
            "`connect_timeout` must be from 1 ms to 365 days",
            hub().connect_timeout(NOTHING),
        ),
        (
            "`connect_timeout` must be from 1 ms to 365 days",
            hub().connect_timeout(EVER),
        ),
        (
            "`close_timeout` must be from 1 ms to 365 days",
            hub().close_timeout(NOTHING),
        ),
        (
            "`close_timeout` must be from 1 ms to 365 days",
            hub().close_timeout(EVER),
        ),
        (
            "`upgrade_timeout` must be from 1 ms to 365 days",
            hub().upgrade_timeout(NOTHING),
        ),
        (
            "`ack_timeout` must be from 1 ms to 365 days",
            hub().ack_timeout(EVER),
        ),
        (
            "`requests_timeout` must be from 1 ms to 365 days",
            hub().requests_timeout(NOTHING),
        ),
        (
            "`idle_timeout` must be from 1 ms to 365 days",
            hub().idle_timeout(NOTHING),
        ),
        (
            "`idle_timeout` must be from 1 ms to 365 days",
            hub().idle_timeout(EVER),
        ),
        ("`level` must be from 0 to 9", compressed(deflate.level(10))),
        (
            "`memory_level` must be from 1 to 9",
            compressed(deflate.memory_level(0)),
        ),
        (
            "`server_max_window_bits` must be from 9 to 15",
            compressed(deflate.server_max_window_bits(8)),
        ),
        (
            "`client_max_window_bits` must be from 9 to 15",
            compressed(deflate.client_max_window_bits(16)),
        ),
        ("`lease` must be from 100 ms to a day", lease(TOO_SHORT)),
        ("`lease` must be from 100 ms to a day", lease(EVER)),
        ("`full_at_percent` must be from 1 to 100", full_at(0)),
        ("`full_at_percent` must be from 1 to 100", full_at(101)),
        (
            "`expires` must be in the years 1970 to 9999",
            hub().cookie(Cookie::default().expires(beyond)),
        ),
    ] {
        let error = refused(hub);
        assert!(matches!(error, BuildError::OutOfRange { .. }), "{error}");
        assert_eq!(error.to_string(), told);
    }
}

#[test]
fn what_cannot_be_mounted_written_or_compared_is_refused_with_its_option() {
    let odd = Cookie::named("a;b");
    for (told, hub) in [
        ("`path` must begin with `/`", hub().path("socket.io")),
        ("`path` must begin with `/`", hub().path("")),
        (
            "`server_id` must be 1 to 64 characters",
            hub().server_id("node 1"),
        ),
        (
            "`cookie` has `a;b`, which cannot stand",
            hub().cookie(odd.clone()),
        ),
        (
            "`affinity_cookie` has `a;b`, which cannot stand",
            hub().server_id("node-1").affinity_cookie(odd),
        ),
        (
            "`cors` has `GET\r`, which cannot stand",
            hub().cors(Cors::new("*").methods(["GET\r"])),
        ),
        (
            "`cors` has `x\0`, which cannot stand",
            hub().cors(Cors::new("*").allowed_headers(["x\0"])),
        ),
        (
            "`cors` has `x\n`, which cannot stand",
            hub().cors(Cors::new("*").exposed_headers(["x\n"])),
        ),
        (
            "`cors` has `https://app.example/`, which is not an origin",
            hub().cors(Cors::new("https://app.example/")),
        ),
        (
            "`cors` has `https://App.example`, which is not an origin",
            hub().cors(Cors::new(["https://App.example"])),
        ),
        (
            "`check_origin` has `https://app.example\n`, which is not an origin",
            hub().check_origin("https://app.example\n"),
        ),
        (
            "`check_origin` has `https://*.example`, which is not an origin",
            hub().check_origin(["https://*.example"]),
        ),
    ] {
        let error = refused(hub).to_string();
        assert!(error.starts_with(told), "{error}");
    }
}
