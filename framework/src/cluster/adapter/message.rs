//! What nodes tell each other, whatever the wire format.

use std::borrow::Cow;

use bytes::Bytes;

use crate::config::SlowConsumer;

/// One message between nodes, in a namespace. Adapters give it the form of their wire and back.
///
/// Borrowed parts refer to what was received, so that an event passes from the wire to the frame
/// of the receivers without being taken apart.
#[derive(Debug, Clone, PartialEq)]
pub enum Message<'a> {
    /// An event for clients.
    Broadcast {
        /// The event's name and arguments, as a JSON list.
        data: Data<'a>,
        /// Whom it is for.
        options: Options<'a>,
        /// Set if its receivers are to answer: then with [`ClientCount`](Self::ClientCount) at once,
        /// 0 included, and a [`ClientAck`](Self::ClientAck) for each answer.
        request: Option<Cow<'a, str>>,
    },
    /// Sockets join rooms.
    Join {
        /// Which sockets.
        options: Options<'a>,
        /// Which rooms.
        rooms: Vec<Cow<'a, str>>,
    },
    /// Sockets leave rooms.
    Leave {
        /// Which sockets.
        options: Options<'a>,
        /// Which rooms.
        rooms: Vec<Cow<'a, str>>,
    },
    /// Sockets are disconnected.
    Disconnect {
        /// Which sockets.
        options: Options<'a>,
        /// With their whole connections.
        close: bool,
    },
    /// Who is there? Answered with [`Sockets`](Self::Sockets).
    FetchSockets {
        /// Which sockets.
        options: Options<'a>,
        /// What the answer names.
        request: Cow<'a, str>,
    },
    /// The answer to [`FetchSockets`](Self::FetchSockets).
    Sockets {
        /// What is answered.
        request: Cow<'a, str>,
        /// The sockets of the answering node.
        sockets: Vec<SocketDetails<'a>>,
    },
    /// An event for the servers themselves.
    ServerSideEmit {
        /// The event's name and arguments, as a JSON list.
        data: Data<'a>,
        /// Set if every other node is to answer with [`ServerSideAck`](Self::ServerSideAck).
        request: Option<Cow<'a, str>>,
    },
    /// The answer of one node to [`ServerSideEmit`](Self::ServerSideEmit).
    ServerSideAck {
        /// What is answered.
        request: Cow<'a, str>,
        /// The answer, one JSON value; `None` is JavaScript's `undefined`.
        value: Option<Data<'a>>,
    },
    /// To how many clients a node has sent a broadcast that wants answers.
    ClientCount {
        /// What is answered.
        request: Cow<'a, str>,
        /// How many.
        count: u64,
    },
    /// What one client answered to a broadcast.
    ClientAck {
        /// What is answered.
        request: Cow<'a, str>,
        /// Its first argument, one JSON value; `None` if there is none.
        value: Option<Data<'a>>,
    },
    /// Which rooms are there? Only the classic Redis adapter asks. Answered with
    /// [`Rooms`](Self::Rooms).
    AllRooms {
        /// What the answer names.
        request: Cow<'a, str>,
    },
    /// The answer to [`AllRooms`](Self::AllRooms); private rooms are among them.
    Rooms {
        /// What is answered.
        request: Cow<'a, str>,
        /// Their names.
        rooms: Vec<Cow<'a, str>>,
    },
}

/// JSON text in which `{"_placeholder":true,"num":N}` stands for the attachment with that index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Data<'a> {
    /// Valid JSON.
    pub json: Cow<'a, str>,
    /// What the placeholders stand for.
    pub attachments: Vec<Bytes>,
}

/// Which sockets a message is for: the members of any of the rooms, or everyone if there are none,
/// without the members of the excepted rooms. A socket's id is the name of a room, too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options<'a> {
    /// Members of these.
    pub rooms: Vec<Cow<'a, str>>,
    /// But not of these.
    pub except: Vec<Cow<'a, str>>,
    /// How an event is to be sent.
    pub flags: Flags,
}

/// How an event is to be sent to each of its receivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags {
    /// Not to those whose transport is not writable.
    pub volatile: bool,
    /// May be compressed.
    pub compress: bool,
    /// For how many milliseconds answers are waited for.
    pub timeout: Option<u64>,
    /// Only one socket is asked for an answer.
    pub expect_single_response: bool,
    /// What happens at receivers that read too slowly, where the event has a policy of its own;
    /// and the key of [`SlowConsumer::Latest`]. Only roomcast's nodes tell and heed it.
    pub slow_consumer: Option<(SlowConsumer, u64)>,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            volatile: false,
            compress: true,
            timeout: None,
            expect_single_response: false,
            slow_consumer: None,
        }
    }
}

/// What a node tells of one of its sockets.
#[derive(Debug, Clone, PartialEq)]
pub struct SocketDetails<'a> {
    /// Its id.
    pub id: Cow<'a, str>,
    /// How it connected, as a JSON object in Socket.IO's form.
    pub handshake: Cow<'a, str>,
    /// The rooms it is in, its private one included.
    pub rooms: Vec<Cow<'a, str>>,
    /// Its data, one JSON value.
    pub data: Data<'a>,
}

impl<'a> Data<'a> {
    /// JSON text without attachments.
    pub fn json(json: impl Into<Cow<'a, str>>) -> Self {
        Self {
            json: json.into(),
            attachments: Vec::new(),
        }
    }
}
