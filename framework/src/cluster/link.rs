//! From a namespace to its other nodes.

use std::{borrow::Cow, sync::Arc, time::Duration};

use super::{
    adapter::{Data, Flags, Message, Options},
    asking::deadline,
    core::Core,
    requests::FromNode,
};
use crate::{
    config::SlowConsumer,
    error::{EmitError, PublishError},
    event::Collector,
    shard::{
        directory::RoomName,
        shared_log::SharedLog,
        uplink::{Asking, Change, Elsewhere, Fetched, Reach, Replies, Uplink},
    },
    transport::{frame::Frame, plain::Plain},
};

/// The uplink of a namespace. It is attached for as long as this is there.
pub(super) struct Link {
    pub(super) core: Arc<Core>,
    pub(super) namespace: Arc<str>,
    pub(super) wants_private_rooms: bool,
    pub(super) shares_log: bool,
    /// The policy of events that have none of their own.
    pub(super) slow_consumer: SlowConsumer,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.core.detach(&self.namespace);
    }
}

impl Link {
    fn publish(&self, message: &Message<'_>) -> Result<(), EmitError> {
        self.core.adapter.publish(&self.namespace, message)?;
        self.core.state.metrics.cluster_published.add(1);
        Ok(())
    }

    /// With the array of an event, read back from its packet.
    fn with_event(
        &self,
        event: &Frame,
        publish: impl FnOnce(Data<'_>) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        let plain = Plain::of(event);
        let packet = plain.packet();
        let data = packet.and_then(|packet| Some((packet.data?, packet.attachments)));
        let Some((json, attachments)) = data else {
            return Err(PublishError::Encode("an event without a name".into()).into());
        };
        publish(Data {
            json: json.into(),
            attachments: attachments.to_vec(),
        })
    }
}

impl Uplink for Link {
    fn room_changed(&self, room: &str) {
        self.core.adapter.room_changed(&self.namespace, room);
    }

    fn wants_private_rooms(&self) -> bool {
        self.wants_private_rooms
    }

    fn misses_events(&self) -> bool {
        !self.core.state.is_connected()
    }

    fn shared_log(&self) -> Option<&dyn SharedLog> {
        self.shares_log.then_some(self)
    }

    fn emit(&self, event: &Frame, to: Reach<'_>) -> Result<(), EmitError> {
        self.with_event(event, |data| {
            self.publish(&Message::Broadcast {
                data,
                options: options(to, flags(event, self.slow_consumer)),
                request: None,
            })
        })
    }

    fn ask(
        &self,
        event: &Frame,
        to: Reach<'_>,
        asking: Asking,
        collector: &Arc<Collector>,
    ) -> Result<Elsewhere<()>, EmitError> {
        let request = self.core.requests.clients(collector);
        let flags = Flags {
            timeout: Some(asking.timeout.as_millis().try_into().unwrap_or(u64::MAX)),
            expect_single_response: asking.single,
            ..flags(event, self.slow_consumer)
        };
        self.with_event(event, |data| {
            self.publish(&Message::Broadcast {
                data,
                options: options(to, flags),
                request: Some((&*request.id).into()),
            })
        })?;
        let (core, namespace) = (Arc::clone(&self.core), Arc::clone(&self.namespace));
        let (collector, until) = (Arc::clone(collector), deadline(asking.timeout));
        Ok(Box::pin(async move {
            collector.expect(core.others(&namespace, until).await);
            // Answers are taken for as long as the request is there.
            let _request = request;
            std::future::pending().await
        }))
    }

    fn change(
        &self,
        change: Change<'_>,
        to: Reach<'_>,
    ) -> Result<Elsewhere<Result<(), EmitError>>, EmitError> {
        let lost_before = self.core.state.metrics.cluster_losses();
        let options = options(to, Flags::default());
        let named =
            |rooms: &'_ [RoomName]| rooms.iter().map(|room| room.to_string().into()).collect();
        self.publish(&match change {
            Change::Join(rooms) => Message::Join {
                options,
                rooms: named(rooms),
            },
            Change::Leave(rooms) => Message::Leave {
                options,
                rooms: named(rooms),
            },
            Change::Disconnect { close } => Message::Disconnect { options, close },
        })?;
        let (core, namespace) = (Arc::clone(&self.core), Arc::clone(&self.namespace));
        Ok(Box::pin(async move {
            core.confirmed(&namespace).await?;
            // What was lost meanwhile may have been this.
            match core.state.metrics.cluster_losses() == lost_before {
                true => Ok(()),
                false => Err(EmitError::Unconfirmed { missing: None }),
            }
        }))
    }

    fn fetch(&self, to: Reach<'_>, timeout: Duration) -> Elsewhere<Fetched> {
        let (core, namespace) = (Arc::clone(&self.core), Arc::clone(&self.namespace));
        let options = options(to, Flags::default()).to_owned();
        Box::pin(async move { core.ask_for_sockets(&namespace, options, timeout).await })
    }

    fn server_side_emit(&self, event: &Frame) -> Result<(), EmitError> {
        self.with_event(event, |data| {
            self.publish(&Message::ServerSideEmit {
                data,
                request: None,
            })
        })
    }

    fn server_side_ask(
        &self,
        event: &Frame,
        timeout: Duration,
    ) -> Result<Elsewhere<Replies>, EmitError> {
        let (core, namespace) = (Arc::clone(&self.core), Arc::clone(&self.namespace));
        let (request, mut answers) = core.requests.nodes();
        self.with_event(event, |data| {
            self.publish(&Message::ServerSideEmit {
                data,
                request: Some((&*request.id).into()),
            })
        })?;
        Ok(Box::pin(async move {
            let until = deadline(timeout);
            let expected = core.others(&namespace, until).await;
            let mut replies = Vec::new();
            let take = |answer| {
                if let FromNode::Reply(reply) = answer {
                    replies.push(reply);
                }
            };
            let gathered = core
                .gather(&namespace, expected, until, &mut answers, take)
                .await;
            drop(request);
            let missing = core.missing(&namespace, gathered).await;
            Replies { replies, missing }
        }))
    }
}

fn options<'a>(to: Reach<'a>, flags: Flags) -> Options<'a> {
    let sender = to.sender.map(|id| Cow::Owned(id.to_string()));
    let borrowed = |name: &'a Cow<'a, str>| Cow::Borrowed(&**name);
    Options {
        rooms: to.rooms.iter().map(borrowed).collect(),
        except: to.except.iter().map(borrowed).chain(sender).collect(),
        flags,
    }
}

fn flags(event: &Frame, default: SlowConsumer) -> Flags {
    let handling = event.handling;
    let policy = handling.slow_consumer;
    // Where nothing is said, it is as the hub there says: also of an event that is never to be dropped.
    let is_told = [policy, default] != [SlowConsumer::Close; 2];
    Flags {
        volatile: handling.volatile,
        compress: handling.compress,
        slow_consumer: is_told.then_some((policy, handling.key)),
        ..Flags::default()
    }
}
