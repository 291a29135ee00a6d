//! What traces show: a span for each connection, and one in it for each piece of a session's code that is run.
//! Nothing of it is made while nobody wants it.

use std::{future::Future, pin::Pin};

use tracing::{Instrument, Span};

use crate::{
    namespace::{Core, Handshake, Socket},
    supervision::catch,
};

/// Is shown the span of each connection when it begins.
pub(crate) struct OnConnectionSpan(pub(crate) Shown);

type Shown = Box<dyn Fn(&Span, &Handshake) + Send + Sync>;

/// The characters of a `traceparent` of version 00 (W3C Trace Context, section 3.2).
const TRACEPARENT: usize = 55;

/// The span of a connection; `None` if it is not wanted.
pub(super) fn connection(core: &Core, handshake: &Handshake, polling: bool) -> Option<Box<Span>> {
    let span = tracing::debug_span!(
        target: "roomcast::connection",
        "connection",
        peer = handshake.address().map(tracing::field::display),
        transport = if polling { "polling" } else { "websocket" },
        traceparent = traceparent(handshake),
        user = tracing::field::Empty,
    );
    if span.is_disabled() {
        return None;
    }
    if let Some(OnConnectionSpan(shown)) = core.states.get()
        && let Err(panic) = catch(|| shown(&span, handshake))
    {
        core.node.metrics.panics.add(1);
        tracing::error!(panic, "a hook of the hub panicked");
    }
    Some(Box::new(span))
}

/// The trace that the client is in; what is not in the form that it must have is left out.
fn traceparent(handshake: &Handshake) -> Option<&str> {
    let value = handshake.header("traceparent")?;
    let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let mut bytes = value.bytes().enumerate();
    let fits = bytes.all(|(at, c)| match at {
        2 | 35 | 52 => c == b'-',
        _ => is_hex(c),
    });
    (value.len() == TRACEPARENT && fits).then_some(value)
}

/// A piece of a session's code, in a span of its own if that is wanted.
pub(super) fn traced<T: 'static>(
    event: &'static str,
    socket: &Socket,
    future: Pin<Box<dyn Future<Output = T>>>,
) -> Pin<Box<dyn Future<Output = T>>> {
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
