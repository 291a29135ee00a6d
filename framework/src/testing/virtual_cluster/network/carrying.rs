//! What becomes of a message.

use std::sync::Arc;

use tokio::time::Instant;

use super::Network;
use crate::{
    cluster::adapter::{Carrier, Parcel, Store},
    testing::virtual_cluster::{history::Fate, reached::Reached},
};

impl Carrier for Network {
    fn carry(&self, parcel: Parcel) {
        let state = &mut *self.state();
        state.report.messages += 1;
        let ends = (state.number(parcel.from()), state.number(parcel.to()));
        let (Some(from), Some(to)) = ends else {
            state.report.dropped += 1;
            return;
        };
        if state.is_cut(from, to) {
            self.lose(state, &parcel);
            return;
        }
        let now = Instant::now();
        let link = &mut state.links[from][to];
        let copies = match link.chance.happens(state.duplicate) {
            true => 2,
            false => 1,
        };
        if copies > 1 {
            state.report.duplicated += 1;
            self.tell(state, &parcel, Fate::ComesTwice);
        }
        for copy in 0..copies {
            let link = &mut state.links[from][to];
            let due = now + self.delay.draw(&mut link.chance);
            let due = link.last.map_or(due, |last| last.max(due));
            link.last = Some(due);
            if due <= now && state.under_way.is_empty() {
                self.deliver(state, parcel.clone());
                continue;
            }
            if copy == 0 && due > now {
                state.report.delayed += 1;
                self.tell(state, &parcel, |ends| Fate::Takes(ends, due - now));
            }
            state.sent += 1;
            state.under_way.insert((due, state.sent), parcel.clone());
            self.sooner.notify_one();
        }
    }

    fn store(self: Arc<Self>, of: &str, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(Reached::new(store, self, of))
    }
}
