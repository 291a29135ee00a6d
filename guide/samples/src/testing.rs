//! Samples of the chapter "Testing your application".

// ANCHOR: application
use roomcast::{BuildError, prelude::*};

#[derive(Serialize, Deserialize, Event)]
#[event(ack = usize)]
struct Say {
    text: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
struct Said {
    from: String,
    text: String,
}

#[derive(Serialize, Deserialize)]
struct Login {
    nick: String,
}

#[derive(EventHandlers)]
#[handles(Say)]
struct Chat {
    nick: String,
    said: usize,
}

impl Session for Chat {
    type Auth = Login;

    async fn connect(Login { nick }: Login, _: &Socket) -> Result<Self, Refusal> {
        if nick.is_empty() {
            return Err(Refusal::new("no nick name"));
        }
        Ok(Self { nick, said: 0 })
    }
}

impl Handle<Say> for Chat {
    async fn handle(&mut self, Say { text }: Say, socket: &Socket) -> Result<usize, Rejection> {
        let from = self.nick.clone();
        socket.broadcast().emit(&Said { from, text })?;
        self.said += 1;
        Ok(self.said)
    }
}

fn hub() -> Result<Hub, BuildError> {
    Hub::builder().namespace::<Chat>("/").build()
}
// ANCHOR_END: application

// ANCHOR: helper
use roomcast::testing::{ConnectRefused, TestClient, TestServer};

async fn enter(server: &TestServer, nick: &str) -> Result<TestClient, ConnectRefused> {
    let login = Login {
        nick: nick.to_owned(),
    };
    TestClient::builder(server).auth(&login).connect().await
}
// ANCHOR_END: helper

// ANCHOR: test
#[actix_web::test]
async fn everyone_else_hears_what_is_said() -> Result<(), Box<dyn std::error::Error>> {
    let server = TestServer::start(hub()?);
    let ann = enter(&server, "ann").await?;
    let bob = enter(&server, "bob").await?;

    let say = Say {
        text: "hi".to_owned(),
    };
    assert_eq!(ann.emit_with_ack(&say).await, 1);

    let expected = Said {
        from: "ann".to_owned(),
        text: "hi".to_owned(),
    };
    assert_eq!(bob.expect::<Said>().await, expected);
    Ok(())
}
// ANCHOR_END: test

// ANCHOR: nothing
#[actix_web::test]
async fn the_speaker_does_not_hear_itself() -> Result<(), Box<dyn std::error::Error>> {
    let server = TestServer::start(hub()?);
    let ann = enter(&server, "ann").await?;
    ann.emit_with_ack(&Say {
        text: "hi".to_owned(),
    })
    .await;

    ann.sync().await;
    assert_eq!(ann.pending(), []);
    Ok(())
}
// ANCHOR_END: nothing

// ANCHOR: refused
#[actix_web::test]
async fn who_has_no_name_is_refused() -> Result<(), Box<dyn std::error::Error>> {
    let server = TestServer::start(hub()?);
    let refused = enter(&server, "").await.err().ok_or("was let in")?;
    assert_eq!(refused.message, "no nick name");
    assert_eq!(server.hub().stats().sockets, 0);
    Ok(())
}
// ANCHOR_END: refused

// ANCHOR: virtual
use std::time::Duration;

use roomcast::testing::{Faults, VirtualCluster, for_each_seed};

#[test]
fn the_others_talk_on_when_a_node_dies_and_its_users_come_back() {
    for_each_seed(0..20, |_| what_if_a_node_dies());
}

async fn what_if_a_node_dies() -> Result<(), Box<dyn std::error::Error>> {
    let ms = Duration::from_millis;
    let faults = Faults::new()
        .delay(ms(1)..ms(80))
        .client_delay(ms(5)..ms(200));
    let cluster = VirtualCluster::builder(|_| Hub::builder().namespace::<Chat>("/"))
        .nodes(3)
        .faults(faults)
        .start()
        .await;
    let enter = |node, nick: &str| {
        let nick = nick.to_owned();
        cluster.client(node).auth(&Login { nick }).connect()
    };
    let (ann, bob, eve) = (
        enter(0, "ann").await?,
        enter(1, "bob").await?,
        enter(2, "eve").await?,
    );

    cluster.crash(1);
    bob.expect_disconnect().await;

    let text = "is anyone there?".to_owned();
    ann.emit_with_ack(&Say { text: text.clone() }).await;
    let from = "ann".to_owned();
    assert_eq!(eve.expect::<Said>().await, Said { from, text });

    cluster.note("bob comes back, to another node");
    let bob = enter(2, "bob").await?;
    let text = "it is me again".to_owned();
    bob.emit_with_ack(&Say { text: text.clone() }).await;
    let from = "bob".to_owned();
    assert_eq!(ann.expect::<Said>().await, Said { from, text });
    assert_eq!(cluster.report().crashes, 1);
    Ok(())
}
// ANCHOR_END: virtual
