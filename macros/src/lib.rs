//! The derive macros of `roomcast`, which re-exports both: depend on that crate, not on this one.
//!
//! - [`macro@Event`]: a struct is an event, with its name and the form of its arguments.
//! - [`macro@EventHandlers`]: a session handles the events that it lists.
//!
//! Each derive reads its input in three steps: `parse` (what is written), `validate` (what it means), `expand` (the
//! impl). All mistakes are reported in one go, and the impl is emitted even beside an error, so that the error is not
//! drowned by others that merely follow from it.

mod attribute;
mod event;
mod handlers;
mod mistakes;
mod names;
mod serde_attribute;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct an event, to be received, sent, or both.
///
/// An event that a session receives derives serde's `Deserialize` beside it, one that is sent derives `Serialize`.
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Deserialize, Event)]
/// #[event(name = "chat message", ack = Receipt)]
/// struct Say {
///     room: String,
///     text: String,
/// }
///
/// #[derive(Serialize)]
/// struct Receipt {
///     id: u64,
/// }
///
/// #[derive(Serialize, Event)]
/// #[event(name = "chat message")]
/// struct Said<'a> {
///     from: &'a str,
///     text: &'a str,
/// }
///
/// assert_eq!(Say::NAME, Said::NAME);
/// ```
///
/// # The form of the arguments
///
/// | struct | arguments of the event | on the wire |
/// | --- | --- | --- |
/// | `struct Say { text: String }` | one, an object | `["say", {"text": "hi"}]` |
/// | `struct Say(String);` | one, the value itself | `["say", "hi"]` |
/// | `struct Move(u8, u8);` | one for each field | `["move", 3, 4]` |
/// | `struct Ping;` or `struct Ping();` | none | `["ping"]` |
///
/// serde's attributes mean what they always mean; a tuple field with `#[serde(skip)]` is no argument, and a struct
/// with `#[serde(transparent)]` is the one value that it wraps. Enums and unions are refused: wrap them, as in
/// `struct Moved(Direction);`.
///
/// Lifetimes, generic types and where clauses carry over to the impl.
///
/// # `#[event(..)]`
///
/// All words are optional.
///
/// | word | meaning | default |
/// | --- | --- | --- |
/// | `name = "chat message"` | the event's name; neither empty nor one that Socket.IO reserves (`connect`, `connect_error`, `disconnect`, `disconnecting`, `newListener`, `removeListener`) | the type's name in snake_case: `ChatMessage` is `chat_message` |
/// | `ack = Receipt` | the type of the receiver's answer; a tuple `(A, B)` is an argument for each element | `()` |
/// | `rejected = Invalid` | the type of the data that the event's rejections have, for the contract: it must be what handlers give to `Rejection::with_data`, which is not checked; needs `ack` | any data |
/// | `slow_consumer = "latest"` | what happens to a receiver that does not read fast enough: `"close"` it, `"drop_newest"`, `"drop_oldest"`, or keep only the `"latest"` | the policy of the hub |
/// | `key = user_id` | with `"latest"`: keep the latest for each value of this field, which implements `Hash`; a number names a tuple's field | no key |
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Serialize, Event)]
/// #[event(slow_consumer = "latest", key = user_id)]
/// struct CursorMoved {
///     user_id: u64,
///     x: u32,
///     y: u32,
/// }
///
/// let moved = |user_id, x| CursorMoved { user_id, x, y: 0 };
/// assert_eq!(CursorMoved::NAME, "cursor_moved");
/// assert_eq!(moved(7, 1).key(), moved(7, 2).key());
/// assert_ne!(moved(7, 1).key(), moved(8, 1).key());
/// ```
#[proc_macro_derive(Event, attributes(event))]
pub fn event(input: TokenStream) -> TokenStream {
    event::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Lists the events that a session handles, and routes each to its handler.
///
/// Each type in `#[handles(..)]` is an [`Event`](macro@Event) that derives serde's `Deserialize`, and the session has
/// an `impl Handle<..>` for it; a missing one is a compile error at that word. Two events of one name are refused.
/// `#[handles()]` is a session that only listens.
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Deserialize, Event)]
/// #[event(name = "chat message", ack = usize)]
/// struct Say {
///     text: String,
/// }
///
/// #[derive(Deserialize, Event)]
/// struct Typing;
///
/// #[derive(EventHandlers)]
/// #[handles(Say, Typing)]
/// struct Chat {
///     said: usize,
/// }
///
/// impl Handle<Say> for Chat {
///     async fn handle(&mut self, say: Say, _socket: &Socket) -> Result<usize, Rejection> {
///         self.said += say.text.len();
///         Ok(self.said)
///     }
/// }
///
/// impl Handle<Typing> for Chat {
///     async fn handle(&mut self, _typing: Typing, _socket: &Socket) -> Result<(), Rejection> {
///         Ok(())
///     }
/// }
///
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect((): (), _: &Socket) -> Result<Self, Refusal> { Ok(Self { said: 0 }) }
/// # }
/// assert_eq!(Chat::EVENTS, ["chat message", "typing"]);
/// ```
///
/// # `#[emits(..)]`
///
/// Optional: the events that the session's clients are sent. With it, emitting another is a compile error, and the
/// session is given a [`TypedSocket<Self>`](https://docs.rs/roomcast/latest/roomcast/struct.TypedSocket.html) in the
/// place of the `Socket`. A type with lifetimes is listed as `Said<'_>`; two events of one name are refused.
/// `#[emits()]` is a session that emits nothing.
///
/// # `#[broadcasts(..)]`
///
/// Optional, beside or in the place of `#[emits(..)]`: the events that the session's clients are sent in broadcasts only. To
/// emit one of them to a single socket is a compile error; a room, a namespace and a user are broadcast to. The
/// contract tells them apart from those in `#[emits(..)]`, which go to one socket or to many.
///
/// ```
/// use roomcast::prelude::*;
///
/// #[derive(Deserialize, Event)]
/// struct Say(String);
///
/// #[derive(Serialize, Event)]
/// struct Said<'a>(&'a str);
///
/// #[derive(Serialize, Event)]
/// struct Welcome;
///
/// #[derive(EventHandlers)]
/// #[handles(Say)]
/// #[emits(Welcome)]
/// #[broadcasts(Said<'_>)]
/// struct Chat;
///
/// impl Handle<Say> for Chat {
///     async fn handle(&mut self, say: Say, socket: &TypedSocket<Self>) -> Result<(), Rejection> {
///         Ok(socket.broadcast().emit(&Said(&say.0))?)
///     }
/// }
///
/// # impl Session for Chat {
/// #     type Auth = ();
/// #     async fn connect((): (), socket: &TypedSocket<Self>) -> Result<Self, Refusal> {
/// #         socket.emit(&Welcome)?;
/// #         Ok(Self)
/// #     }
/// # }
/// ```
#[proc_macro_derive(EventHandlers, attributes(handles, emits, broadcasts))]
pub fn event_handlers(input: TokenStream) -> TokenStream {
    handlers::derive(&parse_macro_input!(input as DeriveInput)).into()
}
