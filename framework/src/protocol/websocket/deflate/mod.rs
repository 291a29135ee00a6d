//! permessage-deflate (RFC 7692): what is agreed in the handshake, and messages deflated and inflated.
//!
//! Both directions agree to `no_context_takeover`: every message stands alone, so that one [`Deflater`] and one
//! [`Inflater`] serve any number of connections, and a deflated message any number of receivers.
//!
//! | module | holds |
//! | --- | --- |
//! | [`offer`] | what a client offers, element by element |
//! | [`negotiate`] | what is agreed to, and the answer that says so |
//! | [`window`] | the size of a sliding window |
//! | [`inflater`] | payloads of a client, inflated up to a limit |
//! | [`deflater`] | payloads for a client, deflated |
//! | [`frames`] | frames that we send, with their payloads deflated |

pub(crate) mod deflater;
pub(crate) mod frames;
pub(crate) mod inflater;
pub(crate) mod negotiate;
mod offer;
pub(crate) mod window;

pub(crate) use deflater::{Deflater, Effort};
pub(crate) use inflater::Inflater;
pub(crate) use negotiate::{Agreed, Terms, negotiate};
pub(crate) use window::WindowBits;

/// What a sync flush ends with. It is cut off a message before it is sent and put back before it is inflated (section
/// 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// A number of bytes that are in memory.
fn in_memory(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
