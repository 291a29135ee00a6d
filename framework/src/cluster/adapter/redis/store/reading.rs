//! What Redis answers and tells.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

use super::names;
use crate::cluster::adapter::{Diff, Entry, KeyState, MAX_METAS, Moment, NodeInfo, Page, Topic};

type Texts = std::vec::IntoIter<String>;

/// Texts before the keys.
const HEAD: usize = 3;

/// A message of the channel; without its keys where nobody wants them.
pub(super) fn diff(message: &[u8], wants: impl Fn(&Topic) -> bool) -> Option<Diff> {
    let mut json = serde_json::Deserializer::from_slice(message);
    let texts = json.deserialize_seq(Message(wants));
    let mut texts = texts.ok()?.into_iter();
    Some(Diff {
        moment: moment(&mut texts)?,
        topic: names::read_topic(&texts.next()?)?,
        keys: keys(texts)?,
    })
}

/// The texts of a message, or only those of its head.
struct Message<W>(W);

impl<'de, W: Fn(&Topic) -> bool> Visitor<'de> for Message<W> {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            texts.push(text);
            let is_head = texts.len() == HEAD;
            let topic = texts.last().filter(|_| is_head);
            let topic = topic.and_then(|topic| names::read_topic(topic));
            if topic.is_some_and(|topic| !(self.0)(&topic)) {
                while list.next_element::<IgnoredAny>()?.is_some() {}
            }
        }
        Ok(texts)
    }
}

pub(super) fn page(texts: Vec<String>) -> Option<Page> {
    let mut texts = texts.into_iter();
    let moment = moment(&mut texts)?;
    let next = texts.next()?;
    Some(Page {
        moment,
        keys: keys(texts)?,
        next: (!next.is_empty()).then_some(next),
    })
}

fn moment(texts: &mut Texts) -> Option<Moment> {
    Some(Moment {
        epoch: texts.next()?.into(),
        number: texts.next()?.parse().ok()?,
    })
}

fn keys(mut texts: Texts) -> Option<Vec<KeyState>> {
    let mut keys = Vec::new();
    while let Some(key) = texts.next() {
        let connections = texts.next()?.parse().ok()?;
        let metas: usize = texts.next()?.parse().ok()?;
        let metas: Vec<Arc<str>> = texts
            .by_ref()
            .take(metas.min(MAX_METAS))
            .map(Into::into)
            .collect();
        keys.push(KeyState {
            key: names::read_key(&key),
            connections,
            metas,
        });
    }
    Some(keys)
}

/// A field of a key and its value.
pub(super) fn entry(socket: &str, value: &str) -> Option<Entry> {
    let (lease, meta) = value.split_once(' ')?;
    Some(Entry {
        node: node(lease),
        socket: socket.parse().ok()?,
        meta: meta.into(),
    })
}

pub(super) fn nodes(texts: &[String]) -> Vec<NodeInfo> {
    let nodes = texts.chunks_exact(3).filter_map(|texts| {
        let [lease, started, connections] = texts else {
            return None;
        };
        let connections = connections.parse().ok()?;
        Some(NodeInfo::new(node(lease), time(started)?, connections))
    });
    nodes.collect()
}

/// Milliseconds since 1970.
pub(super) fn time(milliseconds: &str) -> Option<SystemTime> {
    let since = Duration::from_millis(milliseconds.parse().ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since)
}

fn node(lease: &str) -> Arc<str> {
    lease.split_once('.').map_or(lease, |(node, _)| node).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_none() {
        for message in [
            "",
            "[]",
            "{}",
            r#"["e","x","user"]"#,
            r#"["e","1","else"]"#,
            r#"["e","1","user","ann"]"#,
            r#"["e","1","user","ann","1"]"#,
            r#"["e","1","user","ann","1","-1"]"#,
        ] {
            assert_eq!(diff(message.as_bytes(), |_| true), None, "{message}");
        }
        let huge = diff(br#"["e","1","user","ann","1","99999999999"]"#, |_| true);
        assert!(huge.is_some(), "takes no memory by what is declared");
    }

    #[test]
    fn of_what_nobody_watches_only_the_number_is_read() {
        let message = br#"["e","7","user","ann","1","1","{}"]"#;
        let read = |wanted| diff(message, |topic| *topic == Topic::Users && wanted);
        assert_eq!(read(true).map(|diff| diff.keys.len()), Some(1));
        let unwanted = read(false);
        let number = unwanted.as_ref().map(|diff| diff.moment.number);
        assert_eq!(number, Some(7));
        assert!(unwanted.is_some_and(|diff| diff.keys.is_empty()));
    }
}
