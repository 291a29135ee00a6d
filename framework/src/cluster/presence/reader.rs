//! Reads topics that are watched, when they begin to be and when changes may have been missed.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::{
    clients,
    keeper::PAUSE,
    registrar::Registrar,
    store::{StoreError, Topic},
    topics::Beginners,
};

/// Keys that are read at once.
const PAGE: usize = 500;

/// Does not end by itself.
pub(super) async fn read(registrar: &Registrar) {
    let lease = registrar.options.lease;
    loop {
        let awaited = registrar.topics().awaited();
        for topic in awaited {
            begin(registrar, &topic);
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
async fn rest(registrar: &Registrar, lease: Duration) {
    let left = registrar.topics().filled_in(lease);
    let Some(left) = left else {
        registrar.stale.notified().await;
        return;
    };
    tokio::select! {
        () = registrar.stale.notified() => {}
        () = sleep_until(Instant::now() + left) => registrar.topics().is_filled(),
    }
}

async fn read_topic(registrar: &Registrar, topic: &Topic) -> Result<(), StoreError> {
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
    begin(registrar, topic);
    Ok(())
}

/// Tells those how a topic is who have waited for that.
fn begin(registrar: &Registrar, topic: &Topic) {
    let beginners = registrar.topics().beginners(topic);
    let Some(Beginners {
        waiting,
        sockets,
        present,
        total,
        scope,
    }) = beginners
    else {
        return;
    };
    for (ready, watching) in waiting {
        // Dropped by who does not wait any more.
        let _ = ready.send(watching);
    }
    if let Some(scope) = scope {
        clients::begin(registrar, topic, &scope, &sockets, present, total);
    }
}
