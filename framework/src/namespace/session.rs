use std::future::Future;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{EventHandlers, Refusal, SessionState, Socket};
use crate::{
    error::DisconnectReason,
    event::{Incoming, RawEvent, RawReply, Rejection, RejectionKind, raw},
};

/// The application's value behind a socket: one for each client and namespace.
///
/// It is made when the client connects, lent to one handler at a time, and told when the client
/// has gone. It never leaves its worker thread, so it need not be `Send`.
///
/// A panic in one of these functions or in a handler costs this socket alone: the value is lost,
/// the socket is disconnected, and the panic is traced and counted.
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Deserialize)]
/// struct Token {
///     token: String,
/// }
///
/// #[derive(EventHandlers)]
/// #[handles()]
/// struct Listener {
///     user: String,
/// }
///
/// impl Session for Listener {
///     type Auth = Token;
///
///     async fn connect(auth: Token, socket: &Socket) -> Result<Self, Refusal> {
///         let Some(user) = auth.token.strip_prefix("user:") else {
///             return Err(Refusal::new("not authorized"));
///         };
///         socket.join("news")?;
///         Ok(Self { user: user.to_owned() })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session",
    label = "not a session",
    note = "write `impl Session for {Self}` with `type Auth` and `async fn connect`"
)]
pub trait Session: EventHandlers {
    /// The payload of the client's CONNECT packet (`auth` in its options). A client that sends
    /// none is read as `{}`, then as null; `()` takes whatever comes.
    ///
    /// One that does not fit refuses the connection with a message that names the field.
    type Auth: DeserializeOwned + 'static;

    /// Lets a client into the namespace, or refuses it.
    ///
    /// The socket can be emitted to and join rooms at once; the client gets what it is sent here
    /// right behind the reply that it is connected. A refused socket leaves its rooms again, and
    /// gets only the refusal.
    ///
    /// # Cancel safety
    /// The future is dropped when the client goes before it is done; `disconnect` is not called
    /// then. Clean up in `Drop`.
    ///
    /// # Recovery
    /// A client that comes back to a session of which nothing was [saved](Self::save) passes
    /// through here too, with [`Socket::recovered`].
    fn connect(auth: Self::Auth, socket: &Socket) -> impl Future<Output = Result<Self, Refusal>>;

    /// The socket is about to expire: see [`Socket::expires_in`]. Called at most once for each time
    /// that is set, [`expiry_notice`](crate::HubBuilder::expiry_notice) before, after the handler
    /// that runs then. By default nothing happens.
    ///
    /// Ask the client for a new token here. Take it in a handler, or as the answer to an
    /// [`emit_with_ack`](Socket::emit_with_ack): events wait while this runs, answers do not.
    ///
    /// # Cancel safety
    /// As [`Handle::handle`](crate::Handle::handle).
    fn expiring(&mut self, socket: &Socket) -> impl Future<Output = ()> {
        let _ = socket;
        async {}
    }

    /// The socket is about to leave its rooms: whom it broadcasts to from here are still its
    /// fellows, and [`fetch_sockets`](crate::Broadcast::fetch_sockets) still finds it. It gets
    /// nothing any more and joins nothing. [`disconnect`](Self::disconnect) is called next.
    ///
    /// While a handler runs the socket does not wait for it: it leaves its rooms at once, and this
    /// is called when the handler has ended. [`Socket::rooms`] tells the rooms in both cases, and
    /// broadcasts reach who else is in them.
    ///
    /// ```
    /// use roomcast::prelude::*;
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    ///
    /// #[derive(Serialize, Event)]
    /// struct Left(roomcast::SocketId);
    ///
    /// impl Session for Chat {
    ///     # type Auth = ();
    ///     # async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    ///     fn disconnecting(&mut self, socket: &Socket, _: DisconnectReason) {
    ///         for room in socket.rooms() {
    ///             let _ = socket.to(room).emit(&Left(socket.id()));
    ///         }
    ///     }
    /// }
    /// ```
    fn disconnecting(&mut self, socket: &Socket, reason: DisconnectReason) {
        let _ = (socket, reason);
    }

    /// The socket has been disconnected: it has left its rooms ([`Socket::rooms`] still tells
    /// which) and gets nothing more. Called once for every `connect` that returned a session,
    /// after the handler that was running; not after a panic.
    fn disconnect(
        &mut self,
        socket: &Socket,
        reason: DisconnectReason,
    ) -> impl Future<Output = ()> {
        let _ = (socket, reason);
        async {}
    }

    /// What is kept of the session while its client is away, where the hub has
    /// [`connection_state_recovery`](crate::HubBuilder::connection_state_recovery). Called before
    /// `disconnect`, and only when the client may come back. By default nothing: a client that
    /// comes back gets a new session from `connect`.
    ///
    /// ```
    /// use roomcast::{SessionState, prelude::*};
    ///
    /// #[derive(EventHandlers)]
    /// #[handles()]
    /// struct Player {
    ///     score: u32,
    /// }
    ///
    /// impl Session for Player {
    ///     type Auth = ();
    ///
    ///     async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
    ///         Ok(Self { score: 0 })
    ///     }
    ///
    ///     fn save(&self) -> Option<SessionState> {
    ///         SessionState::of(&self.score)
    ///     }
    ///
    ///     async fn restore(state: SessionState, _: (), _: &Socket) -> Result<Self, Refusal> {
    ///         Ok(Self { score: state.read()? })
    ///     }
    /// }
    /// ```
    fn save(&self) -> Option<SessionState> {
        None
    }

    /// Lets a client in that has come back to a session of which something was kept. The socket has
    /// its old id and is in its rooms again; what the client missed and what comes meanwhile is
    /// sent as with [`connect`](Self::connect), which is what this does by default.
    ///
    /// # Cancel safety
    /// As [`connect`](Self::connect). The client may then come back once more.
    fn restore(
        state: SessionState,
        auth: Self::Auth,
        socket: &Socket,
    ) -> impl Future<Output = Result<Self, Refusal>> {
        let _ = state;
        Self::connect(auth, socket)
    }

    /// Sees every event of the client before its handler, or [`unhandled`](Self::unhandled), gets
    /// it; Socket.IO's `onAny`. Nothing is spent on it where it is not written.
    ///
    /// ```
    /// use roomcast::{Incoming, prelude::*};
    /// # #[derive(EventHandlers)] #[handles()] struct Chat { events: u64 }
    ///
    /// impl Session for Chat {
    ///     # type Auth = ();
    ///     # async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self { events: 0 }) }
    ///     fn any(&mut self, event: &Incoming<'_>, socket: &Socket) {
    ///         self.events += 1;
    ///         println!("{} sends {} {}", socket.id(), event.name(), event.json());
    ///     }
    /// }
    /// ```
    #[inline]
    fn any(&mut self, event: &Incoming<'_>, socket: &Socket) {
        let _ = (event, socket);
    }

    /// Handles an event that is not in `#[handles(..)]`. Returns what to answer; where the client
    /// did not ask, that is dropped, and `None` answers nothing.
    ///
    /// By default [`event.refuse()`](RawEvent::refuse): it is counted, and given to
    /// [`rejected`](Self::rejected).
    ///
    /// ```
    /// use roomcast::{RawEvent, RawReply, prelude::*};
    /// # #[derive(EventHandlers)] #[handles()] struct Chat;
    ///
    /// impl Session for Chat {
    ///     # type Auth = ();
    ///     # async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> { Ok(Self) }
    ///     async fn unhandled(
    ///         &mut self,
    ///         event: RawEvent,
    ///         _: &Socket,
    ///     ) -> Result<Option<RawReply>, Rejection> {
    ///         match event.name() {
    ///             "add" => {
    ///                 let (left, right) = event.args::<(i32, i32)>()?;
    ///                 Ok(Some(RawReply::new([left.saturating_add(right)])))
    ///             }
    ///             _ => Err(event.refuse()),
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// A [`Rejection`], as from any handler.
    ///
    /// # Cancel safety
    /// As [`Handle::handle`](crate::Handle::handle).
    fn unhandled(
        &mut self,
        event: RawEvent,
        socket: &Socket,
    ) -> impl Future<Output = Result<Option<RawReply>, Rejection>> {
        socket.namespace_inner().notes_refusing::<Self>();
        async move { Err(event.refuse()) }
    }

    /// An event was refused: its payload does not fit, there is no handler for it, or the handler
    /// returned an error. Returns what to answer if the client asked for an ack.
    ///
    /// By default [`Reply::Error`], and nothing for events without a handler, as Socket.IO does.
    fn rejected(&mut self, event: &str, rejection: &Rejection, socket: &Socket) -> Reply {
        let _ = (event, socket);
        match rejection.kind() {
            RejectionKind::Unhandled => Reply::None,
            _ => Reply::Error,
        }
    }
}

/// What answers an event that was refused.
#[derive(Debug)]
pub enum Reply {
    /// `{"error": {"message": …, "data": …}}` from the rejection.
    Error,
    /// Nothing: the client's timeout tells.
    None,
    /// A value of the application's; see [`Reply::with`].
    With(Box<RawValue>),
}

impl Reply {
    /// Answers with a value. One that does not serialize is traced, and the error sent instead.
    ///
    /// ```
    /// use roomcast::Reply;
    ///
    /// let reply = Reply::with(&serde_json::json!({"code": 429}));
    /// assert!(matches!(reply, Reply::With(_)));
    /// ```
    pub fn with<T: Serialize + ?Sized>(value: &T) -> Self {
        raw(value, "reply").map_or(Self::Error, Self::With)
    }
}
