//! Frame headers and opcodes (RFC 6455 section 5.2), both directions.

use super::Error;
use super::mask::Mask;

/// The longest header a client can send: two bytes, a 64-bit length, the masking key.
pub(crate) const MAX_CLIENT_HEADER: usize = 14;

/// The longest header we send: as above, without the key.
pub(crate) const MAX_SERVER_HEADER: usize = 10;

/// The longest payload of a control frame (section 5.5).
pub(crate) const MAX_CONTROL_PAYLOAD: usize = 125;

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const RSV2: u8 = 0x20;
const RSV3: u8 = 0x10;
const OPCODE: u8 = 0x0F;
const CONTINUATION: u8 = 0x0;
const MASKED: u8 = 0x80;
const SHORT_LENGTH: u8 = 0x7F;
/// In place of a short length: two bytes of length follow.
const LENGTH_16: u8 = 126;
/// In place of a short length: eight bytes of length follow.
const LENGTH_64: u8 = 127;

/// The kind of a message. That a frame continues a message is not a kind of message: see [`Header::opcode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Opcode {
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xA,
}

impl Opcode {
    /// Control frames may come between the fragments of a message; data frames may not.
    pub(crate) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The header of a frame from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Whether this frame is the last of its message.
    pub(crate) fin: bool,
    /// `None` if the frame continues a message.
    pub(crate) opcode: Option<Opcode>,
    /// RSV1: the message that begins here is deflated (RFC 7692 section 6).
    pub(crate) deflated: bool,
    pub(crate) mask: Mask,
    /// What the peer declares; at most 125 in a control frame, otherwise not yet checked against any limit.
    pub(crate) payload_len: u64,
}

impl Header {
    /// Reads the header at the start of `bytes`, and says how long it is; `None` if it goes on after `bytes`.
    ///
    /// Each rule is checked as soon as the byte that it is about is here. Only with permessage-deflate `may_deflate`.
    ///
    /// # Errors
    /// What is wrong with this header, whatever frames came before.
    pub(crate) fn parse(bytes: &[u8], may_deflate: bool) -> Result<Option<(Self, usize)>, Error> {
        let Some((&first, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        let fin = first & FIN != 0;
        let opcode = parse_first(first, may_deflate)?;
        let control = opcode.is_some_and(Opcode::is_control);
        if control && !fin {
            return Err(Error::ControlFragmented);
        }

        let Some((&second, rest)) = rest.split_first() else {
            return Ok(None);
        };
        if second & MASKED == 0 {
            return Err(Error::Unmasked);
        }
        let short = second & SHORT_LENGTH;
        if control && usize::from(short) > MAX_CONTROL_PAYLOAD {
            return Err(Error::ControlTooLong);
        }

        let Some((payload_len, rest)) = parse_length(short, rest)? else {
            return Ok(None);
        };
        let Some((key, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        let header = Self {
            fin,
            opcode,
            deflated: first & RSV1 != 0,
            mask: Mask::new(*key),
            payload_len,
        };
        Ok(Some((header, bytes.len() - rest.len())))
    }
}

/// Checks the first byte of a header and returns its opcode, `None` for a continuation.
fn parse_first(first: u8, may_deflate: bool) -> Result<Option<Opcode>, Error> {
    if first & (RSV2 | RSV3) != 0 || (first & RSV1 != 0 && !may_deflate) {
        return Err(Error::ReservedBit);
    }
    let opcode = match first & OPCODE {
        CONTINUATION => None,
        0x1 => Some(Opcode::Text),
        0x2 => Some(Opcode::Binary),
        0x8 => Some(Opcode::Close),
        0x9 => Some(Opcode::Ping),
        0xA => Some(Opcode::Pong),
        reserved => return Err(Error::ReservedOpcode(reserved)),
    };
    // permessage-deflate gives RSV1 a meaning on the first frame of a data message only (RFC 7692 section 6.1).
    if first & RSV1 != 0 && opcode.is_none_or(Opcode::is_control) {
        return Err(Error::ReservedBit);
    }
    Ok(opcode)
}

/// The payload length and what follows it in `bytes`; `None` if it goes on after `bytes`.
fn parse_length(short: u8, bytes: &[u8]) -> Result<Option<(u64, &[u8])>, Error> {
    let (len, minimum, rest) = match short {
        LENGTH_16 => {
            let Some((len, rest)) = bytes.split_first_chunk() else {
                return Ok(None);
            };
            (
                u64::from(u16::from_be_bytes(*len)),
                u64::from(LENGTH_16),
                rest,
            )
        }
        LENGTH_64 => {
            let Some((len, rest)) = bytes.split_first_chunk() else {
                return Ok(None);
            };
            (u64::from_be_bytes(*len), u64::from(u16::MAX) + 1, rest)
        }
        short => (u64::from(short), 0, bytes),
    };
    if len > i64::MAX as u64 {
        return Err(Error::LengthOutOfRange);
    }
    if len < minimum {
        return Err(Error::LengthNotMinimal);
    }
    Ok(Some((len, rest)))
}

/// The header of an unmasked, unfragmented frame of `payload_len` bytes: the bytes, and how many of them count.
pub(crate) fn encode_header(
    opcode: Opcode,
    payload_len: usize,
) -> ([u8; MAX_SERVER_HEADER], usize) {
    header_from(FIN | opcode as u8, payload_len)
}

fn header_from(first: u8, payload_len: usize) -> ([u8; MAX_SERVER_HEADER], usize) {
    let mut header = [0; MAX_SERVER_HEADER];
    if let Ok(len) = u16::try_from(payload_len) {
        let [high, low] = len.to_be_bytes();
        if len < u16::from(LENGTH_16) {
            header[..2].copy_from_slice(&[first, low]);
            (header, 2)
        } else {
            header[..4].copy_from_slice(&[first, LENGTH_16, high, low]);
            (header, 4)
        }
    } else {
        header[..2].copy_from_slice(&[first, LENGTH_64]);
        header[2..].copy_from_slice(&(payload_len as u64).to_be_bytes());
        (header, MAX_SERVER_HEADER)
    }
}

/// Takes apart what [`encode_header`] and [`write`] have made: the first frame's opcode and payload, and what follows.
/// `None` at the end, or where no frame of ours begins.
pub(crate) fn split_sent(bytes: &[u8]) -> Option<(Opcode, &[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let opcode = parse_first(first, false).ok()??;
    let (&short, rest) = rest.split_first()?;
    let (len, rest) = parse_length(short, rest).ok()??;
    let (payload, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    Some((opcode, payload, rest))
}

/// Appends an unmasked, unfragmented frame to `out`.
///
/// A control frame carries at most [`MAX_CONTROL_PAYLOAD`] bytes: [`ControlFrame`](super::ControlFrame) makes those.
pub(crate) fn write(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    debug_assert!(!opcode.is_control() || payload.len() <= MAX_CONTROL_PAYLOAD);
    append(encode_header(opcode, payload.len()), payload, out);
}

/// Appends a frame whose payload is deflated: RSV1 says so.
pub(crate) fn write_deflated(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    debug_assert!(!opcode.is_control());
    let header = header_from(FIN | RSV1 | opcode as u8, payload.len());
    append(header, payload, out);
}

fn append((header, len): ([u8; MAX_SERVER_HEADER], usize), payload: &[u8], out: &mut Vec<u8>) {
    out.reserve(len + payload.len());
    out.extend_from_slice(&header[..len]);
    out.extend_from_slice(payload);
}
