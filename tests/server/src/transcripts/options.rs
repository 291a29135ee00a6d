use std::time::Duration;

use actix_web::HttpRequest;
use roomcast::{Cors, Forbidden, Handshake, Hub, HubBuilder};
use serde_json::json;

use super::{
    say,
    sessions::{Admin, Closed, Main, Watched},
};

/// The options and namespaces of a scenario.
pub(super) fn builder(scenario: &str) -> HubBuilder {
    let hub = Hub::builder();
    let hub = match scenario {
        "namespaces" => hub
            .namespace::<Admin>("/admin")
            .namespace::<Closed>("/plain"),
        "disconnects" => hub.namespace::<Watched>("/b"),
        "websocket edge cases" => hub.namespace::<Watched>("/two").max_http_buffer_size(1_000),
        "heartbeat" => hub
            .ping_interval(Duration::from_millis(300))
            .ping_timeout(Duration::from_millis(200)),
        "connectTimeout" => hub.connect_timeout(Duration::from_millis(200)),
        "requests with a sid" => hub.max_http_buffer_size(1_000),
        "upgrade edge cases" => hub.upgrade_timeout(Duration::from_millis(400)),
        "cors" => hub.cors(Cors::new("http://allowed.example").credentials(true)),
        "cors star" => hub.cors(Cors::new("*")),
        "allowRequest" => hub.allow_request(forbid),
        _ => hub,
    };
    hub.namespace::<Main>("/").on_connection_error(|error| {
        say(
            "engine connection_error",
            &json!([error.code(), error.message()]),
        );
    })
}

async fn forbid(handshake: &Handshake, _: &HttpRequest) -> Result<(), Forbidden> {
    Err(match handshake.query().contains("msg") {
        true => Forbidden::new("not today"),
        false => Forbidden::default(),
    })
}
