//! The link against real servers.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../../../../tests/common/redis/mod.rs"]
pub(super) mod redis;

mod hearing;
mod hostile;
mod leaving;
mod publishing;
mod servers;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::task::LocalSet;

use self::redis::{
    Certificate, Directory, RedisCluster, RedisServer, Sentinels, free_port, sentinel,
};
use super::{
    interest::{Interest, Topic},
    link::{Link, Listener},
    options::{Kind, LinkOptions, OutboxPolicy},
    outbox::Command,
    slot::slot,
};
use crate::{
    cluster::adapter::{AdapterContext, AdapterError, PublishError},
    metrics::Metrics,
};

#[derive(Default)]
struct Ear {
    wanted: Mutex<BTreeSet<Interest>>,
    heard: Mutex<Vec<(String, String)>>,
    said: Mutex<Vec<String>>,
    /// Those that matter.
    slots: Mutex<Option<Vec<u16>>>,
    /// Done when it is asked what is to be heard.
    asked: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Ear {
    fn heard(&self) -> Vec<(String, String)> {
        self.heard.lock().unwrap().clone()
    }

    fn says(&self, begin: &str) -> usize {
        self.said
            .lock()
            .unwrap()
            .iter()
            .filter(|said| said.starts_with(begin))
            .count()
    }
}

impl Listener for Ear {
    fn interests(&self) -> Vec<Interest> {
        if let Some(asked) = self.asked.lock().unwrap().take() {
            asked();
        }
        self.wanted.lock().unwrap().iter().cloned().collect()
    }

    fn is_wanted(&self, interest: &Interest) -> bool {
        self.wanted.lock().unwrap().contains(interest)
    }

    fn topics(&self, interest: &Interest) -> Vec<Topic> {
        match &interest.room {
            None => vec![
                Topic::Channel(format!("c:{}", interest.namespace)),
                Topic::Pattern(format!("p:{}:*", interest.namespace)),
            ],
            Some(room) => vec![Topic::Shard(format!("s:{}:{room}", interest.namespace))],
        }
    }

    fn slots(&self) -> Option<Vec<u16>> {
        self.slots.lock().unwrap().clone()
    }

    fn message(&self, _: &str, channel: &str, payload: &[u8]) {
        let payload = String::from_utf8(payload.to_vec()).unwrap();
        self.heard
            .lock()
            .unwrap()
            .push((channel.to_owned(), payload));
    }

    fn connected(&self) {
        self.said.lock().unwrap().push("connected".to_owned());
    }

    fn disconnected(&self, error: &AdapterError) {
        self.said
            .lock()
            .unwrap()
            .push(format!("disconnected: {error}"));
    }
}

struct Rig {
    link: Arc<Link>,
    ear: Arc<Ear>,
    metrics: Arc<Metrics>,
}

fn options(url: &str) -> LinkOptions {
    LinkOptions {
        connection_timeout: Duration::from_secs(2),
        ..LinkOptions::new(url)
    }
}

impl Rig {
    /// Must be called in a `LocalSet`.
    fn new(options: &LinkOptions) -> Self {
        let metrics = Arc::new(Metrics::new());
        let context = AdapterContext {
            server_id: "0123456789abcdef".into(),
            recovery: false,
            metrics: Arc::clone(&metrics),
        };
        let link = Arc::new(Link::new(options, &context).unwrap());
        let ear = Arc::new(Ear::default());
        ear.wanted.lock().unwrap().insert(namespace());
        let (running, listener) = (Arc::clone(&link), Arc::clone(&ear));
        tokio::task::spawn_local(async move { running.run(listener).await });
        Self { link, ear, metrics }
    }

    async fn connected(options: &LinkOptions) -> Self {
        let rig = Self::new(options);
        rig.wait(|rig| rig.ear.says("connected") == 1).await;
        rig
    }

    async fn wait(&self, condition: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !condition(self) {
            let said = self.ear.said.lock().unwrap().clone();
            assert!(
                start.elapsed() < Duration::from_secs(25),
                "{said:?} {:?}",
                self.ear.heard().len()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn send(&self, command: &str, channel: &str, payload: &str) -> Result<(), PublishError> {
        let bytes = ::redis::cmd(command)
            .arg(channel)
            .arg(payload)
            .get_packed_command();
        self.link.send(Command {
            bytes: bytes.into(),
            slot: slot(channel.as_bytes()),
            resend: false,
            awaited: false,
        })
    }

    async fn hears(&self, count: usize) {
        self.wait(|rig| rig.ear.heard().len() >= count).await;
    }

    /// What is published arrives, on every kind of topic.
    async fn works(&self) {
        let payload = format!("{:?}", Instant::now());
        let arrived = |rig: &Self| {
            rig.ear
                .heard()
                .iter()
                .filter(|(_, heard)| *heard == payload)
                .count()
        };
        self.send("PUBLISH", "c:/", &payload).unwrap();
        self.send("PUBLISH", "p:/:x", &payload).unwrap();
        self.wait(|rig| arrived(rig) == 2).await;
    }

    fn lost(&self) -> u64 {
        self.metrics.read().cluster_lost_in_flight
    }
}

fn namespace() -> Interest {
    Interest {
        namespace: "/".into(),
        room: None,
    }
}

fn room(name: &str) -> Interest {
    Interest {
        namespace: "/".into(),
        room: Some(name.into()),
    }
}

async fn local<T>(test: impl Future<Output = T>) -> T {
    LocalSet::new().run_until(test).await
}
