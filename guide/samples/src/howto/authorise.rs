//! Samples of "Authorise each event".

use roomcast::{ConnectAuth, NamespaceBuilder, RawEvent, prelude::*};

// ANCHOR: events
#[derive(Deserialize, Event)]
#[event(ack = Vec<String>)]
struct Read;

#[derive(Deserialize, Event)]
struct Write(String);

#[derive(Deserialize, Event)]
struct Erase;
// ANCHOR_END: events

// ANCHOR: roles
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Guest,
    Writer,
    Owner,
}

/// The least that each event needs. What is not in here, nobody may.
const NEEDS: &[(&str, Role)] = &[
    (Read::NAME, Role::Guest),
    (Write::NAME, Role::Writer),
    (Erase::NAME, Role::Owner),
];

async fn authorise(event: &RawEvent, socket: &Socket) -> Result<(), Rejection> {
    let role = socket.extensions().get::<Role>().ok_or("who are you?")?;
    let needs = NEEDS.iter().find(|(name, _)| *name == event.name());
    match needs {
        Some((_, needed)) if *role >= *needed => Ok(()),
        _ => Err(Rejection::new("you may not")),
    }
}
// ANCHOR_END: roles

/// Stands for a token that is verified.
#[derive(Deserialize)]
struct Login {
    user: String,
    role: Role,
}

async fn authenticate(socket: &Socket, auth: &ConnectAuth) -> Result<(), Refusal> {
    let Login { role, .. } = auth.parse()?;
    socket.extensions().insert(role);
    Ok(())
}

// ANCHOR: builder
fn notes() -> NamespaceBuilder {
    NamespaceBuilder::named::<Notes>("/notes")
        .middleware(authenticate) // leaves the `Role` at the socket
        .event_middleware(authorise)
}
// ANCHOR_END: builder

// ANCHOR: changed
/// The user's sockets are to come back with the new role.
fn role_has_changed(hub: &Hub, user: &str) {
    if let Some(notes) = hub.namespace("/notes") {
        notes.user(user).disconnect(false); // under way, also to other nodes
    }
}
// ANCHOR_END: changed

#[derive(EventHandlers)]
#[handles(Read, Write, Erase)]
struct Notes {
    lines: Vec<String>,
}

impl Session for Notes {
    type Auth = Login;

    async fn connect(Login { user, .. }: Login, socket: &Socket) -> Result<Self, Refusal> {
        socket.bind_user(&user)?;
        Ok(Self { lines: Vec::new() })
    }
}

impl Handle<Read> for Notes {
    async fn handle(&mut self, _: Read, _: &Socket) -> Result<Vec<String>, Rejection> {
        Ok(self.lines.clone())
    }
}

impl Handle<Write> for Notes {
    async fn handle(&mut self, Write(line): Write, _: &Socket) -> Result<(), Rejection> {
        self.lines.push(line);
        Ok(())
    }
}

impl Handle<Erase> for Notes {
    async fn handle(&mut self, _: Erase, _: &Socket) -> Result<(), Rejection> {
        self.lines.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use roomcast::{
        BuildError,
        testing::{Disconnected, TestClient, TestServer},
    };
    use serde_json::json;

    use super::{Hub, notes, role_has_changed};

    fn start() -> Result<TestServer, BuildError> {
        Ok(TestServer::start(
            Hub::builder().namespace_with(notes()).build()?,
        ))
    }

    // ANCHOR: test
    #[actix_web::test]
    async fn each_role_may_what_it_needs_and_no_more() -> Result<(), Box<dyn Error>> {
        let server = start()?;
        for (role, may) in [
            ("guest", [true, false, false]),
            ("writer", [true, true, false]),
            ("owner", [true, true, true]),
        ] {
            let client = TestClient::builder(&server).namespace("/notes");
            let auth = json!({ "user": "ann", "role": role });
            let client = client.auth(&auth).connect().await?;
            for (event, may) in ["read", "write", "erase"].into_iter().zip(may) {
                let answer = client.emit_raw_with_ack(event, &["tea"]).await;
                assert_eq!(
                    !answer.json().contains("you may not"),
                    may,
                    "{role}: {event}"
                );
            }
            let unknown = client.emit_raw_with_ack("rename", &["tea"]).await;
            assert!(unknown.json().contains("you may not"), "{unknown}");
        }
        Ok(())
    }
    // ANCHOR_END: test

    #[actix_web::test]
    async fn who_has_another_role_is_disconnected_and_nobody_else() -> Result<(), Box<dyn Error>> {
        let server = start()?;
        let mut clients = Vec::new();
        for user in ["ann", "ben"] {
            let client = TestClient::builder(&server).namespace("/notes");
            let auth = json!({ "user": user, "role": "guest" });
            clients.push(client.auth(&auth).connect().await?);
        }
        role_has_changed(server.hub(), "ann");
        assert_eq!(clients[0].expect_disconnect().await, Disconnected::ByServer);
        assert!(clients[1].emit_raw_with_ack("read", &()).await.json() == "[[]]");
        Ok(())
    }
}
