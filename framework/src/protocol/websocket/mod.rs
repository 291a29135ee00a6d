//! The WebSocket protocol (RFC 6455), server side: bytes in, messages out, and frames to send.
//!
//! What belongs here: frames, fragmentation, masking, UTF-8, close codes and the limits on what a peer may make us
//! hold. What does not: sockets, timers, the HTTP handshake and what a message means. Nothing here is asynchronous
//! or knows of actix.
//!
//! | module | holds |
//! | --- | --- |
//! | [`decoder`] | the incremental [`Decoder`], from read blocks to messages |
//! | [`input`] | the cursor over a read block that the decoder consumes |
//! | [`frame`] | frame headers and opcodes, both directions |
//! | [`control`] | control frames to send, on the stack |
//! | [`deflate`] | permessage-deflate |
//! | [`mask`] | masking |
//! | [`message`] | what the decoder hands out |
//! | [`utf8`] | UTF-8 checked as it arrives |
//! | [`close`] | close codes and reasons |
//! | [`limits`] | what one peer may make us hold |
//! | [`error`] | what a peer can do wrong, and the close code that answers it |
//!
//! The folder refers to nothing outside itself, so that the fuzz target can include it alone.

pub(crate) mod close;
pub(crate) mod control;
pub(crate) mod decoder;
pub(crate) mod deflate;
pub(crate) mod error;
pub(crate) mod frame;
pub(crate) mod input;
pub(crate) mod limits;
pub(crate) mod mask;
pub(crate) mod message;
pub(crate) mod utf8;

pub(crate) use close::{Close, CloseCode};
pub(crate) use control::ControlFrame;
pub(crate) use decoder::Decoder;
pub(crate) use error::Error;
pub(crate) use frame::Opcode;
pub(crate) use input::Input;
pub(crate) use limits::Limits;
pub(crate) use message::Message;

#[cfg(test)]
mod tests;
