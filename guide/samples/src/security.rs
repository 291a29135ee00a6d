//! Samples of the chapter "Security".

use std::{error::Error, time::Duration};

use actix_web::{HttpRequest, rt::time::timeout};
use roomcast::{
    BuildError, Cors, Excess, Forbidden, Handshake, NamespaceBuilder, Rate, TrustProxy, prelude::*,
};

/// Stands for a lookup in a database.
async fn is_member(key: &str) -> bool {
    key == "sesame"
}

// ANCHOR: allow
fn members_only<S: Session>() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<S>("/")
        .allow_request(async |handshake: &Handshake, _: &HttpRequest| {
            let key = handshake.header("x-key").unwrap_or_default();
            match timeout(Duration::from_secs(2), is_member(key)).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(Forbidden::new("members only")),
                Err(_) => Err(Forbidden::default()),
            }
        })
        .on_connection_error(|error| {
            let from = error.request().address();
            eprintln!(
                "{from:?} was refused: {} {:?}",
                error.message(),
                error.context()
            );
        })
        .build()
}
// ANCHOR_END: allow

// ANCHOR: origins
fn for_our_pages<S: Session>() -> Result<Hub, BuildError> {
    let ours = ["https://app.example", "https://admin.example"];
    Hub::builder()
        .namespace::<S>("/")
        .cors(Cors::new(ours).credentials(true))
        .check_origin(ours)
        .build()
}
// ANCHOR_END: origins

// ANCHOR: proxy
fn behind_a_proxy<S: Session>() -> Result<Hub, Box<dyn Error>> {
    let load_balancers = TrustProxy::networks(["10.0.0.0/8", "fd00::/8"])?;
    let hub = Hub::builder()
        .namespace::<S>("/")
        .trust_proxy(load_balancers)
        .build()?;
    Ok(hub)
}
// ANCHOR_END: proxy

// ANCHOR: often
fn for_so_many<S: Session>() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<S>("/")
        .max_connections(200_000)
        .max_connections_per_address(500)
        .handshake_rate(Rate::per_second(1_000).burst(5_000))
        .handshake_rate_per_address(Rate::per_second(5).burst(50))
        .build()
}
// ANCHOR_END: often

// ANCHOR: rates
/// Somebody writes.
#[derive(Deserialize, Event)]
struct Typing;

#[derive(Deserialize, Event)]
struct Upload(Binary);

fn not_too_much<S: Session>() -> Result<Hub, BuildError> {
    let chat = NamespaceBuilder::named::<S>("/")
        .event_rate_of::<Typing>(Rate::per_second(2))
        .byte_rate_of::<Upload>(Rate::per_minute(5 << 20))
        .excess(Excess::Drop);
    Hub::builder()
        .namespace_with(chat)
        .namespace::<S>("/admin")
        .event_rate(Rate::per_second(50).burst(200))
        .byte_rate(Rate::per_second(64 << 10).burst(1 << 20))
        .build()
}
// ANCHOR_END: rates

// ANCHOR: bundles
fn with_the_official_client<S: Session>() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<S>("/")
        .serve_client("node_modules/socket.io-client/dist")
        .build()
}
// ANCHOR_END: bundles

#[cfg(test)]
mod tests {
    use std::error::Error;

    use roomcast::testing::{TestClient, TestServer};

    use crate::listener::Listener;

    #[test]
    fn limits_are_set() {
        super::for_so_many::<Listener>().expect("a hub");
        super::not_too_much::<Listener>().expect("a hub");
    }

    #[actix_web::test]
    async fn members_come_in_and_others_do_not() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(super::members_only::<Listener>()?);
        let member = TestClient::builder(&server).header("X-Key", "sesame");
        member.connect().await?;
        match TestClient::connect(&server).await {
            Ok(_) => Err("a stranger was let in".into()),
            Err(refused) => {
                assert_eq!(refused.message, "members only");
                Ok(())
            }
        }
    }

    #[actix_web::test]
    async fn pages_of_ours_connect_and_others_do_not() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(super::for_our_pages::<Listener>()?);
        let from = |origin| TestClient::builder(&server).header("Origin", origin);
        from("https://app.example").connect().await?;
        let refused = from("https://evil.example").connect().await;
        assert_eq!(
            refused.err().map(|error| error.message).as_deref(),
            Some("Forbidden")
        );
        Ok(())
    }

    #[test]
    fn a_folder_without_the_client_is_noticed() {
        let built = super::with_the_official_client::<Listener>();
        assert!(matches!(built, Err(roomcast::BuildError::NoClient(_))));
    }

    #[test]
    fn the_networks_are_some() -> Result<(), Box<dyn Error>> {
        super::behind_a_proxy::<Listener>().map(drop)
    }
}
