//! Samples of the chapter "Namespaces".

use roomcast::{BuildError, HubBuilder, NamespaceBuilder, Params, prelude::*};

#[derive(EventHandlers)]
#[handles()]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

#[derive(EventHandlers)]
#[handles()]
struct Admin;

impl Session for Admin {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

// ANCHOR: fixed
fn chat_and_admin() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<Chat>("/")
        .namespace::<Admin>("/admin")
        .build()
}
// ANCHOR_END: fixed

// ANCHOR: room
#[derive(EventHandlers)]
#[handles(Shout)]
struct Room;

/// What the name says: `/room-7` is `Place { id: 7 }`.
#[derive(Deserialize)]
struct Place {
    id: u32,
}

#[derive(Deserialize, Event)]
struct Shout(String);

#[derive(Serialize, Event)]
struct Shouted<'a>(&'a str);

impl Session for Room {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        let Place { id } = socket.params().parse()?;
        socket.emit(&Shouted(&format!("this is room {id}")))?;
        Ok(Self)
    }
}

impl Handle<Shout> for Room {
    async fn handle(&mut self, Shout(text): Shout, socket: &Socket) -> Result<(), Rejection> {
        socket.namespace().emit(&Shouted(&text))?;
        Ok(())
    }
}
// ANCHOR_END: room

// ANCHOR: pattern
fn rooms(hub: HubBuilder) -> HubBuilder {
    hub.dynamic_namespace::<Room>("/room-{id}")
}
// ANCHOR_END: pattern

#[derive(EventHandlers)]
#[handles()]
struct Tenant;

impl Session for Tenant {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

/// Stands for a database.
async fn exists(tenant: &str) -> Result<bool, Refusal> {
    Ok(tenant == "acme")
}

// ANCHOR: predicate
fn tenants(hub: HubBuilder) -> HubBuilder {
    let tenants = NamespaceBuilder::accepted_by::<Tenant>("tenants", async |name, _auth| {
        let Some(tenant) = name.strip_prefix("/tenant/") else {
            return Ok(None); // not ours
        };
        match exists(tenant).await? {
            true => Ok(Some(Params::from_iter([("tenant", tenant)]))),
            false => Err(Refusal::new("no such tenant")),
        }
    });
    hub.namespace_with(tenants)
}
// ANCHOR_END: predicate

// ANCHOR: parent
fn closing_time(hub: &Hub) -> Result<(), EmitError> {
    if let Some(rooms) = hub.parent("/room-{id}") {
        rooms.emit(&Shouted("we close in five minutes"))?;
        println!("told {} rooms", rooms.children().len());
    }
    if let Some(room) = hub.namespace("/room-7") {
        room.emit(&Shouted("you too, number seven"))?;
    }
    Ok(())
}
// ANCHOR_END: parent

pub(crate) fn add(to: HubBuilder) -> HubBuilder {
    tenants(rooms(to))
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use roomcast::testing::{TestClient, TestServer};

    async fn enter(server: &TestServer, name: &str) -> Result<TestClient, String> {
        let client = TestClient::builder(server).namespace(name).connect().await;
        client.map_err(|refused| refused.message)
    }

    #[actix_web::test]
    async fn only_what_is_registered_is_there() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(super::chat_and_admin()?);
        enter(&server, "/").await?;
        enter(&server, "/admin").await?;
        let refused = enter(&server, "/admin?x=1").await.err();
        assert_eq!(refused.as_deref(), Some("Invalid namespace"));
        Ok(())
    }

    #[actix_web::test]
    async fn rooms_come_into_being() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(crate::hub()?);
        let client = enter(&server, "/room-7").await?;
        assert_eq!(client.next().await.json(), r#"["this is room 7"]"#);
        client.emit_raw("shout", &["hi"]).await;
        assert_eq!(client.next().await.json(), r#"["hi"]"#);
        super::closing_time(server.hub())?;
        assert_eq!(
            client.next().await.json(),
            r#"["we close in five minutes"]"#
        );
        assert_eq!(client.next().await.json(), r#"["you too, number seven"]"#);
        Ok(())
    }

    #[actix_web::test]
    async fn tenants_are_looked_up() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(crate::hub()?);
        enter(&server, "/tenant/acme").await?;
        for (name, told) in [
            ("/tenant/umbrella", "no such tenant"),
            ("/room-x", "invalid namespace name: `x` is no u32"),
            ("/cellar", "Invalid namespace"),
        ] {
            assert_eq!(enter(&server, name).await.err().as_deref(), Some(told));
        }
        Ok(())
    }
}
