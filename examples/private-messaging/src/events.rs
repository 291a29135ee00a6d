//! What goes over the wire.

use roomcast::prelude::*;

/// Who connects: somebody known by their secret, or somebody new by a name. Who makes the secret and gives both is the same
/// person however often they try, also when the answer to the first time was lost.
#[derive(Deserialize)]
pub(crate) struct Auth {
    pub(crate) name: Option<String>,
    pub(crate) secret: Option<String>,
}

/// To a client that has connected: who it is, and the secret by which it comes back as the same.
#[derive(Serialize, Event)]
pub(crate) struct Identity<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) secret: &'a str,
}

/// One of those whom one can write to.
#[derive(Clone, Serialize, Event)]
#[event(name = "person")]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Messages from them that the receiver of this has not read.
    pub(crate) unread: u64,
}

/// All others.
#[derive(Serialize, Event)]
#[event(name = "people")]
pub(crate) struct Contacts(pub(crate) Vec<Contact>);

#[derive(Deserialize, Event)]
#[event(ack = Message)]
pub(crate) struct Write {
    /// The id of a person.
    pub(crate) to: String,
    pub(crate) text: String,
}

#[derive(Clone, Serialize, Event)]
pub(crate) struct Message {
    /// Counts the messages of two people, from 1.
    pub(crate) seq: u64,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) text: String,
    /// Milliseconds since 1970.
    pub(crate) at: u128,
}

/// Asks for the messages with a person that are still kept, behind the last one that is known already.
#[derive(Deserialize, Event)]
#[event(ack = Vec<Message>)]
pub(crate) struct Conversation {
    pub(crate) with: String,
    #[serde(default)]
    pub(crate) after: u64,
}

/// All messages from a person have been read up to this one.
#[derive(Deserialize, Serialize, Event)]
pub(crate) struct Read {
    pub(crate) with: String,
    pub(crate) seq: u64,
}
