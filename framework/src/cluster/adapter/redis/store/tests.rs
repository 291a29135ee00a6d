#![expect(clippy::unwrap_used, reason = "tests")]

use tokio::{sync::mpsc, time::timeout};

use super::{super::link_tests::redis::RedisServer, *};
use crate::cluster::{
    adapter::{Diff, Topic},
    presence::store_tests::contract,
};

/// Is told only that it hears.
struct Deaf(mpsc::Sender<()>);

impl Listener for Deaf {
    fn listening(&self) {
        let _ = self.0.try_send(());
    }

    fn changed(&self, _: Diff) {}
}

async fn listening(server: &RedisServer) -> (Arc<dyn Store>, mpsc::Receiver<()>) {
    let store = RedisStore::new(&LinkOptions::new(server.url()), &SharedState::new());
    let store: Arc<dyn Store> = Arc::new(store.unwrap());
    let (sender, mut ready) = mpsc::channel(1);
    actix_web::rt::spawn(Arc::clone(&store).listen(Arc::new(Deaf(sender))));
    ready.recv().await;
    (store, ready)
}

async fn redis() -> (Arc<dyn Store>, RedisServer) {
    let server = RedisServer::start();
    let (store, _) = listening(&server).await;
    (store, server)
}

contract!(redis);

/// Its connections live on, and what is written is refused.
#[actix_web::test]
async fn a_server_that_has_become_a_replica_is_left() {
    let (server, master) = (RedisServer::start(), RedisServer::start());
    let (store, mut ready) = listening(&server).await;
    server.command(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
    let lease = Lease {
        id: "aaaa.1".into(),
        take: true,
        time_to_live: Duration::from_secs(60),
        connections: 0,
    };
    assert!(store.renew(&lease).await.is_err());
    server.command(&["REPLICAOF", "NO", "ONE"]);
    let again = timeout(Duration::from_secs(30), ready.recv()).await;
    assert_eq!(again, Ok(Some(())));
    assert!(store.renew(&lease).await.is_ok());
}

/// What it knows may be older than what it was told, and so may be the numbers of changes.
#[actix_web::test]
async fn each_process_begins_another_epoch() {
    let mut server = RedisServer::start();
    let (store, mut ready) = listening(&server).await;
    let epoch = async || {
        store
            .page(&Topic::Users, None, 1)
            .await
            .unwrap()
            .moment
            .epoch
    };
    let first = epoch().await;
    let (_other, _) = listening(&server).await;
    assert_eq!(
        epoch().await,
        first,
        "another connection is not another process"
    );
    server.command(&["SAVE"]);
    server.restart();
    ready.recv().await;
    assert_ne!(epoch().await, first);
}

#[test]
fn nobody_waits_for_longer_than_others_believe_it() {
    let lease = Duration::from_millis(900);
    let (link, options) = (LinkOptions::new("redis://localhost/"), SharedState::new());
    let store = RedisStore::new(&link, &options.lease(lease)).unwrap();
    let mut backoff = store.backoff();
    assert!((0..50).all(|_| backoff.next() <= lease / 3));
}
