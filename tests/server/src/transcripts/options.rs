use std::time::Duration;

use actix_web::HttpRequest;
use roomcast::{
    Cookie, Cors, Forbidden, Handshake, Hub, HubBuilder, NamespaceBuilder, Params,
    PerMessageDeflate, Recovery, SameSite, parser::Msgpack,
};
use serde_json::json;

use super::{
    say,
    sessions::{Admin, Closed, Main, Watched},
};

/// The options and namespaces of a scenario. Its times are longer than those of the recording (`slower` in
/// `tests/e2e/transcript/recorded.mjs`).
pub(super) fn builder(scenario: &str) -> HubBuilder {
    let hub = Hub::builder();
    let hub = match scenario {
        "namespaces" => hub
            .namespace::<Admin>("/admin")
            .namespace::<Closed>("/plain")
            .namespace_with(numbered()),
        "msgpack parser" => hub.namespace::<Closed>("/no").parser(Msgpack),
        "disconnects" => hub.namespace::<Watched>("/b"),
        "websocket edge cases" => hub.namespace::<Watched>("/two").max_http_buffer_size(1_000),
        "heartbeat" => hub
            .ping_interval(Duration::from_secs(1))
            .ping_timeout(Duration::from_secs(2)),
        "connectTimeout" => hub.connect_timeout(Duration::from_secs(1)),
        "requests with a sid" => hub.max_http_buffer_size(1_000),
        "upgrade edge cases" => hub.upgrade_timeout(Duration::from_secs(3)),
        "connection state recovery" | "connection state recovery refused" => {
            hub.connection_state_recovery(Recovery::new())
        }
        "permessage-deflate" => hub.per_message_deflate(PerMessageDeflate::default()),
        "cookie" => hub.cookie(Cookie::default()),
        "cookie with options" => hub.cookie(
            Cookie::named("my-cookie")
                .http_only(false)
                .same_site(Some(SameSite::Strict))
                .max_age(Duration::from_secs(86_400)),
        ),
        "client files" => hub.serve_client("node_modules/socket.io/client-dist"),
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

/// `/^\/dynamic-\d+$/`.
fn numbered() -> NamespaceBuilder {
    NamespaceBuilder::accepted_by::<Watched>("dynamic", async |name, _| {
        let number = name.strip_prefix("/dynamic-").unwrap_or_default();
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        Ok(is_number.then(Params::default))
    })
}

async fn forbid(handshake: &Handshake, _: &HttpRequest) -> Result<(), Forbidden> {
    Err(match handshake.query().contains("msg") {
        true => Forbidden::new("not today"),
        false => Forbidden::default(),
    })
}
