//! Events between the servers of a cluster: they reach no client.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{Core, Namespace, NamespaceBuilder, NamespaceInner, live::LocalFuture};
use crate::{
    error::{AckError, EmitError},
    event::{self, Answer, Event, Payload},
    protocol::socket_io,
    shard::uplink::{Missing, Replies},
    supervision::catching,
    transport::{frame::Frame, plain::Plain},
};

/// What a handler answers: one JSON value, and what its placeholders stand for.
pub(crate) type ServerSideAnswer = (String, Vec<Bytes>);

type Called<'a> = Pin<Box<dyn Future<Output = Option<ServerSideAnswer>> + 'a>>;

/// Handles events of one name that other servers emit.
pub(super) trait ServerSide: Send + Sync {
    fn call<'a>(
        &'a self,
        args: &str,
        attachments: &[Bytes],
        namespace: &'a Namespace,
    ) -> Called<'a>;
}

pub(super) type ServerSideHandlers = HashMap<&'static str, Box<dyn ServerSide>>;

struct Typed<E, F> {
    handler: F,
    _event: std::marker::PhantomData<fn() -> E>,
}

impl<E, F> ServerSide for Typed<E, F>
where
    E: Event + DeserializeOwned + 'static,
    E::Ack: Serialize,
    F: AsyncFn(E, &Namespace) -> E::Ack + Send + Sync,
{
    fn call<'a>(
        &'a self,
        args: &str,
        attachments: &[Bytes],
        namespace: &'a Namespace,
    ) -> Called<'a> {
        let decoded = event::decode::<E>(Payload { args, attachments });
        Box::pin(async move {
            let event = match decoded {
                Ok(event) => event,
                Err(rejection) => {
                    namespace.metrics().rejected.add("server_side");
                    tracing::warn!(%rejection, "an event of another server does not fit");
                    return None;
                }
            };
            answer::<E>(&(self.handler)(event, namespace).await)
        })
    }
}

fn answer<E>(ack: &E::Ack) -> Option<ServerSideAnswer>
where
    E: Event,
    E::Ack: Serialize,
{
    let written = Frame::packet(None, |out| event::encode_ack::<E>("/", 0, ack, out));
    let plain = Plain::of(&written.ok()?);
    let packet = plain.packet()?;
    // One value, as Node answers: of several only the first would arrive.
    let args = socket_io::elements(packet.data?);
    let mut values =
        serde_json::Deserializer::from_str(args).into_iter::<&serde_json::value::RawValue>();
    let value = values.next().and_then(Result::ok);
    Some((
        value.map_or("null", |value| value.get()).to_owned(),
        packet.attachments.to_vec(),
    ))
}

impl NamespaceBuilder {
    /// Handles an event that [other servers](crate::adapter) emit with
    /// [`Namespace::server_side_emit`]; what it returns is the answer. Of several handlers for one
    /// name the last counts.
    ///
    /// Handlers start in the order in which events come, and run side by side. An event whose payload
    /// does not fit is logged, counted and not answered, as is one whose handler panics.
    ///
    /// ```
    /// use roomcast::{NamespaceBuilder, prelude::*};
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    /// # impl Session for Chat {
    /// #     type Auth = ();
    /// #     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    /// # }
    ///
    /// #[derive(Serialize, Deserialize, Event)]
    /// #[event(ack = usize)]
    /// struct CountRooms;
    ///
    /// let chat = NamespaceBuilder::named::<Chat>("/")
    ///     .on_server_side(async |_: CountRooms, namespace| namespace.rooms().len());
    /// let hub = Hub::builder().namespace_with(chat).build()?;
    /// # Ok::<_, roomcast::BuildError>(())
    /// ```
    pub fn on_server_side<E>(
        mut self,
        handler: impl AsyncFn(E, &Namespace) -> E::Ack + Send + Sync + 'static,
    ) -> Self
    where
        E: Event + DeserializeOwned + 'static,
        E::Ack: Serialize,
    {
        let handler = Typed {
            handler,
            _event: std::marker::PhantomData,
        };
        self.setup.server_side.insert(E::NAME, Box::new(handler));
        self
    }
}

impl NamespaceInner {
    /// Calls the handler of an event that another server has emitted, if there is one. `array` has
    /// its name and arguments.
    pub(crate) fn server_side(
        self: &Arc<Self>,
        core: &Arc<Core>,
        array: &str,
        attachments: &[Bytes],
    ) -> Option<LocalFuture<Option<ServerSideAnswer>>> {
        let event = socket_io::named(array).ok()??;
        let handlers = &self.setup()?.server_side;
        let Some((name, _)) = handlers.get_key_value(&*event.name) else {
            core.node.metrics.unhandled.add(1);
            return None;
        };
        let (name, args) = (*name, Box::<str>::from(event.args));
        let (attachments, namespace) = (attachments.to_vec(), Namespace::of(core, self));
        Some(Box::pin(async move {
            let handler = namespace.inner.setup()?.server_side.get(name)?;
            let called = catching(handler.call(&args, &attachments, &namespace)).await;
            called.unwrap_or_else(|panic| {
                namespace.metrics().panics.add(1);
                tracing::error!(event = name, panic, "a handler for servers panicked");
                None
            })
        }))
    }
}

impl Namespace {
    /// Emits an event to all other servers of the cluster, not to this one, and to no client; they
    /// handle it with [`NamespaceBuilder::on_server_side`]. Socket.IO's `serverSideEmit`. Without an
    /// [adapter](crate::HubBuilder::adapter) there are no others.
    ///
    /// # Errors
    /// [`EmitError::Encode`], [`EmitError::Reserved`], [`EmitError::Publish`]: no server gets it.
    pub fn server_side_emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitError> {
        let frame = self.server_side_frame(event)?;
        let uplink = self.inner.scope.uplink();
        uplink.map_or(Ok(()), |uplink| uplink.server_side_emit(&frame))
    }

    /// The same, and waits until every other server has answered, at most
    /// [`requests_timeout`](crate::HubBuilder::requests_timeout).
    ///
    /// ```
    /// use roomcast::prelude::*;
    ///
    /// #[derive(Serialize, Deserialize, Event)]
    /// #[event(ack = usize)]
    /// struct CountRooms;
    ///
    /// async fn rooms(hub: &Hub) -> Result<usize, roomcast::EmitError> {
    ///     let Some(main) = hub.namespace("/") else { return Ok(0) };
    ///     let others = main.server_side_emit_with_ack(&CountRooms).await?;
    ///     Ok(main.rooms().len() + others.into_values().into_iter().sum::<usize>())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`server_side_emit`](Self::server_side_emit). Servers that did not answer are
    /// [counted](ServerAcks::missing_nodes).
    ///
    /// # Cancel safety
    /// Dropping the future gives the answers up; the event has been sent once it was polled.
    pub async fn server_side_emit_with_ack<E>(
        &self,
        event: &E,
    ) -> Result<ServerAcks<E::Ack>, EmitError>
    where
        E: Event + Serialize,
        E::Ack: DeserializeOwned,
    {
        let timeout = self.core.node.config.requests_timeout;
        let frame = self.server_side_frame(event)?;
        let Replies { replies, missing } = match self.inner.scope.uplink() {
            Some(uplink) => uplink.server_side_ask(&frame, timeout)?.await,
            None => Replies::default(),
        };
        let decode = |reply: crate::shard::uplink::ReplyElsewhere| {
            let answer = Answer {
                socket: None,
                args: format!("[{}]", reply.json).into(),
                attachments: reply.attachments,
            };
            answer.decode::<E>()
        };
        Ok(ServerAcks {
            answers: replies.into_iter().map(decode).collect(),
            missing,
        })
    }

    fn server_side_frame<E: Event + Serialize>(&self, event: &E) -> Result<Frame, EmitError> {
        Frame::packet(None, |out| event::encode(event, self.name(), None, out))
    }

    pub(super) fn metrics(&self) -> &crate::metrics::Metrics {
        &self.core.node.metrics
    }
}

/// The answers of other servers, from [`Namespace::server_side_emit_with_ack`].
///
/// ```
/// use roomcast::{Namespace, prelude::*};
///
/// #[derive(Serialize, Event)]
/// #[event(ack = usize)]
/// struct CountRooms;
///
/// async fn rooms_elsewhere(namespace: &Namespace) -> Result<usize, EmitError> {
///     let acks = namespace.server_side_emit_with_ack(&CountRooms).await?;
///     if !acks.is_complete() {
///         println!("silent: {:?}", acks.missing_nodes());
///     }
///     Ok(acks.into_values().into_iter().sum())
/// }
/// ```
#[derive(Debug)]
pub struct ServerAcks<A> {
    answers: Vec<Result<A, AckError>>,
    missing: Missing,
}

impl<A> ServerAcks<A> {
    /// Whether every server has answered.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_none()
    }

    /// How many servers did not answer in time; `None` if it could not be found out how many there
    /// are, because the adapter was not connected.
    #[must_use]
    pub fn missing_nodes(&self) -> Option<usize> {
        self.missing.nodes
    }

    /// The [ids](crate::Cluster::server_id) of those of them that are known, as
    /// [of sockets](crate::FetchedSockets::missing_node_ids).
    #[must_use]
    pub fn missing_node_ids(&self) -> &[Arc<str>] {
        &self.missing.ids
    }

    /// The answers in the order of arrival; an error where one does not fit the type.
    pub fn iter(&self) -> impl Iterator<Item = Result<&A, &AckError>> {
        self.answers.iter().map(Result::as_ref)
    }

    /// The answers that fit.
    #[must_use]
    pub fn into_values(self) -> Vec<A> {
        self.answers.into_iter().filter_map(Result::ok).collect()
    }
}
