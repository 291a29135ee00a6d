//! From MessagePack values to JSON text with placeholders.

use super::error::Error;
use super::input::{Input, Token};
use crate::protocol::date;
use bytes::Bytes;
use smallvec::SmallVec;
use std::io::Write;

/// Deeper data could not become values: serde_json refuses to build them.
pub(super) const MAX_DEPTH: usize = 128;

/// What the allocator and `Bytes` need for an attachment beside its bytes, about.
const ATTACHMENT: usize = 64;

/// A value in the form that the default parser would have received.
#[derive(Debug)]
pub(crate) struct Json {
    pub(crate) text: String,
    pub(crate) attachments: Vec<Bytes>,
}

impl Json {
    /// Reads the value that begins with `first`; text and attachments may take `limit` bytes.
    pub(crate) fn read(
        first: Token<'_>,
        input: &mut Input<'_>,
        limit: usize,
    ) -> Result<Self, Error> {
        let mut writer = Writer {
            text: Vec::new(),
            attachments: Vec::new(),
            attached: 0,
            open: SmallVec::new(),
            limit,
        };
        writer.value(first)?;
        while let Some(container) = writer.open.last_mut() {
            if !container.take_one() {
                let end = container.end();
                writer.text.push(end);
                writer.open.pop();
                continue;
            }
            match container.is_map {
                true => writer.member(input.token()?, input.token()?)?,
                false => writer.element(input.token()?)?,
            }
        }
        Ok(Self {
            text: String::from_utf8(writer.text).map_err(|_| Error::Payload)?,
            attachments: writer.attachments,
        })
    }
}

struct Writer {
    text: Vec<u8>,
    attachments: Vec<Bytes>,
    /// Memory of the attachments.
    attached: usize,
    open: SmallVec<[Container; 8]>,
    limit: usize,
}

/// An array or map that has begun.
struct Container {
    left: u32,
    is_map: bool,
    is_empty: bool,
}

impl Container {
    fn take_one(&mut self) -> bool {
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or_default();
        left.is_some()
    }

    fn end(&self) -> u8 {
        match self.is_map {
            true => b'}',
            false => b']',
        }
    }
}

impl Writer {
    fn member(&mut self, key: Token<'_>, value: Token<'_>) -> Result<(), Error> {
        if value == Token::Undefined {
            return match is_key(key) {
                true => Ok(()),
                false => Err(Error::Key),
            };
        }
        self.comma();
        self.key(key)?;
        self.text.push(b':');
        self.value(value)
    }

    fn element(&mut self, value: Token<'_>) -> Result<(), Error> {
        self.comma();
        self.value(value)
    }

    fn comma(&mut self) {
        let container = self.open.last_mut();
        if container.is_some_and(|container| !std::mem::take(&mut container.is_empty)) {
            self.text.push(b',');
        }
    }

    fn key(&mut self, key: Token<'_>) -> Result<(), Error> {
        if !is_key(key) {
            return Err(Error::Key);
        }
        let is_text = matches!(key, Token::Str(_));
        if !is_text {
            self.text.push(b'"');
        }
        self.value(key)?;
        if !is_text {
            self.text.push(b'"');
        }
        Ok(())
    }

    /// Writes a value, or the beginning of a container.
    fn value(&mut self, value: Token<'_>) -> Result<(), Error> {
        match value {
            Token::Nil | Token::Undefined => self.text.extend_from_slice(b"null"),
            Token::Bool(value) => write!(self.text, "{value}")?,
            Token::Uint(number) => write!(self.text, "{number}")?,
            Token::Int(number) => write!(self.text, "{number}")?,
            Token::Float(number) => self.serialize(&number)?,
            Token::Str(text) => self.serialize(&String::from_utf8_lossy(text))?,
            Token::Date(ms) => self.serialize(&date::iso(ms))?,
            Token::Binary(bytes) => self.attach(bytes)?,
            Token::Ext(number, bytes) => {
                write!(self.text, "[{number},")?;
                self.attach(bytes)?;
                self.text.push(b']');
            }
            Token::Array(len) => self.begin(b'[', len, false)?,
            Token::Map(len) => self.begin(b'{', len, true)?,
        }
        match self.text.len().saturating_add(self.attached) > self.limit {
            true => Err(Error::TooLarge { limit: self.limit }),
            false => Ok(()),
        }
    }

    fn serialize<T: serde::Serialize>(&mut self, value: &T) -> Result<(), Error> {
        serde_json::to_writer(&mut self.text, value).map_err(|_| Error::Write)
    }

    fn attach(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let num = self.attachments.len();
        write!(self.text, r#"{{"_placeholder":true,"num":{num}}}"#)?;
        self.attached = self.attached.saturating_add(ATTACHMENT + bytes.len());
        self.attachments.push(Bytes::copy_from_slice(bytes));
        Ok(())
    }

    fn begin(&mut self, bracket: u8, left: u32, is_map: bool) -> Result<(), Error> {
        if self.open.len() == MAX_DEPTH {
            return Err(Error::TooDeep { limit: MAX_DEPTH });
        }
        self.text.push(bracket);
        self.open.push(Container {
            left,
            is_map,
            is_empty: true,
        });
        Ok(())
    }
}

/// Whether JavaScript would make a sensible property name of it.
fn is_key(token: Token<'_>) -> bool {
    matches!(
        token,
        Token::Str(_)
            | Token::Uint(_)
            | Token::Int(_)
            | Token::Float(_)
            | Token::Bool(_)
            | Token::Nil
    )
}
