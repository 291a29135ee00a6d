//! The codecs against the recorded traffic of the Node adapters, against themselves, and against
//! what no adapter sends.

#![expect(clippy::unwrap_used, reason = "tests")]

mod fixtures;
mod forms;
mod hostile;
mod properties;
mod recorded;
mod session;
mod vectors;

use super::{
    Data, Flags, Message, Options, SocketDetails, WireError,
    classic::{self, Sender},
    entry::{Entry, Fields},
    layer::{self, Content, Encoding, Envelope},
};
use std::borrow::Cow;

/// An event of a channel of broadcasts.
fn broadcast(payload: &[u8]) -> Result<Message<'_>, WireError> {
    let (_, message) = classic::Broadcast::read(payload)?.decode()?;
    Ok(message)
}

fn request(payload: &[u8]) -> Result<Message<'_>, WireError> {
    classic::Request::read(payload)?.decode()
}

fn classic_answer(payload: &[u8]) -> Result<Message<'_>, WireError> {
    classic::Answer::read(payload)?.decode()
}

fn envelope(payload: &[u8]) -> Result<Message<'_>, WireError> {
    match Envelope::read(payload)?.decode()? {
        Content::Message { message, .. } => Ok(message),
        other => panic!("{other:?}"),
    }
}

/// The fields of an entry as Redis has them.
fn fields<'a>(kind: &'a str, data: Option<&'a [u8]>) -> Vec<(&'a [u8], &'a [u8])> {
    let mut fields: Vec<(&[u8], &[u8])> =
        vec![(b"uid", b"u"), (b"nsp", b"/"), (b"type", kind.as_bytes())];
    fields.extend(data.map(|data| (b"data".as_slice(), data)));
    fields
}

fn texts(texts: &[&'static str]) -> Vec<Cow<'static, str>> {
    texts.iter().copied().map(Cow::Borrowed).collect()
}

fn to(rooms: &[&'static str], except: &[&'static str]) -> Options<'static> {
    Options {
        rooms: texts(rooms),
        except: texts(except),
        flags: Flags::default(),
    }
}
