//! How bytes come and go: the WebSocket handshake, the socket taken over from actix-web, and what
//! waits to be written. Nothing here knows what a packet means.
//!
//! | module | holds |
//! | --- | --- |
//! | [`frame`] | a packet encoded once, shared by its receivers |
//! | [`plain`] | a frame read back to its packet |
//! | [`numbered`] | a packet with room for its offset in the log |
//! | [`outbox`] | what waits for one connection, and what happens when it is too much |
//! | [`deflate`] | permessage-deflate in the handshake |
//! | [`handshake`] | the WebSocket handshake and the choice of how the socket is served |
//! | [`handoff`] | the socket taken out of actix-web's dispatcher |
//! | [`body_stream`] | the same behind a response body, where the socket cannot be had |
//! | [`poll`] | the answers to a polling session's GETs |
//! | [`permit`] | what a polling session may have only one of |
//! | [`long_answer`] | the body of such an answer, for who does not read it |
//! | [`parked`] | a GET that has waited for long, without its dispatcher |
//! | [`relay`] | a body stream that is served on another worker |
//! | [`pipe`] | what carries its bytes there and back |
//! | [`turn_away`] | a WebSocket that is told why it cannot stay |
//! | [`io`] | one interface to all of them |

pub(crate) mod body_stream;
pub(crate) mod deflate;
pub(crate) mod frame;
pub(crate) mod handoff;
pub(crate) mod handshake;
pub(crate) mod io;
pub(crate) mod long_answer;
pub(crate) mod numbered;
pub(crate) mod outbox;
pub(crate) mod parked;
pub(crate) mod permit;
mod pipe;
pub(crate) mod plain;
pub(crate) mod poll;
mod relay;
mod transcode;
pub(crate) mod turn_away;

#[cfg(all(test, target_os = "linux"))]
mod io_tests;
#[cfg(test)]
mod properties;
