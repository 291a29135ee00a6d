//! Reads topics that are watched, when they begin to be and when changes may have been missed.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, sleep_until};

use super::{
    clients,
    keeper::PAUSE,
    registrar::Registrar,
    store::{StoreError, Topic},
};

/// Keys that are read at once.
const PAGE: usize = 500;

/// Does not end by itself.
pub(super) async fn read(registrar: &Arc<Registrar>) {
    let lease = registrar.options.lease;
    loop {
        loop {
            let awaited = registrar.topics().take_awaited();
            let Some(topic) = awaited else {
                break;
            };
            clients::begin(registrar, &topic).await;
        }
        let topic = registrar.topics().begin();
        let Some(topic) = topic else {
            rest(registrar, lease).await;
            continue;
        };
        if let Err(error) = read_topic(registrar, &topic).await {
            registrar.failed("read", &error);
            registrar.topics().interrupt(&topic);
            sleep(PAUSE).await;
        }
    }
}

/// Until there is something to read.
async fn rest(registrar: &Arc<Registrar>, lease: Duration) {
    let left = registrar.topics().filled_in(lease);
    let Some(left) = left else {
        registrar.stale.notified().await;
        return;
    };
    tokio::select! {
        biased;
        () = registrar.stale.notified() => {}
        () = sleep_until(Instant::now() + left) => registrar.topics().is_filled(),
    }
}

async fn read_topic(registrar: &Arc<Registrar>, topic: &Topic) -> Result<(), StoreError> {
    // What this node has entered itself has to be there, so that it does not seem to go.
    let is_doubtful = registrar.topics().take_doubt();
    match is_doubtful {
        true => registrar.checked().await?,
        false => registrar.settled().await?,
    }
    let mut after: Option<String> = None;
    loop {
        let page = registrar.store.page(topic, after.as_deref(), PAGE).await?;
        after.clone_from(&page.next);
        let changes = registrar.topics().page(topic, page);
        clients::tell(registrar, topic, &changes);
        if after.is_none() {
            break;
        }
    }
    let changes = registrar.topics().finish(topic);
    clients::tell(registrar, topic, &changes);
    clients::begin(registrar, topic).await;
    Ok(())
}
