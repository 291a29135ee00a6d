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
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// What JSON calls whitespace (RFC 8259 section 2).
const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Decodes and validates the text of one packet.
pub(crate) fn decode(text: &str) -> Result<Packet<'_>, DecodeError> {
    let (kind, rest) = kind(text)?;
    let (attachments, rest) = if kind.is_binary() {
        attachments(rest)?
    } else {
        (0, rest)
    };
    let (nsp, rest) = namespace(rest);
    let (id, rest) = ack_id(rest)?;
    Ok(Packet {
        kind,
        nsp,
        id,
        data: data(kind, rest)?,
        attachments,
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

fn data(kind: Kind, json: &str) -> Result<Data<'_>, DecodeError> {
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

fn event(array: &str) -> Result<Event<'_>, DecodeError> {
    let mut json = serde_json::Deserializer::from_str(array);
    let first = json
        .deserialize_seq(First)
        .and_then(|first| json.end().map(|()| first.get()))
        .map_err(|_| DecodeError::InvalidPayload)?;
    let name = event_name(first)?;
    if is_reserved(&name) {
        return Err(DecodeError::ReservedName);
    }
    let args = elements(array)
        .strip_prefix(first)
        .map(|rest| rest.trim_start_matches(WHITESPACE))
        .and_then(|rest| rest.strip_prefix(','))
        .unwrap_or_default()
        .trim_start_matches(WHITESPACE);
    Ok(Event { name, args, array })
}

/// A name is a string or a number, given as valid JSON.
fn event_name(json: &str) -> Result<Cow<'_, str>, DecodeError> {
    match json.as_bytes() {
        [b'"', inner @ .., b'"'] if inner.contains(&b'\\') => serde_json::from_str(json)
            .map(Cow::Owned)
            // A lone surrogate, which no name can equal.
            .map_err(|_| DecodeError::InvalidPayload),
        [b'"', inner @ .., b'"'] => {
            let name = json.get(1..=inner.len()).unwrap_or_default();
            Ok(Cow::Borrowed(name))
        }
        [b'-' | b'0'..=b'9', ..] => Ok(Cow::Borrowed(json)),
        _ => Err(DecodeError::InvalidPayload),
    }
}

/// Visits an array for its first element and skips the others.
struct First;

impl<'de> Visitor<'de> for First {
    type Value = &'de RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array that starts with an event's name")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let first = array
            .next_element()?
            .ok_or_else(|| A::Error::invalid_length(0, &self))?;
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first)
    }
}
