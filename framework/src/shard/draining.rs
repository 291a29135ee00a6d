//! A hub that drains tells its connections to go: some at a time, in no order, so that the nodes that
//! take them over are not asked by all at once.

use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    rc::{Rc, Weak},
    time::Duration,
};

use actix::{Handler, Message};
use tokio::time::{Instant, sleep, sleep_until};

use super::{actor::ShardActor, local::Shard, slot::Notice};
use crate::{entropy, id::SlotKey};

/// The time between two batches.
const TICK: Duration = Duration::from_millis(100);

/// How often connections look whether they still wait for acks.
const REMINDER: Duration = Duration::from_millis(500);

/// Connections of a worker that may go at one time whatever the window is: few are no burden, and a
/// node that has few need not take its time.
const SMALL_BATCH: usize = 16;

/// When a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DrainStage {
    /// Once all has been done and answered that its client has asked for, or was asked.
    WhenIdle,
    /// Once none of its handlers runs.
    BetweenHandlers,
    /// At once, whatever is being done.
    Now,
}

/// What a shard is told while its hub drains: the connections that it has now end in this stage, and
/// are told so within the window. It is no longer told what an earlier order left to be told.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct DrainOrder {
    pub(crate) stage: DrainStage,
    pub(crate) window: Duration,
}

impl Handler<DrainOrder> for ShardActor {
    type Result = ();

    fn handle(&mut self, DrainOrder { stage, window }: DrainOrder, _: &mut Self::Context) {
        let order = self.shard().drain_orders.get() + 1;
        self.shard().drain_orders.set(order);
        if stage == DrainStage::Now {
            return self.shard().tell_all(Notice::Drain(stage));
        }
        let shard = Following {
            shard: Rc::downgrade(self.shard()),
            order,
        };
        drop(actix::spawn(async move {
            tokio::join!(shard.tell_within(stage, window), shard.remind());
        }));
    }
}

/// A shard, for as long as it is told nothing newer.
struct Following {
    shard: Weak<Shard>,
    order: u64,
}

impl Shard {
    fn tell_all(&self, notice: Notice) {
        for (_, slot) in &self.state.borrow().slots {
            slot.tell(notice.clone());
        }
    }

    fn tell(&self, keys: &[SlotKey], notice: &Notice) {
        let state = self.state.borrow();
        for slot in keys.iter().filter_map(|key| state.slot(*key)) {
            slot.tell(notice.clone());
        }
    }

    fn connections(&self) -> Vec<SlotKey> {
        let state = self.state.borrow();
        let slots = state.slots.iter();
        slots
            .map(|(index, slot)| SlotKey {
                worker: self.worker,
                #[expect(clippy::cast_possible_truncation, reason = "as `State::insert` has it")]
                index: index as u32,
                generation: slot.generation,
            })
            .collect()
    }
}

impl Following {
    fn shard(&self) -> Option<Rc<Shard>> {
        let shard = self.shard.upgrade();
        shard.filter(|shard| shard.drain_orders.get() == self.order)
    }

    /// Lets connections look again whether they still wait for acks: when the time of one is over, nothing else
    /// comes to them.
    async fn remind(&self) {
        loop {
            sleep(REMINDER).await;
            let Some(shard) = self.shard() else {
                return;
            };
            // Of a handshake that is under way there is no slot yet.
            if shard.node.admission.taken() == 0 {
                return;
            }
            let state = shard.state.borrow();
            let asked = state.slots.iter().map(|(_, slot)| slot);
            for slot in asked.filter(|slot| !slot.acks.is_empty()) {
                if let Some(task) = &slot.task {
                    task.wake_by_ref();
                }
            }
        }
    }

    async fn tell_within(&self, stage: DrainStage, window: Duration) {
        let Some(going) = self.shard().map(|shard| shard.connections()) else {
            return;
        };
        in_batches(going, window, |batch| match self.shard() {
            Some(shard) => {
                shard.tell(batch, &Notice::Drain(stage));
                true
            }
            None => false,
        })
        .await;
    }
}

/// Tells all within the window, each at a time that chance decides, until `tell` says no.
async fn in_batches(
    mut going: Vec<SlotKey>,
    window: Duration,
    mut tell: impl FnMut(&[SlotKey]) -> bool,
) {
    let begun = Instant::now();
    let mut salt = [0; 8];
    // Without the system's random source there would be no connections.
    let _ = entropy::fill(&mut salt);
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    going.sort_by_cached_key(|key| hasher.hash_one((salt, key)));
    for (number, batch) in (0..).zip(going.chunks(batch_size(going.len(), window))) {
        sleep_until(begun + moment(number, hasher.hash_one((salt, number)), window)).await;
        if !tell(batch) {
            return;
        }
    }
}

/// How many go at one time, so that all have gone within the window.
fn batch_size(connections: usize, window: Duration) -> usize {
    let ticks = usize::try_from(window.as_millis() / TICK.as_millis()).unwrap_or(usize::MAX);
    match ticks {
        0 => connections.max(1),
        _ => connections.div_ceil(ticks).max(SMALL_BATCH),
    }
}

/// When the batch goes: somewhere in its tick, since other workers and nodes have ticks as well.
fn moment(batch: u32, chance: u64, window: Duration) -> Duration {
    let width = TICK.min(window);
    let share = u32::try_from(chance % 1000).unwrap_or_default();
    TICK.saturating_mul(batch) + width * share / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::WorkerId;

    const WINDOW: Duration = Duration::from_secs(10);

    #[test]
    fn all_go_within_the_window_and_in_parts_of_one_size() {
        for connections in [1, 16, 17, 1600, 1601, 50_000, 1 << 20] {
            let size = batch_size(connections, WINDOW);
            let batches = u32::try_from(connections.div_ceil(size)).unwrap_or(u32::MAX);
            assert!(moment(batches - 1, 999, WINDOW) < WINDOW, "{connections}");
            let needed = connections.div_ceil(100).max(SMALL_BATCH);
            assert_eq!(size, needed, "no more at one time than it takes");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_is_told_once_and_no_more_in_a_tick_than_go_at_one_time() {
        let all = (0..2_000).map(|index| SlotKey {
            worker: WorkerId(0),
            index,
            generation: 7,
        });
        let all: Vec<_> = all.collect();
        let (begun, mut told) = (Instant::now(), Vec::new());
        in_batches(all.clone(), WINDOW, |batch| {
            told.extend(batch.iter().map(|key| (begun.elapsed(), *key)));
            true
        })
        .await;
        // The timer goes by whole milliseconds.
        let rounded = Duration::from_millis(1);
        for (tick, batch) in (0..).zip(told.chunks(20)) {
            let within = TICK * tick..TICK * (tick + 1) + rounded;
            assert!(batch.iter().all(|(at, _)| within.contains(at)), "{batch:?}");
        }
        let mut told: Vec<_> = told.into_iter().map(|(_, key)| key).collect();
        assert_ne!(told, all, "those that came first do not go first");
        told.sort_by_key(|key| key.index);
        assert_eq!(told, all);
    }

    #[test]
    fn few_need_not_wait() {
        let size = batch_size(SMALL_BATCH, WINDOW);
        assert_eq!(size, SMALL_BATCH);
        assert!(moment(0, 999, WINDOW) < TICK);
    }

    #[test]
    fn without_a_window_all_go_at_once() {
        for window in [Duration::ZERO, TICK / 2] {
            assert_eq!(batch_size(50_000, window), 50_000);
            assert!(moment(0, 999, window) <= window);
        }
        assert_eq!(batch_size(0, Duration::ZERO), 1, "`chunks` of nothing");
    }

    #[test]
    fn no_two_workers_keep_step() {
        let moments = [0, 500, 1500, 1900].map(|chance| moment(3, chance, WINDOW));
        assert_eq!(moments, [300, 350, 350, 390].map(Duration::from_millis));
    }
}
