//! All sockets of all namespaces and nodes, as a page is told when it connects.

use std::{
    collections::HashSet,
    time::{Duration, SystemTime},
};

use futures_util::{StreamExt, stream};
use serde_json::value::RawValue;
use tokio::{
    task::yield_now,
    time::{Instant, sleep, timeout_at},
};

use super::{panel::Panel, shown, words};
use crate::{error::EmitError, id::SocketId, namespace::Socket, room::Broadcast};

/// Namespaces whose sockets are asked for at one time.
const AT_ONCE: usize = 16;

/// For all of them: a node that does not answer costs its timeout for each namespace.
const PATIENCE: Duration = Duration::from_secs(15);

/// Sockets that are put into words before others on the worker get their turn.
const SLICE: usize = 64;

/// Between two looks at whether a slow page has taken what it was sent.
const PAUSE: Duration = Duration::from_millis(20);

/// Answers that take longer are asked for once more.
const QUICK: Duration = Duration::from_millis(250);

/// Ends with the page: whoever holds the task stops it then.
pub(super) async fn send(panel: &Panel, page: &Socket) {
    if let Err(error) = try_send(panel, page).await {
        tracing::debug!(%error, "a page was not told of all sockets");
    }
}

async fn try_send(panel: &Panel, page: &Socket) -> Result<(), EmitError> {
    let mut known = HashSet::new();
    let begun = Instant::now();
    let sockets = gather(panel, page, &mut known).await;
    tell(page, sockets).await?;
    if begun.elapsed() > QUICK {
        // With the list a page forgets what it was told before: sockets that came while slow nodes answered.
        for socket in gather(panel, page, &mut known).await {
            tell_one(page, socket).await?;
        }
    }
    Ok(())
}

/// All sockets that are not known yet.
async fn gather(panel: &Panel, page: &Socket, known: &mut HashSet<SocketId>) -> Vec<Box<RawValue>> {
    // Pages that come together do not ask the cluster all at once.
    let Ok(_turn) = panel.snapshots.acquire().await else {
        return Vec::new();
    };
    let hub = page.hub();
    let mut namespaces = hub.core.all_namespaces();
    // Its own first: by that other nodes know that somebody looks.
    namespaces.sort_by_key(|namespace| namespace.scope.id != page.scope().id);
    let asked = namespaces.iter().map(|namespace| async {
        let all = Broadcast::new(&hub.core.node, &namespace.scope);
        let found = all.fetch_sockets().await;
        let found = found.inspect_err(|error| tracing::debug!(%error, "not all sockets are shown"));
        (&*namespace.scope.name, found.unwrap_or_default())
    });
    let mut fetched = stream::iter(asked).buffer_unordered(AT_ONCE);
    let until = Instant::now() + PATIENCE;
    let mut sockets = Vec::new();
    loop {
        let (namespace, found) = match timeout_at(until, fetched.next()).await {
            Ok(Some(found)) => found,
            Ok(None) => return sockets,
            Err(_) => {
                tracing::warn!(
                    "the admin page is not shown all sockets: nodes do not answer in time"
                );
                return sockets;
            }
        };
        for socket in &found {
            if sockets.len() == panel.admin.max_sockets {
                return sockets;
            }
            if known.insert(socket.id()) {
                sockets.extend(shown::fetched(namespace, socket));
            }
            if sockets.len() % SLICE == 0 {
                yield_now().await;
            }
        }
    }
}

/// The first part as the list, the rest as sockets that come: one message of all would be larger than
/// what may wait for a client. Each waits until the page has taken most of what went before.
async fn tell(page: &Socket, sockets: Vec<Box<RawValue>>) -> Result<(), EmitError> {
    let most = page.node().config.max_outbox_bytes / 4;
    let (mut parts, mut bytes) = (sockets.into_iter().peekable(), 0);
    let mut first = Vec::new();
    while let Some(socket) = parts.next_if(|it| bytes == 0 || bytes + it.get().len() <= most) {
        bytes += socket.get().len();
        first.push(socket);
    }
    taken(page, bytes).await?;
    page.emit_raw("all_sockets", &(first,))?;
    for socket in parts {
        tell_one(page, socket).await?;
    }
    Ok(())
}

async fn tell_one(page: &Socket, socket: Box<RawValue>) -> Result<(), EmitError> {
    taken(page, socket.get().len()).await?;
    let at = words::timestamp(SystemTime::now());
    page.emit_raw("socket_connected", &(socket, at))
}

/// Waits until there is room for so many bytes more, with some left for what is told meanwhile.
async fn taken(page: &Socket, bytes: usize) -> Result<(), EmitError> {
    let limit = page.node().config.max_outbox_bytes / 2;
    loop {
        // What was emitted in this turn is put into the outbox at its end.
        yield_now().await;
        let shard = page.node().local().ok_or(EmitError::Disconnected)?;
        let waiting = shard.waiting_for(page.address().slot);
        let waiting = waiting.ok_or(EmitError::Disconnected)?;
        if waiting == 0 || waiting + bytes <= limit {
            return Ok(());
        }
        sleep(PAUSE).await;
    }
}
