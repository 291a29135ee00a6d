//! What other nodes say to the sockets of this one.

use std::{borrow::Cow, sync::Arc, time::Duration};

use super::{
    adapter::{Data, Message, Options, Received},
    answering::ClientAcks,
    asking::deadline,
    client,
    core::Core,
    requests::FromNode,
};
use crate::{
    config::SlowConsumer,
    error::EmitError,
    event::{self, Answer, Collector},
    protocol::socket_io::plaintext,
    room::names,
    shard::{
        command::{Action, Command, Selection},
        directory::{RoomName, Scope},
        log::{Audience, Name},
        node::Node,
        uplink::{FoundElsewhere, ReplyElsewhere},
    },
    transport::frame::Handling,
};

/// A node has no more. Whoever can write to Redis may say so, and it ends up in what is waited for and counted.
const MAX_CLIENTS: usize = 1 << 24;

impl Core {
    pub(super) fn receive(self: &Arc<Self>, received: Received<'_>) {
        let Received {
            namespace,
            from,
            message,
        } = received;
        let message = match self.answered(from, message) {
            Some(message) => message,
            None => return,
        };
        let Some((node, namespace)) = self.serving(namespace) else {
            return self.fetch_none(namespace, from, &message);
        };
        match message {
            Message::Broadcast {
                data,
                options,
                request,
            } => {
                let acks = request
                    .zip(from)
                    .map(|(request, from)| ClientAcks::new(self, &namespace, from, &request));
                self.broadcast(&node, &namespace.scope, &data, &options, acks);
            }
            Message::Join { options, rooms } => {
                let action = Action::Join(names(rooms));
                self.change(&node, &namespace.scope, &options, action);
            }
            Message::Leave { options, rooms } => {
                let action = Action::Leave(names(rooms));
                self.change(&node, &namespace.scope, &options, action);
            }
            Message::Disconnect { options, close } => {
                let action = Action::Disconnect { close };
                self.change(&node, &namespace.scope, &options, action);
            }
            Message::FetchSockets { options, request } => {
                if let Some(monitor) = &node.monitor {
                    monitor.asked(&namespace.scope);
                }
                self.fetch(&node, &namespace, &options, from, &request);
            }
            Message::ServerSideEmit { data, request } => {
                self.server_side(&namespace, &data, from.zip(request.as_deref()));
            }
            Message::AllRooms { request } => self.all_rooms(&node, &namespace, from, &request),
            Message::Sockets { .. }
            | Message::ServerSideAck { .. }
            | Message::ClientCount { .. }
            | Message::ClientAck { .. }
            | Message::Rooms { .. } => {}
        }
    }

    /// Hands an answer to whoever asked; anything else is given back.
    fn answered<'a>(&self, from: Option<&str>, message: Message<'a>) -> Option<Message<'a>> {
        let known = match message {
            Message::Sockets { request, sockets } => {
                let found = sockets.into_iter().filter_map(found).collect();
                self.requests
                    .answered_by_node(&request, from, FromNode::Sockets(found))
            }
            Message::ServerSideAck { request, value } => {
                let value = value.unwrap_or_default();
                let reply = ReplyElsewhere {
                    json: value.json.as_ref().into(),
                    attachments: value.attachments,
                };
                self.requests
                    .answered_by_node(&request, from, FromNode::Reply(reply))
            }
            Message::ClientCount { request, count } => {
                let count = usize::try_from(count).unwrap_or(MAX_CLIENTS);
                let count = count.min(MAX_CLIENTS);
                self.requests.counted(&request, count)
            }
            Message::ClientAck { request, value } => {
                let value = value.unwrap_or_default();
                let answer = Answer {
                    socket: None,
                    args: format!("[{}]", value.json).into(),
                    attachments: value.attachments,
                };
                self.requests.answered(&request, answer)
            }
            Message::Rooms { .. } => false,
            other => return Some(other),
        };
        if !known {
            self.state.metrics.cluster_answers_ignored.add(1);
        }
        None
    }

    fn broadcast(
        self: &Arc<Self>,
        node: &Arc<Node>,
        scope: &Arc<Scope>,
        data: &Data<'_>,
        options: &Options<'_>,
        acks: Option<ClientAcks>,
    ) {
        let Some(name) = event_name(&data.json) else {
            self.state.metrics.cluster_malformed.add(1);
            tracing::debug!("an event of another node had no name");
            return;
        };
        if let Some(monitor) = &node.monitor {
            monitor.heard(scope, &name, &data.json);
        }
        let delivered = self.deliver(node, scope, data, options, &name, acks);
        if let Err(error) = delivered {
            // Workers that refused it have counted that themselves.
            tracing::debug!(%error, event = %name, "an event of another node was not delivered");
        }
    }

    fn deliver(
        &self,
        node: &Arc<Node>,
        scope: &Arc<Scope>,
        data: &Data<'_>,
        options: &Options<'_>,
        name: &str,
        acks: Option<ClientAcks>,
    ) -> Result<(), EmitError> {
        let handling = handling(node, scope, options, name);
        let selection = || select(node, scope, options);
        let Some(acks) = acks else {
            let frame = node.event_text(scope, None, &data.json, &data.attachments)?;
            let frame = frame.with(handling);
            if let Some(store) = scope.own_log() {
                return store.emit(node, scope, frame, audience(options), selection);
            }
            let action = Action::Emit { frame, ack: None };
            return node.dispatch(Command::new(scope, selection(), action));
        };
        let id = scope.next_ack_id();
        let frame = node.event_text(scope, Some(id), &data.json, &data.attachments)?;
        let frame = frame.with(handling);
        let selection = selection();
        let workers = selection.workers(scope);
        let timeout = options.flags.timeout.map(Duration::from_millis);
        let until = deadline(timeout.unwrap_or(node.config.ack_timeout));
        let collector = Collector::relaying(workers.len(), acks, until);
        let ack = Some((id, collector));
        let command = Command::new(scope, selection, Action::Emit { frame, ack });
        node.dispatch_to(workers, command)
    }

    fn change(&self, node: &Arc<Node>, scope: &Arc<Scope>, options: &Options<'_>, action: Action) {
        // Workers only pass it on to the connections.
        let done = matches!(action, Action::Disconnect { .. }).then(|| self.under_way.one_more());
        let command = Command {
            done,
            ..Command::new(scope, select(node, scope, options), action)
        };
        if let Err(error) = node.dispatch(command) {
            self.doubts.undone();
            tracing::warn!(%error, "what another node asked for was not done");
        }
    }
}

/// The first element of an event's array, if that is a name.
pub(super) fn event_name(array: &str) -> Option<Cow<'_, str>> {
    let rest = array.trim_start().strip_prefix('[')?;
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<EventName<'_>>();
    values.next()?.ok().map(|name| name.0)
}

#[derive(serde::Deserialize)]
struct EventName<'a>(#[serde(borrow)] Cow<'a, str>);

pub(super) fn handling(node: &Node, scope: &Scope, options: &Options<'_>, name: &str) -> Handling {
    let flags = options.flags;
    let default = node.slow_consumer(scope);
    let (slow_consumer, key) = flags.slow_consumer.unwrap_or_else(|| {
        let key = match default {
            SlowConsumer::Latest => event::key(name, &()),
            _ => 0,
        };
        (default, key)
    });
    Handling {
        slow_consumer,
        key,
        volatile: flags.volatile,
        offset_at: None,
        compress: flags.compress,
    }
}

pub(super) fn select(node: &Node, scope: &Scope, options: &Options<'_>) -> Selection {
    let (rooms, except) = (options.rooms.iter(), options.except.iter());
    Selection::named(
        node,
        scope,
        rooms.map(AsRef::as_ref),
        except.map(AsRef::as_ref),
    )
}

/// The same as [`select`], by name.
fn audience(options: &Options<'_>) -> Audience {
    let named = |name: &Cow<'_, str>| Name::Room(RoomName::from(&**name));
    Audience {
        rooms: options.rooms.iter().map(named).collect(),
        except: options.except.iter().map(named).collect(),
    }
}

fn found(socket: super::adapter::SocketDetails<'_>) -> Option<FoundElsewhere> {
    // Node's are of the same form.
    let id = socket.id.parse().ok()?;
    let rooms = socket.rooms.iter().filter(|room| **room != socket.id);
    let (data, client) = client::take(text_of(socket.data));
    Some(FoundElsewhere {
        id,
        rooms: rooms.map(|room| RoomName::from(&**room)).collect(),
        // What Node gives every socket.
        data: (data != "{}").then(|| Arc::new(data.into_owned())),
        handshake: socket.handshake.as_ref().into(),
        client: client.map(Arc::new),
    })
}

/// A value in which binary is what `JSON.stringify` makes of a `Buffer`, as it comes from the adapters of
/// Node that send text.
fn text_of(data: Data<'_>) -> Cow<'_, str> {
    if data.attachments.is_empty() {
        return data.json;
    }
    let mut out = Vec::new();
    plaintext(&data.json, &data.attachments, &mut out);
    // What it is made of are texts.
    String::from_utf8(out).map_or(data.json, Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::{super::adapter::SocketDetails, *};

    #[test]
    fn binary_in_the_data_of_a_socket_elsewhere_is_text() {
        let found = found(SocketDetails {
            id: "9BN326Lc9hX2gYWAAAAB".into(),
            handshake: "{}".into(),
            rooms: Vec::new(),
            data: Data {
                json: r#"{"key":{"_placeholder":true,"num":0},"n":1}"#.into(),
                attachments: vec![bytes::Bytes::from_static(&[1, 255])],
            },
        });
        let data = found.and_then(|found| found.data);
        let expected = r#"{"key":{"type":"Buffer","data":[1,255]},"n":1}"#;
        assert_eq!(data.as_deref().map(String::as_str), Some(expected));
    }
}
