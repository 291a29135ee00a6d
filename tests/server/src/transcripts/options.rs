use std::time::Duration;

use roomcast::{Hub, HubBuilder};

use super::sessions::{Admin, Closed, Main, Watched};

/// The options and namespaces of a scenario.
pub(super) fn builder(scenario: &str) -> HubBuilder {
    let hub = Hub::builder();
    let hub = match scenario {
        "namespaces" => hub
            .namespace::<Admin>("/admin")
            .namespace::<Closed>("/plain"),
        "disconnects" => hub.namespace::<Watched>("/b"),
        "websocket edge cases" => hub
            .namespace::<Watched>("/two")
            .max_http_buffer_size(1_000),
        "heartbeat" => hub
            .ping_interval(Duration::from_millis(300))
            .ping_timeout(Duration::from_millis(200)),
        "connectTimeout" => hub.connect_timeout(Duration::from_millis(200)),
        "requests with a sid" => hub.max_http_buffer_size(1_000),
        _ => hub,
    };
    hub.namespace::<Main>("/")
}
