//! How topics and keys are named in Redis.

use std::{borrow::Cow, sync::Arc};

use crate::cluster::adapter::Topic;

/// What stands behind a topic's name for the list of its keys.
const INDEX: &str = "connections";

/// The prefix of all keys: with a hash tag, where all have to be in one slot.
pub(super) fn prefix(prefix: &str, is_cluster: bool) -> String {
    let has_tag = prefix
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .is_some_and(|(tag, _)| !tag.is_empty());
    match is_cluster && !has_tag {
        true => format!("{{{prefix}}}"),
        false => prefix.to_owned(),
    }
}

pub(super) fn topic(topic: &Topic) -> String {
    match topic {
        Topic::Users => "user".to_owned(),
        Topic::Room { namespace, room } => {
            format!("room:{}:{}", escape(namespace), escape(room))
        }
    }
}

pub(super) fn read_topic(name: &str) -> Option<Topic> {
    if name == "user" {
        return Some(Topic::Users);
    }
    let (namespace, room) = name.strip_prefix("room:")?.split_once(':')?;
    Some(Topic::Room {
        namespace: unescape(namespace),
        room: unescape(room),
    })
}

/// Without what stands between the parts of a name, and unlike the name of the index.
pub(super) fn key(key: &str) -> Cow<'_, str> {
    match key {
        INDEX => Cow::Borrowed("%63onnections"),
        key => escape(key),
    }
}

pub(super) fn read_key(name: &str) -> Arc<str> {
    unescape(name)
}

fn escape(text: &str) -> Cow<'_, str> {
    match text.contains(['%', ':']) {
        true => text.replace('%', "%25").replace(':', "%3A").into(),
        false => text.into(),
    }
}

fn unescape(text: &str) -> Arc<str> {
    match text.contains('%') {
        true => {
            let text = text.replace("%3A", ":").replace("%63", "c");
            text.replace("%25", "%").into()
        }
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_are_documented() {
        let lobby = Topic::Room {
            namespace: "/".into(),
            room: "lobby".into(),
        };
        assert_eq!(topic(&lobby), "room:/:lobby");
        assert_eq!(topic(&Topic::Users), "user");
        assert_eq!(key("ann"), "ann");
        assert_eq!(prefix("roomcast:", false), "roomcast:");
        assert_eq!(prefix("roomcast:", true), "{roomcast:}");
        assert_eq!(prefix("{a}b:", true), "{a}b:");
    }

    #[test]
    fn names_can_be_read_back() {
        for name in ["connections", "a:b", "%3A", "%", "%63", "%2563", "{x}", ""] {
            let written = key(name);
            assert!(!written.contains(':') && written != INDEX);
            assert_eq!(&*read_key(&written), name);
            let room = Topic::Room {
                namespace: name.into(),
                room: name.into(),
            };
            assert_eq!(read_topic(&topic(&room)), Some(room));
        }
        assert_eq!(read_topic("else"), None);
    }
}
