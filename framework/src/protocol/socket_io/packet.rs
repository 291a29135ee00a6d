//! What a decoded packet is.

use std::borrow::Cow;

/// The type of a packet; its discriminant is the digit on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Connect = 0,
    Disconnect = 1,
    Event = 2,
    Ack = 3,
    ConnectError = 4,
    BinaryEvent = 5,
    BinaryAck = 6,
}

impl Kind {
    pub(crate) fn from_digit(digit: u8) -> Option<Self> {
        Some(match digit {
            b'0' => Self::Connect,
            b'1' => Self::Disconnect,
            b'2' => Self::Event,
            b'3' => Self::Ack,
            b'4' => Self::ConnectError,
            b'5' => Self::BinaryEvent,
            b'6' => Self::BinaryAck,
            _ => return None,
        })
    }

    pub(crate) fn digit(self) -> u8 {
        b'0' + self as u8
    }

    /// Whether attachments follow the text.
    pub(crate) fn is_binary(self) -> bool {
        matches!(self, Self::BinaryEvent | Self::BinaryAck)
    }
}

/// A valid packet, which borrows from the text it was decoded from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) kind: Kind,
    /// Always starts with `/`.
    pub(crate) nsp: &'a str,
    /// The id that an ack answers to.
    pub(crate) id: Option<u64>,
    pub(crate) data: Data<'a>,
    /// How many binary messages follow; at least 1 in binary packets, otherwise 0.
    pub(crate) attachments: usize,
}

/// The payload of a packet: JSON text that was validated and fits the packet's kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Data<'a> {
    /// Absent, which every kind allows.
    None,
    /// The object of a CONNECT.
    Object(&'a str),
    /// The name and arguments of an EVENT or BINARY_EVENT.
    Event(Event<'a>),
    /// The whole array of an ACK or BINARY_ACK; see [`elements`](super::elements).
    Ack(&'a str),
    /// The object or string of a CONNECT_ERROR.
    Error(&'a str),
}

/// An event's payload, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    /// Borrowed unless it holds escapes. A name that is a number is its text.
    pub(crate) name: Cow<'a, str>,
    /// The arguments, separated by commas, without brackets; empty if there are none.
    pub(crate) args: &'a str,
    /// The whole array, whose first element is the name.
    pub(crate) array: &'a str,
}
