//! Whether a client that comes back to its session passes the middleware of its namespace again.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::until;
use roomcast::{
    ConnectAuth, NamespaceBuilder, Recovery,
    prelude::*,
    testing::{Frame, RawClient, TestServer},
};
use serde::Deserialize;

/// How often the middleware was asked.
struct Asked(AtomicUsize);

#[derive(EventHandlers)]
#[handles()]
struct Guest;

impl Session for Guest {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        socket.emit_raw("hello", &())?;
        Ok(Self)
    }
}

async fn count(socket: &Socket, _: &ConnectAuth) -> Result<(), Refusal> {
    socket.state::<Asked>().0.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

#[derive(Deserialize)]
struct Reply {
    sid: String,
    pid: String,
}

/// What follows these characters in the next frame.
async fn after(client: &mut RawClient, start: &str) -> String {
    let frame = client.next().await;
    let Frame::Text(text) = &frame else {
        panic!("{frame:?}");
    };
    let rest = text.strip_prefix(start).map(ToString::to_string);
    rest.unwrap_or_else(|| panic!("{text} does not start with {start}"))
}

async fn reply(client: &mut RawClient) -> Reply {
    serde_json::from_str(&after(client, "40").await).expect("a reply")
}

#[actix_web::test]
async fn middleware_is_skipped_unless_the_hub_says_otherwise() {
    for (skip, asked) in [(true, 1), (false, 2)] {
        let guests = NamespaceBuilder::named::<Guest>("/").middleware(count);
        let hub = Hub::builder()
            .namespace_with(guests)
            .state(Asked(AtomicUsize::new(0)))
            .connection_state_recovery(Recovery::new().skip_middlewares(skip));
        let server = TestServer::start(hub.build().expect("a hub"));

        let mut client = RawClient::open(&server).await;
        client.send("40").await;
        let first = reply(&mut client).await;
        let rest = after(&mut client, r#"42["hello",""#).await;
        let offset = rest.trim_end_matches(r#""]"#);
        drop(client);
        let hub = server.hub();
        until("it is saved", || hub.stats().recovery_saved == 1).await;

        let mut client = RawClient::open(&server).await;
        let pid = &first.pid;
        client
            .send(&format!(r#"40{{"pid":"{pid}","offset":"{offset}"}}"#))
            .await;
        assert_eq!(reply(&mut client).await.sid, first.sid);
        let seen = hub.state::<Asked>().0.load(Ordering::Relaxed);
        assert_eq!(seen, asked, "skip_middlewares({skip})");
    }
}
