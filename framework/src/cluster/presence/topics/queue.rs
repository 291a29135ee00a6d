//! Topics that wait for their turn.

use std::collections::{BTreeMap, HashMap};

use crate::cluster::presence::store::Topic;

/// In the order in which they came, each once.
#[derive(Default)]
pub(super) struct Queue {
    order: BTreeMap<u64, Topic>,
    numbers: HashMap<Topic, u64>,
    last: u64,
}

impl Queue {
    /// Puts it at the end, if it is not in it.
    pub(super) fn push(&mut self, topic: &Topic) {
        if self.numbers.contains_key(topic) {
            return;
        }
        self.last += 1;
        self.numbers.insert(topic.clone(), self.last);
        self.order.insert(self.last, topic.clone());
    }

    pub(super) fn pop(&mut self) -> Option<Topic> {
        let (_, topic) = self.order.pop_first()?;
        self.numbers.remove(&topic);
        Some(topic)
    }

    pub(super) fn remove(&mut self, topic: &Topic) {
        if let Some(number) = self.numbers.remove(topic) {
            self.order.remove(&number);
        }
    }

    pub(super) fn clear(&mut self) {
        self.order.clear();
        self.numbers.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_in_it_once_and_comes_in_turn() {
        let topic = |room: &str| Topic::Room {
            namespace: "/".into(),
            room: room.into(),
        };
        let mut queue = Queue::default();
        for room in ["a", "b", "a", "c"] {
            queue.push(&topic(room));
        }
        queue.remove(&topic("b"));
        assert_eq!(queue.pop(), Some(topic("a")));
        queue.push(&topic("a"));
        assert_eq!(queue.pop(), Some(topic("c")));
        assert_eq!(queue.pop(), Some(topic("a")));
        assert_eq!(queue.pop(), None);
        assert!(queue.numbers.is_empty());
    }
}
