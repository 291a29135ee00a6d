//! What Redis answers and tells.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::names;
use crate::cluster::adapter::{Diff, Entry, KeyState, MAX_METAS, Moment, NodeInfo, Page};

type Texts = std::vec::IntoIter<String>;

/// A message of the channel.
pub(super) fn diff(message: &[u8]) -> Option<Diff> {
    let texts: Vec<String> = serde_json::from_slice(message).ok()?;
    let mut texts = texts.into_iter();
    Some(Diff {
        moment: moment(&mut texts)?,
        topic: names::read_topic(&texts.next()?)?,
        keys: keys(texts)?,
    })
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
            assert_eq!(diff(message.as_bytes()), None, "{message}");
        }
        let huge = diff(br#"["e","1","user","ann","1","99999999999"]"#);
        assert!(huge.is_some(), "takes no memory by what is declared");
    }
}
