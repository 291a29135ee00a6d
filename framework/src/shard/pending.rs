//! What was emitted on this worker and not yet handed to outboxes, in order.
//!
//! Consecutive emits to the same room gather in one batch, so that its members get one buffer and
//! one write. A batch names the room; before the room's membership changes it is sealed: the
//! members of the moment take the place of the name, so that everyone gets exactly what was
//! emitted while they were members.

use std::{collections::VecDeque, sync::Arc};

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

use super::membership::{Room, RoomIndex};
use crate::{
    event::Collector,
    id::NamespaceId,
    transport::frame::{Frame, Handling},
};

/// The largest buffer that frames are merged into.
const MERGED: usize = 16 * 1024;

#[derive(Default)]
pub(crate) struct Pending {
    batches: VecDeque<Batch>,
}

pub(crate) struct Batch {
    /// `None` for a packet of the protocol.
    pub(crate) namespace: Option<NamespaceId>,
    pub(crate) to: To,
    pub(crate) items: SmallVec<[Item; 1]>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// The members of a room, until it is sealed.
    Room(RoomIndex),
    Slots(Vec<u32>),
    Slot(u32),
}

pub(crate) struct Item {
    pub(crate) frame: Frame,
    /// This member does not get it.
    pub(crate) except: Option<u32>,
    /// What each receiver is to answer.
    pub(crate) ack: Option<(u64, Arc<Collector>)>,
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    pub(crate) fn push(&mut self, namespace: Option<NamespaceId>, to: To, item: Item) {
        // Lists of slots are not compared: equal ones are rare, long ones expensive.
        if let Some(last) = self.batches.back_mut()
            && last.namespace == namespace
            && last.to == to
            && !matches!(to, To::Slots(_))
        {
            last.items.push(item);
            return;
        }
        self.batches.push_back(Batch {
            namespace,
            to,
            items: SmallVec::from_iter([item]),
        });
    }

    /// Replaces the room by its members in every batch that names it.
    pub(crate) fn seal(&mut self, index: RoomIndex, room: &Room) {
        for batch in &mut self.batches {
            if batch.to == To::Room(index) {
                batch.to = To::Slots(room.members().collect());
            }
        }
    }

    pub(crate) fn events(&self) -> usize {
        self.batches.iter().map(|batch| batch.items.len()).sum()
    }

    pub(crate) fn pop(&mut self) -> Option<Batch> {
        let batch = self.batches.pop_front();
        if self.batches.is_empty() {
            self.batches = VecDeque::new();
        }
        batch
    }
}

/// One buffer for an outbox.
pub(crate) struct Merged<'a> {
    pub(crate) frame: Frame,
    /// Frames in it.
    pub(crate) carries: u32,
    pub(crate) ack: Option<&'a (u64, Arc<Collector>)>,
}

/// The frames of `items`, neighbours that nothing can happen to joined into one buffer.
pub(crate) fn merge(items: &[Item]) -> SmallVec<[Merged<'_>; 1]> {
    let mut merged = SmallVec::new();
    let mut rest = items;
    while let Some((first, others)) = rest.split_first() {
        let run = run_length(rest);
        if run == 1 {
            merged.push(Merged {
                frame: first.frame.clone(),
                carries: 1,
                ack: first.ack.as_ref(),
            });
            rest = others;
            continue;
        }
        let (run, behind) = rest.split_at(run);
        let len = run.iter().map(|item| item.frame.bytes.len()).sum();
        let mut bytes = BytesMut::with_capacity(len);
        for item in run {
            bytes.extend_from_slice(&item.frame.bytes);
        }
        let frame = Frame {
            bytes: Bytes::from(bytes),
            handling: Handling {
                compress: run.iter().all(|item| item.frame.handling.compress),
                ..first.frame.handling
            },
        };
        merged.push(Merged {
            frame,
            carries: u32::try_from(run.len()).unwrap_or(u32::MAX),
            ack: None,
        });
        rest = behind;
    }
    merged
}

/// How many of the first items can share a buffer; at least one.
fn run_length(items: &[Item]) -> usize {
    let mut bytes = 0;
    let joinable = items.iter().take_while(|item| {
        bytes += item.frame.bytes.len();
        item.ack.is_none() && item.frame.handling.is_plain() && bytes <= MERGED
    });
    joinable.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SlowConsumer;

    const NSP: Option<NamespaceId> = Some(NamespaceId(0));

    fn item(text: &str, slow_consumer: SlowConsumer) -> Item {
        Item {
            frame: Frame {
                bytes: Bytes::copy_from_slice(text.as_bytes()),
                handling: Handling {
                    slow_consumer,
                    ..Handling::default()
                },
            },
            except: None,
            ack: None,
        }
    }

    fn plain(text: &str) -> Item {
        item(text, SlowConsumer::Close)
    }

    #[test]
    fn neighbours_are_merged_and_what_may_be_dropped_stays_alone() {
        let items = [
            plain("a"),
            plain("b"),
            item("c", SlowConsumer::DropOldest),
            plain("d"),
            plain(&"e".repeat(MERGED)),
            plain("f"),
        ];
        let merged = merge(&items);
        let texts: Vec<_> = merged
            .iter()
            .map(|m| (m.frame.bytes.len(), m.carries))
            .collect();
        assert_eq!(texts, [(2, 2), (1, 1), (1, 1), (MERGED, 1), (1, 1)]);
    }

    #[test]
    fn only_neighbours_share_a_batch() {
        let mut pending = Pending::default();
        for slot in [1, 1, 2, 1] {
            pending.push(NSP, To::Slot(slot), plain("x"));
        }
        let sizes: Vec<_> = std::iter::from_fn(|| pending.pop())
            .map(|batch| batch.items.len())
            .collect();
        assert_eq!(sizes, [2, 1, 1]);
    }
}
