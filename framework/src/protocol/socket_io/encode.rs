//! Packets to text, appended to a buffer that may already hold the framing of lower layers.
//!
//! # JSON
//!
//! The text is what serde_json writes: compact, in order of declaration, non-ASCII as it is. It
//! parses to the same values as the text of `JSON.stringify`, with these differences in writing:
//!
//! - floats: `1.0` instead of `1`, `-0.0` instead of `0`, `1e21` instead of `1e+21`, and exponents
//!   where JavaScript still writes digits (`1e20`, `1e-6`);
//! - integers beyond 2^53 are exact, where JavaScript would have rounded them before;
//! - an `Option` that is `None` is `null`; JavaScript drops members that are `undefined`, as serde
//!   does when told `skip_serializing_if`;
//! - objects keep the order of the fields; JavaScript puts keys that are integers first.
//!
//! Lone surrogates cannot occur: a Rust string holds none.

use super::attachments::collect_attachments;
use super::packet::Kind;
use bytes::Bytes;
use serde::Serialize;

/// Appends what stands before the JSON: type, namespace and ack id.
///
/// Also the first part of packets that have no function here, such as a client's CONNECT.
pub(crate) fn header(out: &mut Vec<u8>, kind: Kind, nsp: &str, id: Option<u64>) {
    out.push(kind.digit());
    if nsp != "/" {
        out.extend_from_slice(nsp.as_bytes());
        out.push(b',');
    }
    if let Some(id) = id {
        out.extend_from_slice(&decimal(id));
    }
}

/// Appends the answer to a CONNECT that succeeded, with a private id where the client may come back
/// to its session.
///
/// # Errors
///
/// None in practice: strings always serialize.
pub(crate) fn connect(
    out: &mut Vec<u8>,
    nsp: &str,
    sid: &str,
    pid: Option<&str>,
) -> serde_json::Result<()> {
    #[derive(Serialize)]
    struct Reply<'a> {
        sid: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<&'a str>,
    }

    header(out, Kind::Connect, nsp, None);
    serde_json::to_writer(out, &Reply { sid, pid })
}

/// Appends the answer to a CONNECT that was refused.
///
/// # Errors
///
/// If `data` does not serialize; `out` is then as it was.
pub(crate) fn connect_error<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    nsp: &str,
    message: &str,
    data: Option<&T>,
) -> serde_json::Result<()> {
    #[derive(Serialize)]
    struct Refusal<'a, T: ?Sized> {
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a T>,
    }

    let start = out.len();
    header(out, Kind::ConnectError, nsp, None);
    serde_json::to_writer(&mut *out, &Refusal { message, data })
        .inspect_err(|_| out.truncate(start))
}

/// Appends a DISCONNECT.
pub(crate) fn disconnect(out: &mut Vec<u8>, nsp: &str) {
    header(out, Kind::Disconnect, nsp, None);
}

/// Appends an EVENT, or a BINARY_EVENT if there is a [`Binary`](super::Binary) in the arguments,
/// and returns the attachments, which must follow the text.
///
/// Whether the name is [reserved](super::is_reserved) is for the caller to know.
///
/// # Errors
///
/// If an argument does not serialize; `out` is then as it was.
pub(crate) fn event(
    out: &mut Vec<u8>,
    nsp: &str,
    id: Option<u64>,
    name: &str,
    args: impl FnOnce(&mut Args<'_>) -> serde_json::Result<()>,
) -> serde_json::Result<Vec<Bytes>> {
    array(out, Kind::Event, nsp, id, |elements| {
        elements.push(name)?;
        args(elements)
    })
}

/// Appends an EVENT, or a BINARY_EVENT, whose array is already JSON text with placeholders for this
/// many attachments.
pub(crate) fn event_text(
    out: &mut Vec<u8>,
    nsp: &str,
    id: Option<u64>,
    array: &str,
    attachments: usize,
) {
    let start = out.len();
    header(out, Kind::Event, nsp, id);
    out.extend_from_slice(array.as_bytes());
    if attachments > 0 {
        make_binary(out, start, Kind::Event, attachments);
    }
}

/// Appends one more argument, as JSON, to the EVENT that was written last.
pub(crate) fn push_argument(out: &mut Vec<u8>, json: &str) {
    // A name stands before it in any case.
    out.pop();
    for part in [",", json, "]"] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Appends an ACK, or a BINARY_ACK if there is a [`Binary`](super::Binary) in the arguments, and
/// returns the attachments, which must follow the text.
///
/// # Errors
///
/// If an argument does not serialize; `out` is then as it was.
pub(crate) fn ack(
    out: &mut Vec<u8>,
    nsp: &str,
    id: u64,
    args: impl FnOnce(&mut Args<'_>) -> serde_json::Result<()>,
) -> serde_json::Result<Vec<Bytes>> {
    array(out, Kind::Ack, nsp, Some(id), args)
}

/// The arguments of an event or ack while they are written.
#[derive(Debug)]
pub(crate) struct Args<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
}

impl Args<'_> {
    /// Appends one argument.
    pub(crate) fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> serde_json::Result<()> {
        self.comma();
        serde_json::to_writer(&mut *self.out, value)
    }

    /// Appends the elements of a value that serializes to a list.
    ///
    /// # Errors
    /// What the serializer says, or that it did not write a list.
    pub(crate) fn push_list<T: Serialize + ?Sized>(&mut self, value: &T) -> serde_json::Result<()> {
        let start = self.out.len();
        serde_json::to_writer(&mut *self.out, value)?;
        match self.out.get(start..) {
            // `null` is how serde writes `()`.
            Some(b"[]" | b"null") => self.out.truncate(start),
            Some([b'[', .., b']']) => {
                // The opening bracket becomes the comma that may be missing here.
                self.out.pop();
                if std::mem::take(&mut self.is_first) {
                    self.out.remove(start);
                } else {
                    self.out[start] = b',';
                }
            }
            _ => return Err(serde::ser::Error::custom("the arguments are not a list")),
        }
        Ok(())
    }

    fn comma(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
    }
}

fn array(
    out: &mut Vec<u8>,
    kind: Kind,
    nsp: &str,
    id: Option<u64>,
    elements: impl FnOnce(&mut Args<'_>) -> serde_json::Result<()>,
) -> serde_json::Result<Vec<Bytes>> {
    let start = out.len();
    header(out, kind, nsp, id);
    out.push(b'[');
    let (written, attachments) = collect_attachments(|| {
        elements(&mut Args {
            out,
            is_first: true,
        })
    });
    if let Err(error) = written {
        out.truncate(start);
        return Err(error);
    }
    out.push(b']');
    if !attachments.is_empty() {
        make_binary(out, start, kind, attachments.len());
    }
    Ok(attachments)
}

/// Turns the packet at `start` into its binary variant.
///
/// The number of attachments stands in front but is known last. Making room for it moves the text
/// by two or three bytes, in binary packets only.
fn make_binary(out: &mut Vec<u8>, start: usize, kind: Kind, attachments: usize) {
    let kind = match kind {
        Kind::Ack => Kind::BinaryAck,
        _ => Kind::BinaryEvent,
    };
    let count = decimal(attachments as u64);
    let head = [&[kind.digit()], &*count, b"-"].concat();
    out.splice(start..=start, head);
}

/// The digits of a number.
struct Decimal {
    digits: [u8; 20],
    start: usize,
}

fn decimal(mut number: u64) -> Decimal {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return Decimal { digits, start };
        }
    }
}

impl std::ops::Deref for Decimal {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}
