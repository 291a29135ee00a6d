//! What was entered with commands that their workers have not come to.

use std::collections::HashMap;

use crate::{cluster::presence::store::Topic, id::SocketId};

/// For each socket the rooms that were entered something about, once for each command. A socket that
/// leaves such a room left it before: what was entered is behind that, and stays.
#[derive(Default)]
pub(in super::super) struct UnderWay(HashMap<SocketId, Vec<Topic>>);

impl UnderWay {
    pub(in super::super) fn begin(&mut self, socket: SocketId, topic: Topic) {
        self.0.entry(socket).or_default().push(topic);
    }

    /// A command has been done.
    pub(in super::super) fn done(&mut self, socket: SocketId, topic: &Topic) {
        let Some(topics) = self.0.get_mut(&socket) else {
            return;
        };
        if let Some(at) = topics.iter().position(|known| known == topic) {
            topics.swap_remove(at);
        }
        if topics.is_empty() {
            self.0.remove(&socket);
        }
    }

    pub(in super::super) fn contains(&self, socket: SocketId, topic: &Topic) -> bool {
        self.0
            .get(&socket)
            .is_some_and(|topics| topics.contains(topic))
    }

    /// The socket has gone.
    pub(super) fn forget(&mut self, socket: SocketId) {
        self.0.remove(&socket);
    }
}
