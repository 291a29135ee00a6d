//! The header `Sec-WebSocket-Extensions` of a client, as far as it offers permessage-deflate.

/// One offer of permessage-deflate: what the client asks of us, and what it lets us ask of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) server_no_context_takeover: bool,
    pub(super) client_no_context_takeover: bool,
    /// We must not use a larger window.
    pub(super) server_max_window_bits: Option<u8>,
    /// `Some` if the client can be asked to use a smaller window; with a value, it will use none larger than that.
    pub(super) client_max_window_bits: Option<Option<u8>>,
}

/// The offers in one header value, in the client's order of preference. Other extensions, and offers that break a
/// rule of RFC 7692 section 7.1, are passed over.
pub(super) fn offers(header: &str) -> impl Iterator<Item = Offer> {
    split(header, ',').filter_map(offer)
}

fn offer(element: &str) -> Option<Offer> {
    let mut parts = split(element, ';').map(str::trim);
    if parts.next()? != "permessage-deflate" {
        return None;
    }
    let mut offer = Offer::default();
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(window_bits(value.trim_start())?)),
            None => (part, None),
        };
        // A parameter that comes twice, or a value where none belongs, makes the offer invalid.
        let repeated = match (name, value) {
            ("server_no_context_takeover", None) => {
                std::mem::replace(&mut offer.server_no_context_takeover, true)
            }
            ("client_no_context_takeover", None) => {
                std::mem::replace(&mut offer.client_no_context_takeover, true)
            }
            ("server_max_window_bits", Some(bits)) => {
                offer.server_max_window_bits.replace(bits).is_some()
            }
            ("client_max_window_bits", bits) => {
                offer.client_max_window_bits.replace(bits).is_some()
            }
            _ => return None,
        };
        if repeated {
            return None;
        }
    }
    Some(offer)
}

/// A number from 8 to 15 without leading zeros (section 7.1.2), as a token or quoted (RFC 6455 section 9.1).
fn window_bits(value: &str) -> Option<u8> {
    let quoted = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    match quoted.unwrap_or(value) {
        "8" => Some(8),
        "9" => Some(9),
        "10" => Some(10),
        "11" => Some(11),
        "12" => Some(12),
        "13" => Some(13),
        "14" => Some(14),
        "15" => Some(15),
        _ => None,
    }
}

/// Splits at a separator outside of quotes; a backslash in quotes escapes.
fn split(list: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    list.split(move |character| {
        let literal = std::mem::take(&mut escaped);
        match character {
            _ if literal => {}
            '"' => quoted = !quoted,
            '\\' => escaped = quoted,
            _ => {}
        }
        !quoted && character == separator
    })
}
