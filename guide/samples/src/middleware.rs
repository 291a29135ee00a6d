//! Samples of the chapter "Middleware and authentication".

use std::sync::atomic::{AtomicU32, Ordering};

// ANCHOR: authenticate
use roomcast::{ConnectAuth, HubBuilder, NamespaceBuilder, RawEvent, prelude::*};

/// Who the client is. The middleware leaves it at the socket.
struct User {
    name: String,
    may_write: bool,
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

async fn authenticate(socket: &Socket, auth: &ConnectAuth) -> Result<(), Refusal> {
    let login: Login = auth.parse()?;
    let users: &Users = socket.state();
    let Some(user) = users.by_token(&login.token).await else {
        return Err(Refusal::new("not authorized").with_data(&serde_json::json!({ "code": 401 })));
    };
    socket.extensions().insert(user);
    Ok(())
}
// ANCHOR_END: authenticate

/// Stands for a database.
struct Users;

impl Users {
    async fn by_token(&self, token: &str) -> Option<User> {
        let name = token.strip_prefix("user:")?.to_owned();
        let may_write = name == "ann";
        Some(User { name, may_write })
    }
}

// ANCHOR: session
#[derive(EventHandlers)]
#[handles(Append)]
struct Diary {
    user: String,
}

#[derive(Deserialize, Event)]
#[event(ack = String)]
struct Append(String);

impl Session for Diary {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        let user = socket.extensions().get::<User>().ok_or("nobody")?;
        Ok(Self {
            user: user.name.clone(),
        })
    }
}

impl Handle<Append> for Diary {
    async fn handle(&mut self, Append(text): Append, _: &Socket) -> Result<String, Rejection> {
        Ok(format!("{} wrote: {text}", self.user))
    }
}
// ANCHOR_END: session

// ANCHOR: events
async fn only_writers(event: &RawEvent, socket: &Socket) -> Result<(), Rejection> {
    let user = socket.extensions().get::<User>().ok_or("nobody")?;
    match event.name() {
        "append" if !user.may_write => Err(Rejection::new("you may only read")),
        _ => Ok(()),
    }
}

/// Counts the events of one socket.
#[derive(Default)]
struct Spent(AtomicU32);

async fn at_most_3(_: &RawEvent, socket: &Socket) -> Result<(), Rejection> {
    let extensions = socket.extensions();
    if extensions.get::<Spent>().is_none() {
        extensions.insert(Spent::default());
    }
    let spent = extensions.get::<Spent>().ok_or("not counted")?;
    match spent.0.fetch_add(1, Ordering::Relaxed) {
        0..3 => Ok(()),
        _ => Err(Rejection::new("that was enough")),
    }
}
// ANCHOR_END: events

// ANCHOR: builder
fn diary() -> NamespaceBuilder {
    NamespaceBuilder::named::<Diary>("/diary")
        .middleware(authenticate)
        .event_middleware(only_writers)
        .event_middleware(at_most_3)
}
// ANCHOR_END: builder

pub(crate) fn add(to: HubBuilder) -> HubBuilder {
    to.namespace_with(diary()).state(Users)
}

// ANCHOR: whole_connection
fn same_origin(origin: &'static str) -> impl AsyncFn(&Socket, &ConnectAuth) -> Result<(), Refusal> {
    async move |socket: &Socket, _: &ConnectAuth| match socket.handshake().header("origin") {
        Some(from) if from != origin => Err(Refusal::new("not from here")),
        _ => Ok(()),
    }
}
// ANCHOR_END: whole_connection

#[cfg(test)]
mod tests {
    use std::error::Error;

    use roomcast::{
        Hub,
        testing::{ConnectRefused, TestClient, TestServer},
    };
    use serde_json::json;

    async fn diary(server: &TestServer, token: &str) -> Result<TestClient, ConnectRefused> {
        let client = TestClient::builder(server).namespace("/diary");
        client.auth(&json!({ "token": token })).connect().await
    }

    #[actix_web::test]
    async fn the_door_and_the_events_are_watched() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(crate::hub()?);
        let refused = diary(&server, "eve").await.err().ok_or("let in")?;
        assert_eq!(refused.message, "not authorized");
        assert_eq!(refused.data, Some(json!({ "code": 401 })));

        let (ann, bob) = (
            diary(&server, "user:ann").await?,
            diary(&server, "user:bob").await?,
        );
        let append =
            async |client: &TestClient| client.emit_raw_with_ack("append", &["hi"]).await.json();
        for _ in 0..3 {
            assert_eq!(append(&ann).await, r#"["ann wrote: hi"]"#);
        }
        assert!(append(&ann).await.contains("that was enough"));
        assert!(append(&bob).await.contains("you may only read"));
        Ok(())
    }

    #[actix_web::test]
    async fn pages_of_others_are_turned_away() -> Result<(), Box<dyn Error>> {
        let hub = Hub::builder()
            .state(super::Users)
            .namespace_with(super::diary().middleware(super::same_origin("https://example.org")));
        let server = TestServer::start(hub.build()?);
        for (origin, welcome) in [
            ("https://example.org", true),
            ("https://evil.example", false),
        ] {
            let client = TestClient::builder(&server)
                .namespace("/diary")
                .auth(&json!({ "token": "user:ann" }))
                .header("origin", origin);
            assert_eq!(client.connect().await.is_ok(), welcome, "{origin}");
        }
        Ok(())
    }
}
