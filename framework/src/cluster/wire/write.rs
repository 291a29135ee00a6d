//! Messages as JSON or MessagePack, written front to back.

use super::{Data, WireError};
use crate::protocol::socket_io::{msgpack, plaintext};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Attachments are written as `JSON.stringify` writes a `Buffer`.
    Json,
    Msgpack,
}

pub(super) struct Writer {
    form: Form,
    out: Vec<u8>,
}

type Written = Result<(), WireError>;

impl Writer {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            out: Vec::with_capacity(256),
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// An object with so many members, each of which is a [`key`](Self::key) and a value.
    pub(super) fn object(
        &mut self,
        members: usize,
        contents: impl FnOnce(&mut Self) -> Written,
    ) -> Written {
        match self.form {
            Form::Json => self.nested(b"{}", contents),
            Form::Msgpack => {
                msgpack::begin_map(members, &mut self.out)?;
                contents(self)
            }
        }
    }

    pub(super) fn list(
        &mut self,
        elements: usize,
        contents: impl FnOnce(&mut Self) -> Written,
    ) -> Written {
        match self.form {
            Form::Json => self.nested(b"[]", contents),
            Form::Msgpack => {
                msgpack::begin_array(elements, &mut self.out)?;
                contents(self)
            }
        }
    }

    fn nested(
        &mut self,
        [begin, end]: &[u8; 2],
        contents: impl FnOnce(&mut Self) -> Written,
    ) -> Written {
        self.comma();
        self.out.push(*begin);
        contents(self)?;
        self.out.push(*end);
        Ok(())
    }

    pub(super) fn key(&mut self, key: &str) -> Written {
        self.text(key)?;
        if self.form == Form::Json {
            self.out.push(b':');
        }
        Ok(())
    }

    pub(super) fn text(&mut self, text: &str) -> Written {
        match self.form {
            Form::Json => {
                self.comma();
                serde_json::to_writer(&mut self.out, text)?;
            }
            Form::Msgpack => msgpack::text(text, &mut self.out)?,
        }
        Ok(())
    }

    pub(super) fn number(&mut self, number: u64) -> Written {
        match self.form {
            Form::Json => {
                self.comma();
                serde_json::to_writer(&mut self.out, &number)?;
            }
            Form::Msgpack => msgpack::number(number, &mut self.out)?,
        }
        Ok(())
    }

    pub(super) fn flag(&mut self, flag: bool) -> Written {
        self.json(if flag { "true" } else { "false" })
    }

    /// A value that is JSON already.
    pub(super) fn json(&mut self, json: &str) -> Written {
        self.value(json, &[])
    }

    /// An application's value.
    pub(super) fn data(&mut self, data: &Data<'_>) -> Written {
        self.value(&data.json, &data.attachments)
    }

    fn value(&mut self, json: &str, attachments: &[bytes::Bytes]) -> Written {
        match self.form {
            Form::Json => {
                self.comma();
                plaintext(json, attachments, &mut self.out);
            }
            Form::Msgpack => msgpack::value(json, attachments, &mut self.out)?,
        }
        Ok(())
    }

    /// What a value in JSON stands behind tells whether a comma comes between.
    fn comma(&mut self) {
        if !matches!(self.out.last(), None | Some(b'{' | b'[' | b':')) {
            self.out.push(b',');
        }
    }
}
