//! The futures of the adapter, which connect again and again.

use std::{sync::Arc, time::Instant};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::timeout;

use super::{
    adapter::StreamsAdapter,
    health::{Health, Part},
    lane::Lane,
    listener::Ears,
    portion::Portion,
    reader::Reader,
    writer::{PART, Writer},
};
use crate::{
    cluster::adapter::{
        AdapterFuture, Inbound,
        redis::{backoff::Backoff, waiting},
    },
    error::AdapterError,
};

impl StreamsAdapter {
    pub(super) async fn run_on(self: Arc<Self>, inbound: Inbound) {
        let health = Health::new(inbound.clone());
        let ears = Ears::new(&self, inbound.clone(), health.part());
        let part = || Arc::new(health.part());
        let parts = self
            .lanes
            .iter()
            .map(|lane| (Arc::clone(lane), part(), part()));
        let parts: Vec<_> = parts.collect();
        self.absence.begin(inbound.clone());
        // They are many, and each message wakes one of them: only that is polled.
        let mut running: FuturesUnordered<AdapterFuture<'_, ()>> = FuturesUnordered::new();
        for (lane, reading, writing) in parts {
            let inbound = inbound.clone();
            if self.recovery {
                let (lane, reading) = (Arc::clone(&lane), Arc::clone(&reading));
                let watching = self.absence.watch(lane, reading, self.options.hold);
                running.push(Box::pin(watching));
            }
            running.push(Box::pin(self.read(Arc::clone(&lane), reading, inbound)));
            running.push(Box::pin(self.write(lane, writing)));
        }
        running.push(Box::pin(self.sessions.run(&self.link)));
        running.push(Box::pin(self.link.run(Arc::new(ears))));
        let bytes = || {
            self.lanes
                .iter()
                .map(|lane| lane.outbox.bytes())
                .sum::<usize>()
        };
        running.push(Box::pin(waiting::tell(&self.metrics, bytes)));
        // None of them ends by itself.
        running.next().await;
    }

    async fn write(&self, lane: Arc<Lane>, part: Arc<Part>) {
        let writer = Writer {
            lane,
            server_id: Arc::clone(&self.server_id),
            response_timeout: self.response_timeout,
            portion: Portion::new(PART),
            metrics: Arc::clone(&self.metrics),
        };
        let mut backoff = Backoff::default();
        loop {
            let begun = Instant::now();
            let write = |_| writer.write(&self.link, &part);
            let ended = self.generation.during(write).await;
            self.pause(&part, ended, begun, &mut backoff).await;
        }
    }

    async fn read(&self, lane: Arc<Lane>, part: Arc<Part>, inbound: Inbound) {
        let reader = Reader {
            lane,
            inbound,
            portion: Portion::new(self.options.read_count),
            max_len: usize::try_from(self.options.max_len).unwrap_or(usize::MAX),
            block: self.options.block_time,
            response_timeout: self.response_timeout,
            logged: self.recovery,
        };
        let mut backoff = Backoff::default();
        loop {
            let begun = Instant::now();
            let read = |generation| reader.read(&self.link, &part, generation);
            let ended = self.generation.during(read).await;
            self.pause(&part, ended, begun, &mut backoff).await;
        }
    }

    async fn pause(
        &self,
        part: &Part,
        (generation, error): (u64, AdapterError),
        begun: Instant,
        backoff: &mut Backoff,
    ) {
        backoff.ended(part.down(&error), begun.elapsed());
        tracing::debug!(%error, "a connection of the streams adapter has ended");
        // At once when Redis was connected anew.
        let _ = timeout(backoff.next(), self.generation.after(generation)).await;
    }
}
