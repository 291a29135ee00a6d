use std::future::Future;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

#[cfg(doc)]
use super::Socket;
use super::{EventHandlers, Refusal, SessionState, handlers::plain};
use crate::{
    error::DisconnectReason,
    event::{Incoming, RawEvent, RawReply, Rejection, RejectionKind, raw},
};

/// The application's state for one socket, that is, for one client in one namespace.
///
/// [`connect`](Self::connect) creates it, handlers borrow it one at a time, and
/// [`disconnect`](Self::disconnect) is called at its end. It never leaves its worker thread, so it
/// need not be `Send`.
///
/// The methods take a [`Socket`], or a [`TypedSocket<Self>`](crate::TypedSocket) if the session
/// declares what it [emits](derive@crate::EventHandlers).
///
/// A panic in one of these methods or in a handler affects this socket only: the session is dropped,
/// the socket is disconnected, and the panic is logged and counted.
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
    /// The payload of the client's CONNECT packet (`auth` in its options). If the client sends none,
    /// `{}` is deserialized, and if that fails, `null`; `()` accepts any payload.
    ///
    /// If the payload does not deserialize, the client is refused with a message that names the field.
    type Auth: DeserializeOwned + 'static;

    /// Accepts a client into the namespace by returning a session, or refuses it.
    ///
    /// The socket can already join rooms and be emitted to; the client receives those events after the
    /// reply that it is connected. A refused client leaves its rooms again, and receives only the
    /// refusal, in its `connect_error`.
    ///
    /// # Cancel safety
    /// The future is dropped if the client disconnects before it has completed; `disconnect` is not
    /// called then. Clean up in `Drop`.
    ///
    /// # Recovery
    /// Also called for a client that recovers a socket whose session was not [saved](Self::save);
    /// [`Socket::recovered`] is true then.
    fn connect(
        auth: Self::Auth,
        socket: &Self::Socket,
    ) -> impl Future<Output = Result<Self, Refusal>>;

    /// Called when the socket is about to expire; see [`Socket::expires_in`]. It is called at most once
    /// for each expiry that is set, [`expiry_notice`](crate::HubBuilder::expiry_notice) before it, and
    /// not while a handler runs. By default it does nothing.
    ///
    /// Ask the client for a new token here, and receive it in a handler, or as the ack of an
    /// [`emit_with_ack`](Socket::emit_with_ack): events wait while this method runs, acks do not.
    ///
    /// # Cancel safety
    /// As [`Handle::handle`](crate::Handle::handle).
    fn expiring(&mut self, socket: &Self::Socket) -> impl Future<Output = ()> {
        let _ = socket;
        async {}
    }

    /// Called when the socket is being disconnected and is still in its rooms:
    /// [`fetch_sockets`](crate::Broadcast::fetch_sockets) still finds it. It receives nothing any more
    /// and cannot join rooms. [`disconnect`](Self::disconnect) is called next.
    ///
    /// If a handler is running when the client disconnects, the socket leaves its rooms at once, and
    /// this is called after the handler has ended. [`Socket::rooms`] returns the rooms in both cases,
    /// and broadcasts to them reach the other members.
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
    fn disconnecting(&mut self, socket: &Self::Socket, reason: DisconnectReason) {
        let _ = (socket, reason);
    }

    /// Called when the socket has been disconnected: it has left its rooms ([`Socket::rooms`] still
    /// returns them) and receives nothing any more. Called once for every session that `connect`
    /// returned, after a handler that is still running; not after a panic, at
    /// [`drain_timeout`](crate::HubBuilder::drain_timeout), or when the server's thread ends.
    fn disconnect(
        &mut self,
        socket: &Self::Socket,
        reason: DisconnectReason,
    ) -> impl Future<Output = ()> {
        let _ = (socket, reason);
        async {}
    }

    /// The state of the session to keep while its client is disconnected, if the hub has
    /// [`connection_state_recovery`](crate::HubBuilder::connection_state_recovery). Called before
    /// `disconnect`, and only if the client may recover. By default `None`: a client that recovers gets
    /// a new session from `connect`.
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

    /// Accepts a client that recovers a socket whose session was [saved](Self::save). The socket has
    /// its old id and is in its rooms again; what the client missed, and what is emitted to it now, is
    /// sent as with [`connect`](Self::connect). By default calls `connect`.
    ///
    /// # Cancel safety
    /// As [`connect`](Self::connect). The client can then try to recover once more.
    fn restore(
        state: SessionState,
        auth: Self::Auth,
        socket: &Self::Socket,
    ) -> impl Future<Output = Result<Self, Refusal>> {
        let _ = state;
        Self::connect(auth, socket)
    }

    /// Called for every event of the client before its handler or [`unhandled`](Self::unhandled), as
    /// Socket.IO's `onAny`. It costs nothing where it is not implemented.
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
    fn any(&mut self, event: &Incoming<'_>, socket: &Self::Socket) {
        let _ = (event, socket);
    }

    /// Handles an event that is not in `#[handles(..)]`. Returns the ack, or `None` for none; it is
    /// dropped if the client did not ask for one.
    ///
    /// By default returns [`event.refuse()`](RawEvent::refuse), which is counted and passed to
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
        socket: &Self::Socket,
    ) -> impl Future<Output = Result<Option<RawReply>, Rejection>> {
        plain::<Self>(socket)
            .namespace_inner()
            .notes_refusing::<Self>();
        async move { Err(event.refuse()) }
    }

    /// Called when an event is refused: its payload does not deserialize, it has no handler, or its
    /// handler returned an error. Returns the answer to a client that asked for an ack.
    ///
    /// By default [`Reply::Error`]; for events without a handler [`Reply::None`], as in Socket.IO.
    fn rejected(&mut self, event: &str, rejection: &Rejection, socket: &Self::Socket) -> Reply {
        let _ = (event, socket);
        match rejection.kind() {
            RejectionKind::Unhandled => Reply::None,
            _ => Reply::Error,
        }
    }
}

/// The answer to an event that was refused, if the client asked for an ack.
#[derive(Debug)]
pub enum Reply {
    /// `{"error": {"message": …, "data": …}}` from the rejection.
    Error,
    /// No answer: the client's own timeout applies.
    None,
    /// A value of the application; see [`Reply::with`].
    With(Box<RawValue>),
}

impl Reply {
    /// Answers with a value. If it does not serialize, that is logged, and [`Reply::Error`] sent instead.
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
