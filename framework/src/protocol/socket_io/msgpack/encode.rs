//! From a packet to a message.

use super::super::{
    parser::{Packet, PacketType},
    placeholder::{Container, is_key, token_len},
};
use super::{error::Error, json::MAX_DEPTH};
use bytes::Bytes;
use rmp::encode::{
    write_array_len, write_bin, write_bool, write_f64, write_map_len, write_nil, write_sint,
    write_str, write_uint,
};
use smallvec::SmallVec;
use std::borrow::Cow;

/// Writes the members in the order in which Node does.
pub(super) fn packet(packet: &Packet<'_>) -> Result<Vec<u8>, Error> {
    let Packet {
        kind,
        namespace,
        id,
        data,
        attachments,
    } = *packet;
    let attached: usize = attachments.iter().map(Bytes::len).sum();
    let json = data.unwrap_or_default();
    let mut out = Vec::with_capacity(32 + namespace.len() + json.len() + attached);
    let members = 2 + u32::from(data.is_some()) + u32::from(id.is_some());
    write_map_len(&mut out, members)?;
    let is_ack = kind == PacketType::Ack;
    if is_ack {
        self::id(id, &mut out)?;
    }
    write_str(&mut out, "type")?;
    write_uint(&mut out, kind.number().into())?;
    if data.is_some() {
        write_str(&mut out, "data")?;
        value(json, attachments, &mut out)?;
    }
    if !is_ack {
        self::id(id, &mut out)?;
    }
    write_str(&mut out, "nsp")?;
    text(namespace, &mut out)?;
    Ok(out)
}

fn id(id: Option<u64>, out: &mut Vec<u8>) -> Result<(), Error> {
    if let Some(id) = id {
        write_str(out, "id")?;
        write_uint(out, id)?;
    }
    Ok(())
}

/// An array or object whose end has not come yet.
struct Open {
    container: Container,
    /// Where its contents begin; the header that tells their number is put before them at the end.
    at: usize,
    len: u32,
    is_map: bool,
}

/// Appends a JSON value, with the attachments in the places of their placeholders. No deeper than values are
/// read: each container that ends moves its contents by the length of its header.
pub(crate) fn value(json: &str, attachments: &[Bytes], out: &mut Vec<u8>) -> Result<(), Error> {
    let attached: usize = attachments.iter().map(Bytes::len).sum();
    check_len(json.len().max(attached))?;
    let mut open: SmallVec<[Open; 4]> = SmallVec::new();
    let mut rest = json;
    while let Some(first) = rest.bytes().next() {
        let (token, after) = rest.split_at(token_len(rest));
        rest = after;
        match first {
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => continue,
            b']' | b'}' => {
                close(open.pop().ok_or(Error::Json)?, attachments, out)?;
                continue;
            }
            _ => {}
        }
        if let Some(parent) = open.last_mut() {
            let is_key = first == b'"' && is_key(rest);
            match is_key {
                true => parent.container.key(token),
                false => parent.container.value(token),
            }
            // The members of an object are counted by their keys.
            parent.len += u32::from(is_key || !parent.is_map);
        }
        match first {
            b'[' | b'{' => {
                if open.len() == MAX_DEPTH {
                    return Err(Error::TooDeep { limit: MAX_DEPTH });
                }
                open.push(Open {
                    container: Container::default(),
                    at: out.len(),
                    len: 0,
                    is_map: first == b'{',
                });
            }
            b'"' => write_str(out, &string(token)?)?,
            _ => scalar(token, out)?,
        }
    }
    match open.is_empty() {
        true => Ok(()),
        false => Err(Error::Json),
    }
}

/// Appends a string.
pub(crate) fn text(text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    check_len(text.len())?;
    Ok(write_str(out, text)?)
}

/// Appends an integer.
#[cfg(feature = "redis")]
pub(crate) fn number(number: u64, out: &mut Vec<u8>) -> Result<(), Error> {
    write_uint(out, number)?;
    Ok(())
}

/// Appends the header of an array, whose elements are to follow.
#[cfg(feature = "redis")]
pub(crate) fn begin_array(elements: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let elements = u32::try_from(elements).map_err(|_| Error::TooLong)?;
    write_array_len(out, elements)?;
    Ok(())
}

/// Appends the header of a map, whose keys and values are to follow.
#[cfg(feature = "redis")]
pub(crate) fn begin_map(members: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let members = u32::try_from(members).map_err(|_| Error::TooLong)?;
    write_map_len(out, members)?;
    Ok(())
}

/// No length in MessagePack has more than 32 bits.
fn check_len(len: usize) -> Result<(), Error> {
    match u32::try_from(len) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::TooLong),
    }
}

fn close(open: Open, attachments: &[Bytes], out: &mut Vec<u8>) -> Result<(), Error> {
    let Open {
        container,
        at,
        len,
        is_map,
    } = open;
    let attachment = container.index(attachments.len());
    if let Some(bytes) = attachment.and_then(|index| attachments.get(index)) {
        out.truncate(at);
        return Ok(write_bin(out, bytes)?);
    }
    let end = out.len();
    match is_map {
        true => write_map_len(out, len)?,
        false => write_array_len(out, len)?,
    };
    let header = out.len() - end;
    if let Some(contents) = out.get_mut(at..) {
        contents.rotate_right(header);
    }
    Ok(())
}

/// The text of a JSON string in its quotes.
fn string(token: &str) -> Result<Cow<'_, str>, Error> {
    if token.contains('\\') {
        // Fails on a lone surrogate, which UTF-8 cannot hold.
        return serde_json::from_str(token)
            .map(Cow::Owned)
            .map_err(|_| Error::Json);
    }
    token
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .map(Cow::Borrowed)
        .ok_or(Error::Json)
}

/// A literal, or a number: what is written as an integer is one.
fn scalar(token: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    match token {
        "null" => write_nil(out)?,
        "true" => write_bool(out, true)?,
        "false" => write_bool(out, false)?,
        _ => {
            if let Ok(number) = token.parse() {
                write_uint(out, number)?;
            } else if let Ok(number) = token.parse::<i64>() {
                write_sint(out, number)?;
            } else {
                write_f64(out, token.parse().map_err(|_| Error::Json)?)?;
            }
        }
    }
    Ok(())
}
