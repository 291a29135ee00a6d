//! Processes without sockets that emit to those of a cluster.
//!
//! | module | holds |
//! | --- | --- |
//! | `broadcast` | what is emitted, and to whom |
//! | `dialect` | which command it becomes |
//! | `session` | the connection, made again when it is lost |

mod attempt;
mod broadcast;
mod dialect;
mod session;

use std::{borrow::Cow, sync::Arc};

pub use broadcast::EmitterBroadcast;
use dialect::Dialect;
pub use dialect::IntoEmitter;
use serde::Serialize;
pub(super) use session::Session;

use crate::{
    cluster::adapter::Message,
    error::{AdapterError, EmitError},
    event::Event,
};

/// Emits to the sockets of a cluster from a process that serves none: a job, a cron task, another
/// service. What `@socket.io/redis-emitter` is to Node; servers of both kinds obey it.
///
/// It is given what [`HubBuilder::adapter`](crate::HubBuilder::adapter) is given on the nodes, with
/// the same prefixes: [`Redis::pub_sub`](crate::adapter::Redis::pub_sub), for which a URL is enough, or
/// [`Redis::streams`](crate::adapter::Redis::streams). Nodes with `Redis::sharded` hear no emitter.
/// Options about the outbox have no meaning here: each call waits for Redis.
///
/// ```no_run
/// use roomcast::{Emitter, prelude::*};
///
/// #[derive(Serialize, Event)]
/// struct Built {
///     version: String,
/// }
///
/// async fn tell(version: String) -> Result<(), Box<dyn std::error::Error>> {
///     let emitter = Emitter::connect("redis://127.0.0.1/").await?;
///     emitter.to("developers").emit(&Built { version }).await?;
///     emitter.of("/status").to("boards").emit_raw("refresh", &()).await?;
///     Ok(())
/// }
/// ```
///
/// Cheap to clone; clones share a connection. One that is lost is made anew by the next call.
/// The calls need a Tokio runtime.
#[derive(Clone)]
pub struct Emitter {
    shared: Arc<Shared>,
    namespace: Arc<str>,
}

struct Shared {
    session: Session,
    dialect: Dialect,
}

/// Why an [`Emitter`] has emitted nothing, or cannot know whether it has.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitterError {
    /// The event cannot be emitted: nothing was sent.
    #[error(transparent)]
    Event(#[from] EmitError),
    /// Redis could not be reached, or did not take the command. If the connection was lost
    /// meanwhile, it may have taken it all the same.
    #[error("Redis: {0}")]
    Redis(#[source] AdapterError),
}

impl Emitter {
    /// Connects to Redis, and is in the namespace `/`.
    ///
    /// # Errors
    /// If the options are not valid, or Redis cannot be reached.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn connect(redis: impl IntoEmitter) -> Result<Self, AdapterError> {
        let (link, dialect) = redis.into_emitter();
        dialect.validate()?;
        let session = Session::new(&link)?;
        session.connect(dialect.key("/").as_deref()).await?;
        Ok(Self {
            shared: Arc::new(Shared { session, dialect }),
            namespace: "/".into(),
        })
    }

    /// The same for another namespace; a leading slash may be missing.
    #[must_use]
    pub fn of(&self, namespace: &str) -> Self {
        let namespace = match namespace.starts_with('/') {
            true => namespace.into(),
            false => format!("/{namespace}").into(),
        };
        Self {
            shared: Arc::clone(&self.shared),
            namespace,
        }
    }

    /// To the members of a room. A socket's id is the name of a room, too.
    pub fn to<'a>(&'a self, room: impl Into<Cow<'a, str>>) -> EmitterBroadcast<'a> {
        self.broadcast().to(room)
    }

    /// To everyone in the namespace but the members of a room.
    pub fn except<'a>(&'a self, room: impl Into<Cow<'a, str>>) -> EmitterBroadcast<'a> {
        self.broadcast().except(room)
    }

    /// To everyone in the namespace.
    pub fn broadcast(&self) -> EmitterBroadcast<'_> {
        EmitterBroadcast::new(self)
    }

    /// Emits an event to everyone in the namespace.
    ///
    /// # Errors
    /// See [`EmitterError`].
    ///
    /// # Cancel safety
    /// Dropping the future after it was polled may or may not have emitted.
    pub async fn emit<E: Event + Serialize>(&self, event: &E) -> Result<(), EmitterError> {
        self.broadcast().emit(event).await
    }

    /// Emits an untyped event to everyone in the namespace; its arguments are a list, or `()`.
    ///
    /// # Errors
    /// See [`EmitterError`].
    ///
    /// # Cancel safety
    /// As [`emit`](Self::emit).
    pub async fn emit_raw<A: Serialize + ?Sized>(
        &self,
        name: &str,
        args: &A,
    ) -> Result<(), EmitterError> {
        self.broadcast().emit_raw(name, args).await
    }

    /// Emits an event to all servers, which handle it with
    /// [`NamespaceBuilder::on_server_side`](crate::NamespaceBuilder::on_server_side), and to no
    /// client. None answers.
    ///
    /// # Errors
    /// See [`EmitterError`].
    ///
    /// # Cancel safety
    /// As [`emit`](Self::emit).
    pub async fn server_side_emit<E: Event + Serialize>(
        &self,
        event: &E,
    ) -> Result<(), EmitterError> {
        let data = broadcast::data(|out| crate::event::encode(event, "/", None, out))?;
        let message = Message::ServerSideEmit {
            data,
            request: None,
        };
        self.send(&message).await
    }

    async fn send(&self, message: &Message<'_>) -> Result<(), EmitterError> {
        let Shared { session, dialect } = &*self.shared;
        let command = dialect.command(&self.namespace, message)?;
        let key = dialect.key(&self.namespace);
        let sent = session.send(&command, key.as_deref()).await;
        sent.map_err(EmitterError::Redis)
    }
}

impl std::fmt::Debug for Emitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emitter")
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}
