//! From the text of a packet to its parts, in one pass and without copying.
//!
//! Grammar: `type [count "-"] [namespace ","] [id] [json]`. The JavaScript parser reads numbers as
//! JavaScript does; what clients can observe of that is kept. Where it would yield a value that no
//! answer can carry (an id that is not an integer of 64 bits), the packet is refused.
//!
//! JSON is skipped, not built: skipping is iterative in serde_json, so nesting costs no stack, and
//! it leaves lone surrogates and huge numbers to whoever wants the value.

use super::error::DecodeError;
use super::event_name::is_reserved;
use super::packet::{Data, Event, Kind, Packet};
#[cfg(feature = "redis")]
use super::placeholder::token_len;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// What JSON calls whitespace (RFC 8259 section 2).
const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Decodes and validates the text of one packet.
pub(crate) fn decode(text: &str) -> Result<Packet<'_>, DecodeError> {
    let Parts {
        kind,
        attachments,
        nsp,
        id,
        json,
    } = parts(text)?;
    Ok(Packet {
        kind,
        nsp,
        id,
        data: data(kind, json)?,
        attachments,
    })
}

/// A packet whose payload has not been looked at.
pub(super) struct Parts<'a> {
    pub(super) kind: Kind,
    attachments: usize,
    pub(super) nsp: &'a str,
    pub(super) id: Option<u64>,
    /// Empty if there is none.
    pub(super) json: &'a str,
}

pub(super) fn parts(text: &str) -> Result<Parts<'_>, DecodeError> {
    let (kind, rest) = kind(text)?;
    let (attachments, rest) = if kind.is_binary() {
        attachments(rest)?
    } else {
        (0, rest)
    };
    let (nsp, rest) = namespace(rest);
    let (id, json) = ack_id(rest)?;
    Ok(Parts {
        kind,
        attachments,
        nsp,
        id,
        json,
    })
}

/// The text between the brackets of a valid JSON array.
pub(crate) fn elements(array: &str) -> &str {
    array
        .trim_matches(WHITESPACE)
        .strip_prefix('[')
        .and_then(|array| array.strip_suffix(']'))
        .unwrap_or_default()
        .trim_matches(WHITESPACE)
}

fn kind(text: &str) -> Result<(Kind, &str), DecodeError> {
    let mut rest = text.chars();
    let Some(first) = rest.next() else {
        // The reference reads an empty message as type 0.
        return Ok((Kind::Connect, ""));
    };
    u8::try_from(first)
        .ok()
        .and_then(Kind::from_digit)
        .map(|kind| (kind, rest.as_str()))
        .ok_or(DecodeError::UnknownType(first))
}

fn attachments(text: &str) -> Result<(usize, &str), DecodeError> {
    let (count, rest) = text
        .split_once('-')
        .ok_or(DecodeError::IllegalAttachments)?;
    Ok((attachment_count(count)?, rest))
}

/// JavaScript takes any decimal literal with an integer value: `1`, `01`, `1.0`, `1e1`.
fn attachment_count(text: &str) -> Result<usize, DecodeError> {
    // The filter keeps out the names that Rust parses as floats (`inf`, `nan`).
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+'))
    {
        return Err(DecodeError::IllegalAttachments);
    }
    match text.parse::<f64>() {
        // Saturates, and the limit on attachments refuses what saturated.
        Ok(count) if count >= 1.0 && count.fract() == 0.0 => Ok(count as usize),
        _ => Err(DecodeError::IllegalAttachments),
    }
}

/// A namespace runs to the comma or, as in `0/admin`, to the end of the packet.
fn namespace(text: &str) -> (&str, &str) {
    if text.starts_with('/') {
        text.split_once(',').unwrap_or((text, ""))
    } else {
        ("/", text)
    }
}

/// The reference counts whitespace among the digits and converts the run as `Number()` does, which
/// trims it and takes nothing for 0.
fn ack_id(text: &str) -> Result<(Option<u64>, &str), DecodeError> {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_digit() && !byte.is_ascii_whitespace())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return Ok((None, rest));
    }
    let id = digits
        .trim_ascii()
        .bytes()
        .try_fold(0u64, |id, byte| {
            let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
            id.checked_mul(10)?.checked_add(digit.into())
        })
        .ok_or(DecodeError::IllegalId)?;
    Ok((Some(id), rest))
}

pub(super) fn data(kind: Kind, json: &str) -> Result<Data<'_>, DecodeError> {
    if json.is_empty() {
        return Ok(Data::None);
    }
    let data = match (kind, json.as_bytes().first()) {
        (Kind::Event | Kind::BinaryEvent, Some(b'[')) => return event(json).map(Data::Event),
        (Kind::Connect, Some(b'{')) => Data::Object(json),
        (Kind::Ack | Kind::BinaryAck, Some(b'[')) => Data::Ack(json),
        (Kind::ConnectError, Some(b'{' | b'"')) => Data::Error(json),
        _ => return Err(DecodeError::InvalidPayload),
    };
    match serde_json::from_str::<IgnoredAny>(json) {
        Ok(_) => Ok(data),
        Err(_) => Err(DecodeError::InvalidPayload),
    }
}

/// Whether a valid JSON array is an event to receivers: it begins with a name, and that is not
/// reserved.
#[cfg(feature = "redis")]
pub(crate) fn is_event(array: &str) -> bool {
    let elements = elements(array);
    let (first, _) = elements.split_at(token_len(elements));
    event_name(first).is_some_and(|name| !is_reserved(&name))
}

fn event(array: &str) -> Result<Event<'_>, DecodeError> {
    let event = named(array)?.ok_or(DecodeError::InvalidPayload)?;
    if is_reserved(&event.name) {
        return Err(DecodeError::ReservedName);
    }
    Ok(event)
}

/// An event by whatever name; `None` if the array does not start with one.
pub(crate) fn named(array: &str) -> Result<Option<Event<'_>>, DecodeError> {
    let mut json = serde_json::Deserializer::from_str(array);
    let first = json
        .deserialize_seq(First)
        .and_then(|first| json.end().map(|()| first.map(RawValue::get)))
        .map_err(|_| DecodeError::InvalidPayload)?;
    let Some((first, name)) = first.and_then(|first| Some((first, event_name(first)?))) else {
        return Ok(None);
    };
    let args = elements(array)
        .strip_prefix(first)
        .map(|rest| rest.trim_start_matches(WHITESPACE))
        .and_then(|rest| rest.strip_prefix(','))
        .unwrap_or_default()
        .trim_start_matches(WHITESPACE);
    Ok(Some(Event { name, args, array }))
}

/// A name is a string or a number, given as valid JSON.
fn event_name(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes() {
        [b'"', inner @ .., b'"'] if inner.contains(&b'\\') => {
            // Fails on a lone surrogate, which no name can equal.
            serde_json::from_str(json).ok().map(Cow::Owned)
        }
        [b'"', inner @ .., b'"'] => json.get(1..=inner.len()).map(Cow::Borrowed),
        [b'-' | b'0'..=b'9', ..] => Some(Cow::Borrowed(json)),
        _ => None,
    }
}

/// Visits an array for its first element and skips the others.
struct First;

impl<'de> Visitor<'de> for First {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array that starts with an event's name")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let first = array.next_element()?;
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first)
    }
}
