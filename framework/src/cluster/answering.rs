//! What other nodes ask of this one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::value::RawValue;
use tokio::{sync::mpsc, time::timeout};

use super::{
    adapter::{Data, Message, Options, SocketDetails},
    client,
    confirming::Question,
    core::{Core, MAX_ANSWERING},
    delivery::select,
};
use crate::{
    event::{Answer, Relay},
    namespace::NamespaceInner,
    protocol::socket_io,
    shard::{
        command::{Action, Command, Found},
        node::Node,
    },
};

/// Passes to the node that asked what the clients here answer.
pub(super) struct ClientAcks {
    core: Arc<Core>,
    namespace: Arc<str>,
    to: Box<str>,
    request: Box<str>,
}

impl ClientAcks {
    pub(super) fn new(
        core: &Arc<Core>,
        namespace: &NamespaceInner,
        to: &str,
        request: &str,
    ) -> Self {
        Self {
            core: Arc::clone(core),
            namespace: Arc::clone(&namespace.scope.name),
            to: to.into(),
            request: request.into(),
        }
    }
}

impl Relay for ClientAcks {
    fn counted(&self, receivers: usize) {
        let message = Message::ClientCount {
            request: (&*self.request).into(),
            count: receivers as u64,
        };
        self.core.respond(&self.namespace, &self.to, &message);
    }

    fn answer(&self, answer: Answer) {
        let message = Message::ClientAck {
            request: (&*self.request).into(),
            value: first(&answer),
        };
        self.core.respond(&self.namespace, &self.to, &message);
    }
}

/// The first argument of an answer: other nodes get no more.
fn first(answer: &Answer) -> Option<Data<'_>> {
    let args = socket_io::elements(&answer.args);
    let mut values = serde_json::Deserializer::from_str(args).into_iter::<&RawValue>();
    let value = values.next()?.ok()?;
    Some(Data {
        json: value.get().into(),
        attachments: answer.attachments.clone(),
    })
}

/// Counts one request that is being answered, or one event for servers that is being handled.
struct Answering {
    core: Arc<Core>,
    among: fn(&Core) -> &AtomicUsize,
}

impl Answering {
    fn start(core: &Arc<Core>, among: fn(&Core) -> &AtomicUsize) -> Option<Self> {
        if among(core).fetch_add(1, Ordering::Relaxed) >= MAX_ANSWERING {
            among(core).fetch_sub(1, Ordering::Relaxed);
            core.state.metrics.cluster_requests_refused.add(1);
            return None;
        }
        Some(Self {
            core: Arc::clone(core),
            among,
        })
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        (self.among)(&self.core).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Core {
    fn respond(&self, namespace: &str, to: &str, message: &Message<'_>) {
        if let Err(error) = self.adapter.respond(namespace, to, message) {
            self.state.metrics.cluster_answers_lost.add(1);
            tracing::debug!(%error, "an answer to another node was not sent");
        }
    }

    /// All workers are asked, those without such sockets too: that they answer tells that they have
    /// done all that they were told before.
    pub(super) fn fetch(
        self: &Arc<Self>,
        node: &Arc<Node>,
        namespace: &NamespaceInner,
        options: &Options<'_>,
        from: Option<&str>,
        request: &str,
    ) {
        let question = Question::of(options);
        if question.is_some_and(|asked| self.is_in_doubt(asked)) {
            return;
        }
        let (Some(from), Some(answering)) = (from, Answering::start(self, |core| &core.answering))
        else {
            return;
        };
        let scope = &namespace.scope;
        let workers = node.all_workers();
        let (done, answers) = mpsc::channel(workers.len().max(1));
        let command = Command {
            done: Some(done),
            ..Command::new(scope, select(node, scope, options), Action::Fetch)
        };
        if let Err(error) = node.dispatch_to(workers, command) {
            // Without an answer this node counts as missing, which it is.
            tracing::warn!(%error, "not all workers could be asked for their sockets");
            return;
        }
        let patience = node.config.requests_timeout;
        let before = question.map(|_| self.under_way.before());
        let (name, from) = (Arc::clone(&scope.name), Box::<str>::from(from));
        let request = Box::<str>::from(request);
        actix::spawn(async move {
            let all = async {
                if let Some(before) = before {
                    before.are_done().await;
                }
                gather(answers).await
            };
            let Ok(sockets) = timeout(patience, all).await else {
                // Nobody waits for what a blocked worker would say after that; until it runs, nothing is
                // to pile up.
                answering.core.state.metrics.cluster_answers_lost.add(1);
                tracing::debug!("a worker did not say in time which sockets it has");
                return;
            };
            let watched = answering
                .core
                .node()
                .is_some_and(|node| node.monitor.is_some());
            let sockets = sockets
                .iter()
                .map(|found| details(found, watched))
                .collect();
            // Who asked may emit to rooms that sockets here have just joined.
            let _ = timeout(patience, answering.core.adapter.subscribed()).await;
            let message = Message::Sockets {
                request: (&*request).into(),
                sockets,
            };
            answering.core.respond(&name, &from, &message);
        });
    }

    /// Whether this node may not have done what it is asked to confirm.
    fn is_in_doubt(&self, asked: Question) -> bool {
        let doubtful = self.doubts.concern(asked);
        if doubtful {
            self.state.metrics.cluster_requests_refused.add(1);
            tracing::debug!("another node is not told that this one has done what it may not have");
        }
        doubtful
    }

    /// Answers who asks about a namespace in which nobody is any more, while something here still holds it: other
    /// nodes count this one until that has gone, too.
    pub(super) fn fetch_none(&self, namespace: &str, from: Option<&str>, message: &Message<'_>) {
        let (Some(from), Message::FetchSockets { options, request }) = (from, message) else {
            return;
        };
        if !self.is_attached(namespace)
            || Question::of(options).is_some_and(|asked| self.is_in_doubt(asked))
        {
            return;
        }
        let none = Message::Sockets {
            request: (&**request).into(),
            sockets: Vec::new(),
        };
        self.respond(namespace, from, &none);
    }

    pub(super) fn all_rooms(
        &self,
        node: &Node,
        namespace: &NamespaceInner,
        from: Option<&str>,
        request: &str,
    ) {
        let Some(from) = from else {
            return;
        };
        let scope = &namespace.scope;
        let rooms = scope.rooms.iter().map(|room| room.key().to_string().into());
        let private = node.directory.private_rooms(scope.id);
        let private = private.iter().map(|room| room.to_string().into());
        let message = Message::Rooms {
            request: request.into(),
            rooms: rooms.chain(private).collect(),
        };
        self.respond(&scope.name, from, &message);
    }

    /// An event for the servers; answered if it asks for that.
    pub(super) fn server_side(
        self: &Arc<Self>,
        namespace: &Arc<NamespaceInner>,
        data: &Data<'_>,
        asked: Option<(&str, &str)>,
    ) {
        let (Some(hub), Some(answering)) =
            (self.hub(), Answering::start(self, |core| &core.handling))
        else {
            return;
        };
        let Some(called) = namespace.server_side(&hub, &data.json, &data.attachments) else {
            return;
        };
        let name = Arc::clone(&namespace.scope.name);
        let asked =
            asked.map(|(from, request)| (Box::<str>::from(from), Box::<str>::from(request)));
        actix::spawn(async move {
            let answer = called.await;
            if let (Some((from, request)), Some((json, attachments))) = (asked, answer) {
                let message = Message::ServerSideAck {
                    request: (&*request).into(),
                    value: Some(Data {
                        json: json.into(),
                        attachments,
                    }),
                };
                answering.core.respond(&name, &from, &message);
            }
        });
    }
}

async fn gather(mut answers: mpsc::Receiver<Vec<Found>>) -> Vec<Found> {
    let mut sockets = Vec::new();
    while let Some(found) = answers.recv().await {
        sockets.extend(found);
    }
    sockets
}

/// Where the node is watched, others are told of the socket's connection as well.
fn details(found: &Found, watched: bool) -> SocketDetails<'_> {
    // Node gives every socket an object.
    let data = found.data.as_ref().map_or("{}", |data| data.as_str());
    let rooms = found.rooms.iter().map(|room| (&**room).into());
    SocketDetails {
        id: found.id.as_str().into(),
        handshake: found.handshake.json().into(),
        rooms: [found.id.as_str().into()]
            .into_iter()
            .chain(rooms)
            .collect(),
        data: match watched {
            true => Data::json(client::put(data, found.client.as_str(), found.transport())),
            false => Data::json(data),
        },
    }
}

#[cfg(test)]
mod tests;
