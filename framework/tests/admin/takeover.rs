//! The worker that tells the pages dies.

use actix::Arbiter;
use roomcast::{
    prelude::*,
    testing::{Frame, RawClient, TestClient, TestServer},
};
use tokio::time::timeout;

use crate::page::{Page, builder, open};
use crate::waiting::PATIENCE;

/// Ends its worker's thread.
#[derive(Serialize, Deserialize, Event)]
struct Die;

#[derive(EventHandlers)]
#[handles(Die)]
struct Mortal;

impl Session for Mortal {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Die> for Mortal {
    async fn handle(&mut self, Die: Die, _: &Socket) -> Result<(), Rejection> {
        Arbiter::current().stop();
        Ok(())
    }
}

/// A page that can end its own worker.
struct MortalPage(RawClient);

impl MortalPage {
    async fn open(server: &TestServer) -> Self {
        let mut page = Self(RawClient::open(server).await);
        page.0.send("40/admin,").await;
        page.until(r#"["all_sockets","#).await;
        page.0.send("40/mortal,").await;
        page.until("40/mortal,").await;
        page
    }

    async fn until(&mut self, part: &str) {
        let told = async {
            while !matches!(self.0.next().await, Frame::Text(text) if text.contains(part)) {}
        };
        let told = timeout(PATIENCE, told).await;
        assert!(told.is_ok(), "nothing with {part}");
    }

    async fn die(mut self) {
        self.0.send(r#"42/mortal,["die"]"#).await;
        // Behind what it was told before.
        let ended = async { while !matches!(self.0.next().await, Frame::Close(1006)) {} };
        timeout(PATIENCE, ended).await.expect("its end");
    }
}

/// A client that comes while a worker may be on its way to be replaced.
async fn enter(server: &TestServer, namespace: &str) -> TestClient {
    let entering = async {
        loop {
            let client = TestClient::builder(server).namespace(namespace);
            if let Ok(client) = client.connect().await {
                return client;
            }
        }
    };
    timeout(PATIENCE, entering).await.expect("a client in time")
}

/// One of the two workers tells the pages, and each of them dies.
#[actix_web::test]
async fn whichever_worker_dies_pages_are_told_of_its_sockets_and_of_all_that_comes() {
    let hub = builder(open()).namespace::<Mortal>("/mortal");
    let server = TestServer::builder(hub.build().unwrap()).workers(2).start();
    let mut watching = MortalPage::open(&server).await;
    let mut others = Vec::new();
    while server.hub().health().workers() < 2 {
        others.push(enter(&server, "/mortal").await);
    }
    let doomed = others.pop().expect("the first of the other worker");
    let id = doomed.id().to_string();
    doomed.emit(&Die).await;
    watching
        .until(&format!(r#"["socket_disconnected","/mortal","{id}""#))
        .await;
    let here = enter(&server, "/").await;
    here.emit_raw_with_ack("join", &["first"]).await;
    watching.until(r#"["room_joined","/","first""#).await;

    watching.die().await;
    let watching = Page(enter(&server, "/admin").await);
    let there = enter(&server, "/").await;
    there.emit_raw_with_ack("join", &["second"]).await;
    // Behind its own rooms and the guest's, which have the names of sockets.
    while watching.until("room_joined").await[2] != "second" {}
    // Figures, too, and not only those that it was told when it came.
    for _ in 0..2 {
        watching.until("server_stats").await;
    }
}
