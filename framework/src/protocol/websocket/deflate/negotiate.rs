//! What the two sides agree to (RFC 7692 section 7.1).

use std::fmt;

use super::offer::{Offer, offers};
use super::window::WindowBits;

/// What this server would have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// The largest window that we deflate with.
    pub(crate) server_window: WindowBits,
    /// The largest window that clients should deflate with. A client that cannot be asked uses what it likes; we
    /// inflate any.
    pub(crate) client_window: WindowBits,
}

/// What a connection has agreed to. Displayed, it is the answer to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// What we deflate with.
    pub(crate) server_window: WindowBits,
    /// The answer must name the window, lest the client hold the largest for us.
    names_server_window: bool,
    client_window: Option<u8>,
}

/// Takes the first acceptable offer of the header's values. `None` where there is none: the connection goes on
/// without compression.
pub(crate) fn negotiate<'a>(
    headers: impl IntoIterator<Item = &'a str>,
    terms: Terms,
) -> Option<Agreed> {
    headers
        .into_iter()
        .flat_map(offers)
        .find_map(|offer| accept(&offer, terms))
}

/// `None` if the client asks for a window that we cannot deflate with.
fn accept(offer: &Offer, terms: Terms) -> Option<Agreed> {
    let server_window = match offer.server_max_window_bits {
        Some(bits) => WindowBits::new(bits)?.min(terms.server_window),
        None => terms.server_window,
    };
    let client_window = offer.client_max_window_bits.and_then(|offered| {
        let ours = terms.client_window.get();
        match offered {
            Some(theirs) => Some(theirs.min(ours)),
            None => (ours < WindowBits::MAX.get()).then_some(ours),
        }
    });
    Some(Agreed {
        server_window,
        names_server_window: offer.server_max_window_bits.is_some()
            || server_window < WindowBits::MAX,
        client_window,
    })
}

impl fmt::Display for Agreed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A server may ask for both without having been offered either (sections 7.1.1.1 and 7.1.1.2).
        out.write_str(
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        )?;
        if self.names_server_window {
            write!(out, "; server_max_window_bits={}", self.server_window.get())?;
        }
        if let Some(bits) = self.client_window {
            write!(out, "; client_max_window_bits={bits}")?;
        }
        Ok(())
    }
}
