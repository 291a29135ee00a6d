//! What traces show: a span for each connection, and one in it for each piece of a session's code that is run.
//! Nothing of it is made while nobody wants it.

use std::{cell::RefCell, collections::HashMap, future::Future, pin::Pin};

use tracing::{Instrument, Span, level_filters::LevelFilter};

use crate::{
    id::SessionId,
    namespace::{Core, Handshake, Socket},
    supervision::catch,
};

/// Is shown the span of each connection when it begins.
pub(crate) struct OnConnectionSpan(pub(crate) Shown);

type Shown = Box<dyn Fn(&Span, &Handshake) + Send + Sync>;

/// The characters of a `traceparent` of version 00 (W3C Trace Context, section 3.2).
const TRACEPARENT: usize = 55;

thread_local! {
    /// Those of the worker's connections; not in each, nearly all of which would pay for having none.
    static SPANS: RefCell<HashMap<SessionId, Span>> = RefCell::default();
}

/// Makes the span of a connection that begins, if it is wanted.
pub(super) fn begin(core: &Core, session: SessionId, handshake: &Handshake, polling: bool) {
    let span = tracing::debug_span!(
        target: "roomcast::connection",
        "connection",
        peer = handshake.address().map(tracing::field::display),
        transport = if polling { "polling" } else { "websocket" },
        traceparent = traceparent(handshake),
        user = tracing::field::Empty,
    );
    if span.is_disabled() {
        return;
    }
    if let Some(OnConnectionSpan(shown)) = core.states.get()
        && let Err(panic) = catch(|| shown(&span, handshake))
    {
        core.node.metrics.panics.add(1);
        tracing::error!(panic, "a hook of the hub panicked");
    }
    SPANS.with_borrow_mut(|spans| spans.insert(session, span));
}

/// Whether anybody may want spans of their level: one load.
fn wanted() -> bool {
    LevelFilter::current() >= LevelFilter::DEBUG
}

/// What traces show of a connection; `None` if nobody looks.
pub(super) fn of(session: SessionId) -> Option<Span> {
    if !wanted() {
        return None;
    }
    let span = |spans: &RefCell<HashMap<_, Span>>| spans.borrow().get(&session).cloned();
    SPANS.try_with(span).ok().flatten()
}

/// The connection has ended.
pub(super) fn end(session: SessionId) {
    // Gone already with a thread that ends.
    let span = SPANS.try_with(|spans| spans.borrow_mut().remove(&session));
    drop(span);
}

/// The trace that the client is in; what is not in the form that it must have is left out, and so are
/// the values that mean none (sections 3.2.2.1, 3.2.2.3 and 3.2.2.4).
fn traceparent(handshake: &Handshake) -> Option<&str> {
    let value = handshake.header("traceparent")?;
    let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let mut bytes = value.bytes().enumerate();
    let fits = bytes.all(|(at, c)| match at {
        2 | 35 | 52 => c == b'-',
        _ => is_hex(c),
    });
    let is_zero = |part: Option<&str>| part.is_none_or(|part| part.bytes().all(|c| c == b'0'));
    let means_none =
        value.starts_with("ff") || is_zero(value.get(3..35)) || is_zero(value.get(36..52));
    (value.len() == TRACEPARENT && fits && !means_none).then_some(value)
}

/// A piece of a session's code, in a span of its own if that is wanted.
pub(super) fn traced<T: 'static>(
    event: &'static str,
    socket: &Socket,
    future: Pin<Box<dyn Future<Output = T>>>,
) -> Pin<Box<dyn Future<Output = T>>> {
    if !wanted() {
        return future;
    }
    let span = tracing::debug_span!(
        target: "roomcast::event",
        "event",
        event,
        namespace = socket.namespace_name(),
        socket = %socket.id(),
    );
    match span.is_disabled() {
        true => future,
        false => Box::pin(future.instrument(span)),
    }
}
