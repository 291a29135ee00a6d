#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::SystemTime;

use futures_util::FutureExt;
use tokio::time::sleep;

use super::*;
use crate::cluster::{
    adapter::AdapterFuture,
    presence::{
        keeper,
        store::{Entry, Listener, NodeInfo, Page, Reaped, Renewal, StoreResult, Write},
    },
};

/// A node called `node-1` that has just been started.
fn life() -> Arc<Registrar> {
    let metrics = Arc::new(Metrics::new());
    Registrar::open(&Arc::from("node-1"), &Config::default(), None, &metrics)
}

#[test]
fn each_life_of_a_node_has_leases_of_its_own() {
    let (former, now) = (life(), life());
    assert_ne!(former.lease(true).id, now.lease(true).id);
    assert_ne!(now.lease(true).id, now.next_lease().id);
}

#[tokio::test]
async fn who_closes_again_waits_for_the_same() {
    for released in [true, false] {
        let registrar = life();
        // Some worker runs the connection to the store.
        registrar.claimed.store(true, Ordering::Release);
        let until = Instant::now() + PATIENCE;
        for _ in 0..2 {
            let dropped = registrar.close(until).now_or_never();
            assert_eq!(dropped, None);
        }
        registrar.has_left(released);
        for _ in 0..2 {
            assert_eq!(registrar.close(until).await, released);
        }
    }
}

/// Takes its time to write, and meanwhile there is always something new.
struct Busy {
    memory: Arc<Memory>,
    registrar: OnceLock<Weak<Registrar>>,
}

impl Busy {
    fn come(registrar: &Registrar, said: Instant) {
        let socket = "socket-number-000001".parse().unwrap();
        let meta = format!("{:?}", format!("{said:?}"));
        let mut entries = registrar.entries();
        entries.put(socket, &Topic::Users, &"ann".into(), &meta.into());
    }
}

impl Store for Busy {
    fn write<'a>(&'a self, lease: &'a str, writes: &'a [Write]) -> StoreResult<'a, bool> {
        Box::pin(async move {
            sleep(Duration::from_millis(20)).await;
            Self::come(
                &self.registrar.get().unwrap().upgrade().unwrap(),
                Instant::now(),
            );
            self.memory.write(lease, writes).await
        })
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, Renewal> {
        self.memory.renew(lease)
    }

    fn reap(&self) -> StoreResult<'_, Reaped> {
        self.memory.reap()
    }

    fn release<'a>(&'a self, lease: &'a str) -> StoreResult<'a, ()> {
        self.memory.release(lease)
    }

    fn page<'a>(
        &'a self,
        topic: &'a Topic,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Page> {
        self.memory.page(topic, after, limit)
    }

    fn count<'a>(&'a self, topic: &'a Topic) -> StoreResult<'a, usize> {
        self.memory.count(topic)
    }

    fn entries<'a>(&'a self, topic: &'a Topic, key: &'a str) -> StoreResult<'a, Vec<Entry>> {
        self.memory.entries(topic, key)
    }

    fn last_seen<'a>(&'a self, user: &'a str) -> StoreResult<'a, Option<SystemTime>> {
        self.memory.last_seen(user)
    }

    fn nodes(&self) -> StoreResult<'_, Vec<NodeInfo>> {
        self.memory.nodes()
    }

    fn listen(self: Arc<Self>, listener: Arc<dyn Listener>) -> AdapterFuture<'static, ()> {
        Arc::clone(&self.memory).listen(listener)
    }
}

#[actix_web::test]
async fn who_waits_for_a_change_does_not_wait_for_those_that_come_later() {
    tokio::time::pause();
    let store = Arc::new(Busy {
        memory: Arc::new(Memory::new(Duration::ZERO)),
        registrar: OnceLock::new(),
    });
    let metrics = Arc::new(Metrics::new());
    let limits = Limits {
        entries: 10,
        rooms: 10,
        sockets_per_user: None,
    };
    // Not renewed for longer than a question waits.
    let options = SharedState::new().lease(PATIENCE * 6);
    let registrar = Registrar::new(
        &Arc::from("node-1"),
        options,
        Arc::clone(&store) as _,
        true,
        Entries::new(limits, &metrics),
        &metrics,
    );
    store.registrar.set(Arc::downgrade(&registrar)).unwrap();
    Busy::come(&registrar, Instant::now());
    registrar.needed.store(true, Ordering::Release);
    keeper::run_here(&registrar);
    for _ in 0..3 {
        registrar.settled().await.unwrap();
    }
    let asked = Instant::now();
    registrar.checked().await.unwrap();
    assert!(asked.elapsed() < PATIENCE, "nor does what is to be checked");
}
