//! The names of channels: `prefix#namespace#`, and `prefix#namespace#name#` below it.

/// The channels of a namespace under one prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Channel(String);

/// What a message on a channel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// The whole namespace.
    Namespace,
    /// A room, or a node.
    Named(&'a str),
}

impl Channel {
    pub(crate) fn new(prefix: &str, namespace: &str) -> Self {
        Self(format!("{prefix}#{namespace}#"))
    }

    /// That of the whole namespace.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// That of a room or a node.
    pub(crate) fn named(&self, name: &str) -> String {
        format!("{}{name}#", self.0)
    }

    /// The pattern of all of them. Node escapes nothing in it, and misses the messages of a
    /// namespace whose name is a pattern; no peer sees the difference.
    pub(crate) fn pattern(&self) -> String {
        let mut pattern = String::with_capacity(self.0.len() + 1);
        for character in self.0.chars() {
            if matches!(character, '*' | '?' | '[' | ']' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern.push('*');
        pattern
    }

    /// The pattern of those of nodes whose ids are 16 hexadecimal digits, and of rooms of such names.
    pub(crate) fn pattern_of_nodes(&self) -> String {
        let mut pattern = self.pattern();
        pattern.pop();
        pattern.extend(std::iter::repeat_n("[0-9a-f]", 16));
        pattern.push('#');
        pattern
    }

    /// What a message on `channel` is for; `None` if the channel is none of these. Namespaces and
    /// rooms may hold `#` themselves: the packet tells its namespace again, and its rooms.
    pub(crate) fn place<'a>(&self, channel: &'a str) -> Option<Place<'a>> {
        let name = channel.strip_prefix(&self.0)?;
        match name.strip_suffix('#') {
            None if name.is_empty() => Some(Place::Namespace),
            None => None,
            Some("") => Some(Place::Namespace),
            Some(name) => Some(Place::Named(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let chat = Channel::new("socket.io", "/chat");
        assert_eq!(chat.name(), "socket.io#/chat#");
        assert_eq!(chat.named("a#b"), "socket.io#/chat#a#b#");
        for (channel, place) in [
            ("socket.io#/chat#", Some(Place::Namespace)),
            ("socket.io#/chat##", Some(Place::Namespace)),
            ("socket.io#/chat#a#b#", Some(Place::Named("a#b"))),
            ("socket.io#/chat#a", None),
            ("socket.io#/cha#", None),
            ("socket.io#/chat2#", None),
            ("", None),
        ] {
            assert_eq!(chat.place(channel), place, "{channel}");
        }
    }

    #[test]
    fn a_pattern_matches_what_its_namespace_is_called() {
        assert_eq!(Channel::new("key", "/").pattern(), "key#/#*");
        assert_eq!(Channel::new("k", r"/[a]*?\").pattern(), r"k#/\[a\]\*\?\\#*");
    }
}
