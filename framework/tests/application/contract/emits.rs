//! A session that declares what it emits emits just that, by every way that it is given. That others
//! do not compile, the derive's own tests hold.

use roomcast::{
    Incoming, Namespace, RawEvent, RawReply, TypedBroadcast,
    prelude::*,
    testing::{TestClient, TestServer},
};

#[derive(Serialize, Deserialize, Event)]
struct Say(String);

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct Said(String);

#[derive(Serialize, Deserialize, Event)]
#[event(ack = String)]
struct WhoAreYou;

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct Greeted(Vec<String>);

#[derive(EventHandlers)]
#[handles(Say)]
#[emits(Said, WhoAreYou, Greeted)]
struct Chat;

impl Session for Chat {
    type Auth = ();

    async fn connect((): (), socket: &TypedSocket<Self>) -> Result<Self, Refusal> {
        socket.join("lobby")?;
        socket.emit(&Said("welcome".into()))?;
        Ok(Self)
    }

    fn any(&mut self, event: &Incoming<'_>, socket: &TypedSocket<Self>) {
        let heard = format!("heard {}", event.name());
        let _ = socket.volatile().compress(false).emit(&Said(heard));
    }

    async fn unhandled(
        &mut self,
        event: RawEvent,
        socket: &TypedSocket<Self>,
    ) -> Result<Option<RawReply>, Rejection> {
        let name = socket.emit_with_ack(&WhoAreYou).await?;
        socket.untyped().emit_raw(event.name(), &(name,))?;
        Ok(None)
    }

    fn rejected(&mut self, _: &str, reason: &Rejection, socket: &TypedSocket<Self>) -> Reply {
        let _ = socket.emit(&Said(reason.message().into()));
        Reply::None
    }

    fn disconnecting(&mut self, socket: &TypedSocket<Self>, _: DisconnectReason) {
        let _ = socket.broadcast().emit(&Said("gone".into()));
    }
}

impl Handle<Say> for Chat {
    async fn handle(&mut self, say: Say, socket: &TypedSocket<Self>) -> Result<(), Rejection> {
        if say.0.is_empty() {
            return Err("nothing said".into());
        }
        socket.to("lobby").except("bots").emit(&Said(say.0))?;
        let everyone = socket.namespace().everyone();
        actix_web::rt::spawn(greet(everyone));
        Ok(())
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct Wished(String);

/// Wishes something to everybody, to each of its rooms and to each of its users, and to nobody alone.
#[derive(EventHandlers)]
#[handles(Say)]
#[broadcasts(Wished, WhoAreYou)]
struct Wishes;

impl Session for Wishes {
    type Auth = ();

    async fn connect((): (), socket: &TypedSocket<Self>) -> Result<Self, Refusal> {
        socket.join("lobby")?;
        socket.bind_user("ann")?;
        Ok(Self)
    }
}

impl Handle<Say> for Wishes {
    async fn handle(&mut self, say: Say, socket: &TypedSocket<Self>) -> Result<(), Rejection> {
        let namespace = socket.namespace();
        let wish = |to: &str| Wished(format!("{} {to}", say.0));
        socket.to("lobby").emit(&wish("to others"))?;
        socket.broadcast().volatile().emit(&wish("to all others"))?;
        namespace.emit(&wish("to all"))?;
        namespace.to("lobby").emit(&wish("to the room"))?;
        namespace.user("ann").emit(&wish("to the user"))?;
        socket.untyped().emit(&wish("to one"))?;
        Ok(())
    }
}

#[actix_web::test]
async fn what_is_declared_as_broadcast_goes_to_rooms_namespaces_and_users() {
    let hub = Hub::builder().namespace::<Wishes>("/").build().unwrap();
    let server = TestServer::start(hub.clone());
    let ada = TestClient::connect(&server).await.unwrap();
    let bob = TestClient::connect(&server).await.unwrap();
    ada.emit(&Say("hello".into())).await;
    for to in [
        "to others",
        "to all others",
        "to all",
        "to the room",
        "to the user",
    ] {
        assert_eq!(bob.expect::<Wished>().await, Wished(format!("hello {to}")));
    }
    for to in ["to all", "to the room", "to the user", "to one"] {
        assert_eq!(ada.expect::<Wished>().await, Wished(format!("hello {to}")));
    }
    for (client, name) in [(&ada, "Ada"), (&bob, "Bob")] {
        client.answer(move |_: WhoAreYou| name.to_owned());
    }
    let everyone = hub.to("lobby").typed::<Wishes>();
    let mut names = everyone
        .emit_with_ack(&WhoAreYou)
        .await
        .unwrap()
        .into_values();
    names.sort();
    assert_eq!(names, ["Ada", "Bob"]);
}

async fn greet(everyone: TypedBroadcast<'static, Chat>) -> Result<(), EmitError> {
    let names = everyone.emit_with_ack(&WhoAreYou).await?.into_values();
    everyone.clone().emit(&Greeted(names))
}

async fn client(server: &TestServer, name: &'static str) -> TestClient {
    let client = TestClient::connect(server).await.unwrap();
    client.answer(move |_: WhoAreYou| name.to_owned());
    assert_eq!(client.expect::<Said>().await, said("welcome"));
    client
}

fn said(text: &str) -> Said {
    Said(text.into())
}

#[actix_web::test]
async fn a_session_is_given_a_socket_that_emits_what_it_declares() {
    let hub = Hub::builder().namespace::<Chat>("/").build().unwrap();
    let server = TestServer::start(hub.clone());
    let ada = client(&server, "Ada").await;
    let bob = client(&server, "Bob").await;

    ada.emit(&Say("hello".into())).await;
    assert_eq!(ada.expect::<Said>().await, said("heard say"));
    assert_eq!(bob.expect::<Said>().await, said("hello"));
    for client in [&ada, &bob] {
        let Greeted(mut names) = client.expect().await;
        names.sort();
        assert_eq!(names, ["Ada", "Bob"]);
    }

    ada.emit(&Say(String::new())).await;
    assert_eq!(ada.expect::<Said>().await, said("heard say"));
    assert_eq!(ada.expect::<Said>().await, said("nothing said"));

    ada.emit_raw("undeclared", &()).await;
    assert_eq!(ada.expect::<Said>().await, said("heard undeclared"));
    assert_eq!(ada.next().await.json(), r#"["Ada"]"#);

    let chat = hub.namespace("/").map(Namespace::typed::<Chat>).unwrap();
    chat.to("lobby").emit(&said("to all")).unwrap();
    hub.to("lobby")
        .typed::<Chat>()
        .emit(&said("again"))
        .unwrap();
    ada.disconnect().await;
    for text in ["to all", "again", "gone"] {
        assert_eq!(bob.expect::<Said>().await, said(text));
    }
}
