//! What any two people have written to each other.

use std::collections::{HashMap, VecDeque};
use std::time::UNIX_EPOCH;

use crate::events::Message;

const KEPT: usize = 50; // messages of two people
const MAX_CONVERSATIONS: usize = 2_000;

/// Of two people, by their ids.
#[derive(Default)]
pub(crate) struct Conversations(HashMap<[String; 2], Conversation>);

#[derive(Default)]
struct Conversation {
    messages: VecDeque<Message>,
    seq: u64,
    /// Up to which message each has read.
    read: HashMap<String, u64>,
}

/// The same, whoever of the two asks.
fn key(one: &str, other: &str) -> [String; 2] {
    let mut key = [one.to_owned(), other.to_owned()];
    key.sort();
    key
}

impl Conversations {
    pub(crate) fn write(
        &mut self,
        from: &str,
        to: &str,
        text: String,
    ) -> Result<Message, &'static str> {
        let key = key(from, to);
        if self.0.len() >= MAX_CONVERSATIONS && !self.0.contains_key(&key) {
            return Err("There are too many conversations.");
        }
        let conversation = self.0.entry(key).or_default();
        conversation.seq += 1;
        let message = Message {
            seq: conversation.seq,
            from: from.to_owned(),
            to: to.to_owned(),
            text,
            at: UNIX_EPOCH.elapsed().unwrap_or_default().as_millis(),
        };
        conversation.messages.push_back(message.clone());
        if conversation.messages.len() > KEPT {
            conversation.messages.pop_front();
        }
        Ok(message)
    }

    pub(crate) fn after(&self, seq: u64, one: &str, other: &str) -> Vec<Message> {
        let messages = self.0.get(&key(one, other)).map(|kept| &kept.messages);
        let messages = messages.into_iter().flatten();
        messages
            .filter(|message| message.seq > seq)
            .cloned()
            .collect()
    }

    pub(crate) fn read(&mut self, reader: &str, from: &str, seq: u64) {
        if let Some(conversation) = self.0.get_mut(&key(reader, from)) {
            let read = conversation.read.entry(reader.to_owned()).or_default();
            // Another tab may be further.
            *read = seq.min(conversation.seq).max(*read);
        }
    }

    pub(crate) fn unread(&self, reader: &str, from: &str) -> u64 {
        let Some(conversation) = self.0.get(&key(reader, from)) else {
            return 0;
        };
        let read = conversation.read.get(reader).copied().unwrap_or_default();
        let messages = conversation.messages.iter();
        let unread = messages.filter(|message| message.from == from && message.seq > read);
        unread.count() as u64
    }
}
