//! From a message to a packet.

use super::super::parser::{OwnedPacket, PacketType};
use super::error::Error;
use super::input::{Input, Token};
use super::json::Json;

/// What JavaScript counts exactly: 2^53.
const MAX_SAFE: f64 = 9_007_199_254_740_992.0;

/// Reads a packet that may not become more than `limit` bytes.
pub(super) fn packet(message: &[u8], limit: usize) -> Result<OwnedPacket, Error> {
    let mut input = Input::new(message);
    let Token::Map(members) = input.token()? else {
        return Err(Error::Type);
    };
    let (mut kind, mut namespace, mut id, mut data) = (None, None, None, None);
    // Of a key that is there twice, the last counts, as in JavaScript.
    for _ in 0..members {
        match input.token()? {
            Token::Str(b"type") => kind = Some(self::kind(input.token()?)?),
            Token::Str(b"nsp") => namespace = Some(self::namespace(input.token()?)?),
            Token::Str(b"id") => id = self::id(input.token()?)?,
            Token::Str(b"data") => {
                let first = input.token()?;
                data = match first {
                    Token::Undefined => None,
                    _ => Some((first, Json::read(first, &mut input, limit)?)),
                };
            }
            Token::Array(_) | Token::Map(_) => return Err(Error::Key),
            // Clients send `options`.
            _ => input.skip()?,
        }
    }
    input.end()?;
    let kind = kind.ok_or(Error::Type)?;
    let namespace = namespace.ok_or(Error::Namespace)?;
    if !fits(kind, data.as_ref().map(|(first, _)| first)) {
        return Err(Error::Payload);
    }
    let (data, attachments) = match data {
        Some((_, json)) => (Some(json.text), json.attachments),
        None => (None, Vec::new()),
    };
    Ok(OwnedPacket {
        kind,
        namespace,
        id,
        data,
        attachments,
    })
}

fn kind(token: Token<'_>) -> Result<PacketType, Error> {
    integer(token)
        .and_then(|number| u8::try_from(number).ok())
        .and_then(PacketType::from_number)
        .ok_or(Error::Type)
}

fn namespace(token: Token<'_>) -> Result<String, Error> {
    match token {
        Token::Str(text) => Ok(String::from_utf8_lossy(text).into_owned()),
        _ => Err(Error::Namespace),
    }
}

fn id(token: Token<'_>) -> Result<Option<u64>, Error> {
    match token {
        Token::Undefined => Ok(None),
        token => integer(token).map(Some).ok_or(Error::Id),
    }
}

/// JavaScript has one type of number: `2.0` is an integer.
fn integer(token: Token<'_>) -> Option<u64> {
    match token {
        Token::Uint(number) => Some(number),
        Token::Float(number) => {
            (number.fract() == 0.0 && (0.0..=MAX_SAFE).contains(&number)).then_some(number as u64)
        }
        _ => None,
    }
}

fn fits(kind: PacketType, data: Option<&Token<'_>>) -> bool {
    match kind {
        PacketType::Connect => matches!(data, None | Some(Token::Map(_))),
        PacketType::Disconnect => data.is_none(),
        PacketType::Event | PacketType::Ack => matches!(data, Some(Token::Array(_))),
        PacketType::ConnectError => matches!(data, Some(Token::Map(_) | Token::Str(_))),
    }
}
