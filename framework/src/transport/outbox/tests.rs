#![expect(clippy::unwrap_used, reason = "tests")]

use std::cell::RefCell;

use super::*;

/// A sink that takes `room` bytes.
#[derive(Default)]
struct Peer {
    got: RefCell<Vec<u8>>,
    room: RefCell<usize>,
}

impl Peer {
    fn take(&self, room: usize) -> &Self {
        *self.room.borrow_mut() = room;
        self
    }

    fn got(&self) -> String {
        String::from_utf8(self.got.borrow().clone()).unwrap()
    }
}

impl Sink for Peer {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut room = self.room.borrow_mut();
        if *room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let n = bytes.len().min(*room);
        *room -= n;
        self.got.borrow_mut().extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let all: Vec<u8> = slices.iter().flat_map(|s| s.to_vec()).collect();
        self.try_write(&all)
    }
}

fn frame(text: &'static str, slow_consumer: SlowConsumer) -> Frame {
    let handling = Handling {
        slow_consumer,
        ..Handling::default()
    };
    Frame {
        bytes: Bytes::from_static(text.as_bytes()),
        handling,
    }
}

fn keyed(text: &'static str, key: u64) -> Frame {
    let mut frame = frame(text, SlowConsumer::Latest);
    frame.handling.key = key;
    frame
}

/// Room for `frames` frames of `bytes` bytes in all.
const fn limit(frames: usize, bytes: usize) -> usize {
    frames * size_of::<Entry>() + bytes
}

const QUEUED: Pushed = Pushed::Queued {
    replaced: 0,
    dropped: 0,
};

#[test]
fn frames_leave_in_order_however_little_the_peer_takes() {
    let mut outbox = Outbox::default();
    for text in ["ab", "cd", "e", "fgh"] {
        assert_eq!(
            outbox.push(frame(text, SlowConsumer::Close), 1, limit(4, 8)),
            QUEUED
        );
    }
    let peer = Peer::default();
    for _ in 0..7 {
        assert_eq!(outbox.flush(peer.take(1)).unwrap(), Flushed::Blocked);
    }
    assert_eq!(outbox.flush(peer.take(1)).unwrap(), Flushed::Drained);
    assert_eq!(peer.got(), "abcdefgh");
    assert_eq!((outbox.bytes, outbox.droppable), (0, 0));
}

#[test]
fn tiny_frames_count_for_the_memory_they_take() {
    let mut outbox = Outbox::default();
    let pushed =
        (0..100).take_while(|_| outbox.push(frame("x", SlowConsumer::Close), 1, 1000) == QUEUED);
    assert!(pushed.count() < 20);
}

#[test]
fn above_the_limit_the_policy_of_the_new_frame_acts() {
    let limit = limit(1, 10);
    let mut outbox = Outbox::default();
    outbox.push(frame("0123456789", SlowConsumer::DropOldest), 1, limit);
    let mut push = |policy| outbox.push(frame("x", policy), 1, limit);
    assert_eq!(push(SlowConsumer::Close), Pushed::Overflow);
    assert_eq!(push(SlowConsumer::DropNewest), Pushed::DroppedNewest);
    let dropped = Pushed::Queued {
        replaced: 0,
        dropped: 1,
    };
    assert_eq!(push(SlowConsumer::DropOldest), dropped);
    let peer = Peer::default();
    outbox.flush(peer.take(100)).unwrap();
    assert_eq!(peer.got(), "x");
}

#[test]
fn what_must_stay_is_not_looked_at_for_each_frame_that_makes_room() {
    let limit = limit(103, 103);
    let mut outbox = Outbox::default();
    for _ in 0..101 {
        outbox.push(frame("c", SlowConsumer::Close), 1, limit);
    }
    for _ in 0..5 {
        outbox.push(frame("d", SlowConsumer::DropOldest), 1, limit);
    }
    assert_eq!(outbox.firm, 100, "all but the front");
    let peer = Peer::default();
    outbox.flush(peer.take(50)).unwrap();
    assert_eq!(outbox.firm, 50);
    outbox.push(frame("d", SlowConsumer::DropOldest), 1, limit);
    outbox.flush(peer.take(100)).unwrap();
    assert_eq!((outbox.firm, peer.got()), (0, "c".repeat(101) + "ddd"));
}

#[test]
fn only_frames_that_may_be_dropped_make_room() {
    let limit = limit(2, 10);
    let mut outbox = Outbox::default();
    outbox.push(frame("close", SlowConsumer::Close), 1, limit);
    outbox.push(frame("old", SlowConsumer::DropOldest), 1, limit);
    let dropped = Pushed::Queued {
        replaced: 0,
        dropped: 1,
    };
    assert_eq!(
        outbox.push(frame("newer", SlowConsumer::DropOldest), 1, limit),
        dropped
    );
    let peer = Peer::default();
    outbox.flush(peer.take(100)).unwrap();
    assert_eq!(peer.got(), "closenewer");
}

#[test]
fn a_frame_that_is_half_written_is_never_dropped() {
    let limit = limit(1, 10);
    let mut outbox = Outbox::default();
    outbox.push(frame("0123456789", SlowConsumer::DropOldest), 1, limit);
    let peer = Peer::default();
    outbox.flush(peer.take(3)).unwrap();
    let pushed = outbox.push(frame("abcd", SlowConsumer::DropOldest), 1, limit);
    assert_eq!(pushed, Pushed::DroppedNewest);
    outbox.flush(peer.take(100)).unwrap();
    assert_eq!(peer.got(), "0123456789");
}

#[test]
fn of_one_key_only_the_newest_waits() {
    let mut outbox = Outbox::default();
    outbox.push(keyed("a1", 1), 1, 1000);
    outbox.push(keyed("b1", 2), 1, 1000);
    let replaced = Pushed::Queued {
        replaced: 1,
        dropped: 0,
    };
    assert_eq!(outbox.push(keyed("a2", 1), 1, 1000), replaced);
    let peer = Peer::default();
    outbox.flush(peer.take(100)).unwrap();
    assert_eq!(peer.got(), "b1a2");
}

#[test]
fn the_newest_of_a_key_that_does_not_fit_leaves_the_older_one() {
    let limit = limit(2, 10);
    let mut outbox = Outbox::default();
    outbox.push(frame("close", SlowConsumer::Close), 1, limit);
    outbox.push(keyed("a1", 1), 1, limit);
    assert_eq!(
        outbox.push(keyed("a2 is too long", 1), 1, limit),
        Pushed::DroppedNewest
    );
    let peer = Peer::default();
    outbox.flush(peer.take(100)).unwrap();
    assert_eq!(peer.got(), "closea1");
}

#[test]
fn volatile_frames_are_dropped_only_while_the_peer_does_not_read() {
    let mut volatile = frame("v", SlowConsumer::Close);
    volatile.handling.volatile = true;
    let mut outbox = Outbox::default();
    assert_eq!(
        outbox.push(frame("a", SlowConsumer::Close), 1, 1000),
        QUEUED
    );
    assert_eq!(outbox.push(volatile.clone(), 1, 1000), QUEUED);
    let peer = Peer::default();
    outbox.flush(peer.take(0)).unwrap();
    assert_eq!(
        outbox.push(volatile.clone(), 1, 1000),
        Pushed::DroppedVolatile
    );
    outbox.flush(peer.take(100)).unwrap();
    assert_eq!(outbox.push(volatile, 1, 1000), QUEUED);
    assert_eq!(peer.got(), "av");
}

#[test]
fn what_is_discarded_is_told() {
    let mut outbox = Outbox::default();
    outbox.push(frame("merged", SlowConsumer::Close), 3, 1000);
    outbox.push(frame("x", SlowConsumer::DropOldest), 1, 1000);
    let peer = Peer::default();
    outbox.flush(peer.take(2)).unwrap();
    assert_eq!(outbox.discard(), 4);
    assert!(outbox.is_empty());
    assert_eq!((outbox.bytes, outbox.droppable), (0, 0));
}

#[test]
fn a_single_frame_may_be_larger_than_the_limit() {
    let mut outbox = Outbox::default();
    let large = frame("0123456789abcdef", SlowConsumer::Close);
    assert_eq!(outbox.push(large.clone(), 1, 10), QUEUED);
    assert_eq!(outbox.push(large, 1, 10), Pushed::Overflow);
}

proptest::proptest! {
    /// Whatever is pushed and however little the peer takes: the sums are right, the limit holds,
    /// and what must arrive does, in order.
    #[test]
    fn the_sums_and_the_limit_hold(
        steps in proptest::collection::vec((0..5_u8, 0..3_u64, 1..40_usize), 1..200)
    ) {
        let limit = limit(6, 100);
        let mut outbox = Outbox::default();
        let peer = Peer::default();
        let mut sent = Vec::new();
        for (step, (kind, key, len)) in steps.into_iter().enumerate() {
            let policy = match kind {
                0 => SlowConsumer::Close,
                1 => SlowConsumer::DropNewest,
                2 => SlowConsumer::DropOldest,
                3 => SlowConsumer::Latest,
                _ => {
                    outbox.flush(peer.take(len)).unwrap();
                    continue;
                }
            };
            let text = vec![u8::try_from(step % 200).unwrap(); len];
            let frame = Frame {
                bytes: Bytes::from(text.clone()),
                handling: Handling { slow_consumer: policy, key, ..Handling::default() },
            };
            let alone = outbox.is_empty();
            let pushed = outbox.push(frame, 1, limit);
            if policy == SlowConsumer::Close && matches!(pushed, Pushed::Queued { .. }) {
                sent.push(text);
            }
            let bytes: usize = outbox.entries().map(Entry::cost).sum();
            let droppable = outbox.entries().filter(|e| e.may_go()).map(Entry::cost).sum();
            proptest::prop_assert_eq!((outbox.bytes, outbox.droppable), (bytes, droppable));
            proptest::prop_assert!(outbox.bytes <= limit || alone || outbox.entries().count() == 1);
        }
        outbox.flush(peer.take(usize::MAX)).unwrap();
        let got = peer.got.borrow();
        let mut rest = &got[..];
        for text in sent {
            let at = rest.windows(text.len()).position(|window| window == text);
            rest = &rest[at.unwrap() + text.len()..];
        }
    }
}
