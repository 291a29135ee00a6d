//! A cluster that takes its time to tell a page its sockets.

use std::{
    collections::HashSet,
    sync::{Mutex, mpsc},
    time::Duration,
};

use roomcast::{
    adapter::InProcess,
    prelude::*,
    testing::{TestClient, TestServer},
};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::page::{Page, builder, guest, open};
use crate::waiting::PATIENCE;

/// Blocks its thread.
#[derive(Deserialize, Event)]
struct Block;

type Blocked = Mutex<mpsc::Receiver<()>>;

#[derive(EventHandlers)]
#[handles(Block)]
struct Blocker;

impl Session for Blocker {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Block> for Blocker {
    async fn handle(&mut self, Block: Block, socket: &Socket) -> Result<(), Rejection> {
        socket.emit_raw("blocks", &())?;
        // What was emitted goes out first.
        tokio::task::yield_now().await;
        let _ = socket.state::<Blocked>().lock().unwrap().recv();
        Ok(())
    }
}

#[actix_web::test]
async fn a_socket_that_comes_meanwhile_is_on_the_page_in_the_end() {
    let cluster = InProcess::new();
    let (release, blocked) = mpsc::sync_channel::<()>(0);
    let watched = TestServer::start(builder(open()).adapter(cluster.clone()).build().unwrap());
    let slow = Hub::builder()
        .namespace::<Blocker>("/")
        .state(Mutex::new(blocked))
        .adapter(cluster.clone())
        .build()
        .unwrap();
    let slow = TestServer::builder(slow).workers(1).start();
    let blocker = TestClient::connect(&slow).await.unwrap();
    blocker.emit_raw("block", &()).await;
    assert_eq!(blocker.next().await.name(), "blocks");

    let page = Page::open(&watched).await;
    page.until("socket_connected").await;
    let late = guest(&watched).await;
    page.until("socket_connected").await;
    // So long that it is asked once more.
    sleep(Duration::from_millis(300)).await;
    drop(release);
    let all = page.until("all_sockets").await;
    let sockets = all[1].as_array().unwrap().iter();
    let mut shown: HashSet<_> = sockets.map(|socket| socket["id"].clone()).collect();
    let told = async {
        while !shown.contains(&json!(late.id())) {
            let told = page.until("socket_connected").await;
            shown.insert(told[1]["id"].clone());
        }
    };
    timeout(PATIENCE, told).await.expect("it is told again");
}
