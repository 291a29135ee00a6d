//! Between the nodes and the store of users and presence.

use std::time::Duration;

use super::Network;
use crate::testing::virtual_cluster::history::Fate;

impl Network {
    /// Whether the one that has this name reaches the store.
    pub(in super::super) fn reaches_store(&self, name: &str) -> bool {
        let state = self.state();
        state
            .number(name)
            .is_some_and(|node| !state.isolated.contains(&node))
    }

    /// Ready once it does, or does not.
    pub(in super::super) async fn store_is_reached(&self, name: &str, reached: bool) {
        loop {
            let changed = self.changed.notified();
            if self.reaches_store(name) == reached {
                return;
            }
            changed.await;
        }
    }

    /// How long a question of this node to the store takes, or the answer to it; `None` if it is lost.
    pub(in super::super) fn way_to_store(&self, name: &str, is_answer: bool) -> Option<Duration> {
        let state = &mut *self.state();
        let node = state.number(name)?;
        let chance = &mut state.stores[node];
        let time = self.store_delay.draw(chance);
        // Each of the two ways has its half.
        if !chance.happens(state.store_failures / 2.0) {
            return Some(time);
        }
        state.report.store_failures += 1;
        self.history.message(match is_answer {
            true => Fate::AnswerIsLost { to: node },
            false => Fate::QuestionIsLost { from: node },
        });
        None
    }

    /// How long it takes until this node is told of a change in the store; `None` if the connection breaks on which it
    /// would be told.
    pub(in super::super) fn way_of_change(&self, name: &str) -> Option<Duration> {
        let state = &mut *self.state();
        let node = state.number(name)?;
        let chance = &mut state.stores[node];
        let time = self.store_delay.draw(chance);
        if !chance.happens(state.store_failures) {
            return Some(time);
        }
        self.history.message(Fate::StopsListening { node });
        None
    }
}
