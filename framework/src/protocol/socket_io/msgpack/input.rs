//! MessagePack, one token at a time.

use super::error::Error;
use crate::protocol::date;
use rmp::Marker;

/// The extension that JavaScript's values travel in, as notepack.io 2 writes them.
const JAVASCRIPT: i8 = 0;

/// MessagePack's own extension for a moment.
const TIMESTAMP: i8 = -1;

/// A value, or the beginning of one that holds others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Token<'a> {
    Nil,
    Undefined,
    Bool(bool),
    Uint(u64),
    Int(i64),
    Float(f64),
    Str(&'a [u8]),
    Binary(&'a [u8]),
    /// Milliseconds since 1970.
    Date(i64),
    Ext(i8, &'a [u8]),
    /// So many values follow.
    Array(u32),
    /// So many pairs of key and value follow.
    Map(u32),
}

/// What has not been read yet.
pub(crate) struct Input<'a> {
    rest: &'a [u8],
    timestamps: bool,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            timestamps: false,
        }
    }

    /// Takes timestamps for dates, as notepack.io 3 and @msgpack/msgpack write them; to notepack.io
    /// 2 they are an extension like others.
    #[cfg(feature = "redis")]
    pub(crate) fn with_timestamps(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            timestamps: true,
        }
    }

    /// # Errors
    /// If something is left.
    pub(crate) fn end(self) -> Result<(), Error> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(Error::Trailing(left)),
        }
    }

    pub(crate) fn token(&mut self) -> Result<Token<'a>, Error> {
        let [marker] = self.array()?;
        Ok(match Marker::from_u8(marker) {
            Marker::Null => Token::Nil,
            Marker::False => Token::Bool(false),
            Marker::True => Token::Bool(true),
            Marker::FixPos(number) => Token::Uint(number.into()),
            Marker::FixNeg(number) => Token::Int(number.into()),
            Marker::U8 => Token::Uint(self.u8()?.into()),
            Marker::U16 => Token::Uint(self.u16()?.into()),
            Marker::U32 => Token::Uint(self.u32()?.into()),
            Marker::U64 => Token::Uint(u64::from_be_bytes(self.array()?)),
            Marker::I8 => signed(i8::from_be_bytes(self.array()?)),
            Marker::I16 => signed(i16::from_be_bytes(self.array()?)),
            Marker::I32 => signed(i32::from_be_bytes(self.array()?)),
            Marker::I64 => signed(i64::from_be_bytes(self.array()?)),
            Marker::F32 => Token::Float(f32::from_be_bytes(self.array()?).into()),
            Marker::F64 => Token::Float(f64::from_be_bytes(self.array()?)),
            Marker::FixStr(len) => Token::Str(self.take(len.into())?),
            Marker::Str8 => Token::Str(self.sized(Self::u8)?),
            Marker::Str16 => Token::Str(self.sized(Self::u16)?),
            Marker::Str32 => Token::Str(self.sized(Self::u32)?),
            Marker::Bin8 => Token::Binary(self.sized(Self::u8)?),
            Marker::Bin16 => Token::Binary(self.sized(Self::u16)?),
            Marker::Bin32 => Token::Binary(self.sized(Self::u32)?),
            Marker::FixArray(len) => Token::Array(len.into()),
            Marker::Array16 => Token::Array(self.u16()?.into()),
            Marker::Array32 => Token::Array(self.u32()?),
            Marker::FixMap(len) => Token::Map(len.into()),
            Marker::Map16 => Token::Map(self.u16()?.into()),
            Marker::Map32 => Token::Map(self.u32()?),
            Marker::FixExt1 => match self.ext(1)? {
                Token::Ext(JAVASCRIPT, _) => Token::Undefined,
                other => other,
            },
            Marker::FixExt2 => self.ext(2)?,
            Marker::FixExt4 => self.ext(4)?,
            Marker::FixExt8 => match self.ext(8)? {
                Token::Ext(JAVASCRIPT, bytes) => match bytes.try_into() {
                    Ok(bytes) => Token::Date(i64::from_be_bytes(bytes)),
                    Err(_) => return Err(Error::Truncated),
                },
                other => other,
            },
            Marker::FixExt16 => self.ext(16)?,
            Marker::Ext8 => self.sized_ext(Self::u8)?,
            Marker::Ext16 => self.sized_ext(Self::u16)?,
            Marker::Ext32 => self.sized_ext(Self::u32)?,
            Marker::Reserved => return Err(Error::Reserved),
        })
    }

    /// Passes a value by, whatever its depth.
    pub(crate) fn skip(&mut self) -> Result<(), Error> {
        let mut values = 1_u64;
        while values > 0 {
            let inner = match self.token()? {
                Token::Array(len) => len.into(),
                Token::Map(len) => 2 * u64::from(len),
                _ => 0,
            };
            // A message has fewer bytes than would make this overflow.
            values = (values - 1).saturating_add(inner);
        }
        Ok(())
    }

    /// Passes a value by, and tells its bytes.
    #[cfg(feature = "redis")]
    pub(crate) fn value(&mut self) -> Result<&'a [u8], Error> {
        let before = self.rest;
        self.skip()?;
        let len = before.len() - self.rest.len();
        before.get(..len).ok_or(Error::Truncated)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, Error> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    /// The bytes behind their length.
    fn sized<T: Into<u32>>(
        &mut self,
        len: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<&'a [u8], Error> {
        let len: u32 = len(self)?.into();
        self.take(len as usize)
    }

    fn ext(&mut self, len: usize) -> Result<Token<'a>, Error> {
        let number = i8::from_be_bytes(self.array()?);
        let bytes = self.take(len)?;
        Ok(match number {
            TIMESTAMP if self.timestamps => {
                date::timestamp(bytes).map_or(Token::Ext(number, bytes), Token::Date)
            }
            _ => Token::Ext(number, bytes),
        })
    }

    /// An extension of any length, which is how notepack.io writes an `ArrayBuffer`.
    fn sized_ext<T: Into<u32>>(
        &mut self,
        len: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<Token<'a>, Error> {
        let len: u32 = len(self)?.into();
        Ok(match self.ext(len as usize)? {
            Token::Ext(JAVASCRIPT, bytes) => Token::Binary(bytes),
            other => other,
        })
    }
}

/// One token for each number, however it was written.
fn signed<'a>(number: impl Into<i64>) -> Token<'a> {
    let number = number.into();
    u64::try_from(number).map_or(Token::Int(number), Token::Uint)
}
