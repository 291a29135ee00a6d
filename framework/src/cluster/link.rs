//! From a namespace to its other nodes.

use std::{borrow::Cow, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::{
    adapter::{Data, Flags, Message, Options},
    core::Core,
    requests::{FromNode, hex_id},
};
use crate::{
    config::SlowConsumer,
    error::{AdapterError, EmitError, PublishError},
    event::Collector,
    shard::{
        directory::RoomName,
        shared_log::SharedLog,
        uplink::{Asking, Change, Elsewhere, Fetched, Missing, Reach, Replies, Uplink},
    },
    transport::{frame::Frame, plain::Plain},
};

const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The uplink of a namespace. It is attached for as long as this is there.
pub(super) struct Link {
    pub(super) core: Arc<Core>,
    pub(super) namespace: Arc<str>,
    pub(super) wants_private_rooms: bool,
    pub(super) shares_log: bool,
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
        self.core.state.is_away()
    }

    fn shared_log(&self) -> Option<&dyn SharedLog> {
        self.shares_log.then_some(self)
    }

    fn emit(&self, event: &Frame, to: Reach<'_>) -> Result<(), EmitError> {
        self.with_event(event, |data| {
            self.publish(&Message::Broadcast {
                data,
                options: options(to, flags(event)),
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
            ..flags(event)
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
            let missing = core
                .gather(expected, until, &mut answers, |answer| {
                    if let FromNode::Reply(reply) = answer {
                        replies.push(reply);
                    }
                })
                .await;
            drop(request);
            Replies { replies, missing }
        }))
    }
}

impl Core {
    /// How many other nodes serve a namespace; `None` if that cannot be found out.
    async fn others(&self, namespace: &str, until: Instant) -> Option<usize> {
        let counting = async {
            // This node is among those that are counted only once it has subscribed.
            self.adapter.subscribed().await;
            self.adapter.server_count(namespace).await
        };
        let error = match timeout_at(until, counting).await {
            Ok(Ok(count)) => return Some(count.saturating_sub(1)),
            Ok(Err(error)) => error,
            Err(elapsed) => AdapterError::new(elapsed),
        };
        tracing::debug!(%error, "the nodes of the cluster could not be counted");
        None
    }

    /// Waits for so many answers, or the time.
    async fn gather(
        &self,
        expected: Option<usize>,
        until: Instant,
        answers: &mut tokio::sync::mpsc::Receiver<FromNode>,
        mut take: impl FnMut(FromNode),
    ) -> Missing {
        let Some(mut left) = expected else {
            return Missing::Unknown;
        };
        while left > 0 {
            match timeout_at(until, answers.recv()).await {
                Ok(Some(answer)) => {
                    left -= 1;
                    take(answer);
                }
                Ok(None) | Err(_) => {
                    self.state.metrics.cluster_requests_timed_out.add(1);
                    break;
                }
            }
        }
        Missing::of(left)
    }

    async fn ask_for_sockets(
        &self,
        namespace: &str,
        options: Options<'static>,
        timeout: Duration,
    ) -> Fetched {
        let mut fetched = Fetched::default();
        let until = deadline(timeout);
        let expected = self.others(namespace, until).await;
        if expected == Some(0) {
            return fetched;
        }
        let (request, mut answers) = self.requests.nodes();
        let message = Message::FetchSockets {
            options,
            request: request.id.to_string().into(),
        };
        if let Err(error) = self.adapter.publish(namespace, &message) {
            tracing::debug!(%error, "other nodes were not asked for their sockets");
            fetched.missing = expected.map_or(Missing::Unknown, Missing::of);
            return fetched;
        }
        let sockets = &mut fetched.sockets;
        fetched.missing = self
            .gather(expected, until, &mut answers, |answer| {
                if let FromNode::Sockets(found) = answer {
                    sockets.extend(found);
                }
            })
            .await;
        fetched
    }

    /// Ready when all other nodes have done what they were told before: when they have answered
    /// something that was asked behind it.
    async fn confirmed(&self, namespace: &str) -> Result<(), EmitError> {
        let timeout = self.node().map(|node| node.config.requests_timeout);
        let until = deadline(timeout.unwrap_or_default());
        let expected = self.others(namespace, until).await;
        if expected == Some(0) {
            return Ok(());
        }
        let (request, mut answers) = self.requests.nodes();
        // A room that nobody is in.
        let nobody = hex_id().into();
        let message = Message::FetchSockets {
            options: Options {
                rooms: vec![nobody],
                ..Options::default()
            },
            request: request.id.to_string().into(),
        };
        self.adapter.barrier(namespace, &message)?;
        match self.gather(expected, until, &mut answers, drop).await {
            Missing::None => Ok(()),
            Missing::Some(missing) => Err(EmitError::Unconfirmed {
                missing: Some(missing),
            }),
            Missing::Unknown => Err(EmitError::Unconfirmed { missing: None }),
        }
    }
}

/// When this much time has passed; no answer is worth waiting for longer than a day.
pub(super) fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(MAX_TIMEOUT)
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

fn flags(event: &Frame) -> Flags {
    let handling = event.handling;
    let policy = handling.slow_consumer;
    Flags {
        volatile: handling.volatile,
        compress: handling.compress,
        slow_consumer: (policy != SlowConsumer::Close).then_some((policy, handling.key)),
        ..Flags::default()
    }
}
