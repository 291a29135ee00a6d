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

const LIMIT: usize = 10;

#[test]
fn frames_leave_in_order_however_little_the_peer_takes() {
    let mut outbox = Outbox::default();
    for text in ["ab", "cd", "e", "fgh"] {
        assert_eq!(outbox.push(frame(text, SlowConsumer::Close), LIMIT), Pushed::Queued);
    }
    let peer = Peer::default();
    for _ in 0..7 {
        assert_eq!(outbox.flush(peer.take(1)).unwrap(), Flushed::Blocked);
    }
    assert_eq!(outbox.flush(peer.take(1)).unwrap(), Flushed::Drained);
    assert_eq!(peer.got(), "abcdefgh");
    assert_eq!(outbox.bytes(), 0);
}

#[test]
fn above_the_limit_the_policy_of_the_new_frame_acts() {
    let mut outbox = Outbox::default();
    outbox.push(frame("0123456789", SlowConsumer::DropOldest), LIMIT);
    assert_eq!(outbox.push(frame("x", SlowConsumer::Close), LIMIT), Pushed::Overflow);
    assert_eq!(outbox.push(frame("x", SlowConsumer::DropNewest), LIMIT), Pushed::DroppedNewest);
    assert_eq!(
        outbox.push(frame("x", SlowConsumer::DropOldest), LIMIT),
        Pushed::DroppedOldest(1)
    );
    assert_eq!(outbox.bytes(), 1);
}

#[test]
fn only_frames_that_may_be_dropped_make_room() {
    let mut outbox = Outbox::default();
    outbox.push(frame("close", SlowConsumer::Close), LIMIT);
    outbox.push(frame("old", SlowConsumer::DropOldest), LIMIT);
    assert_eq!(
        outbox.push(frame("newer", SlowConsumer::DropOldest), LIMIT),
        Pushed::DroppedOldest(1)
    );
    let peer = Peer::default();
    outbox.flush(peer.take(100)).unwrap();
    assert_eq!(peer.got(), "closenewer");
}

#[test]
fn a_frame_that_is_half_written_is_never_dropped() {
    let mut outbox = Outbox::default();
    outbox.push(frame("0123456789", SlowConsumer::DropOldest), LIMIT);
    let peer = Peer::default();
    outbox.flush(peer.take(3)).unwrap();
    assert_eq!(
        outbox.push(frame("abcd", SlowConsumer::DropOldest), LIMIT),
        Pushed::DroppedNewest
    );
    outbox.flush(peer.take(100)).unwrap();
    assert_eq!(peer.got(), "0123456789");
}

#[test]
fn of_one_key_only_the_newest_waits() {
    let mut outbox = Outbox::default();
    outbox.push(keyed("a1", 1), LIMIT);
    outbox.push(keyed("b1", 2), LIMIT);
    assert_eq!(outbox.push(keyed("a2", 1), LIMIT), Pushed::Replaced(1));
    let peer = Peer::default();
    outbox.flush(peer.take(100)).unwrap();
    assert_eq!(peer.got(), "b1a2");
}

#[test]
fn volatile_frames_are_dropped_only_while_the_peer_does_not_read() {
    let mut volatile = frame("v", SlowConsumer::Close);
    volatile.handling.volatile = true;
    let mut outbox = Outbox::default();
    assert_eq!(outbox.push(frame("a", SlowConsumer::Close), LIMIT), Pushed::Queued);
    assert_eq!(outbox.push(volatile.clone(), LIMIT), Pushed::Queued);
    let peer = Peer::default();
    outbox.flush(peer.take(0)).unwrap();
    assert_eq!(outbox.push(volatile.clone(), LIMIT), Pushed::DroppedVolatile);
    outbox.flush(peer.take(100)).unwrap();
    assert_eq!(outbox.push(volatile, LIMIT), Pushed::Queued);
    assert_eq!(peer.got(), "av");
}

#[test]
fn a_single_frame_may_be_larger_than_the_limit() {
    let mut outbox = Outbox::default();
    let large = frame("0123456789abcdef", SlowConsumer::Close);
    assert_eq!(outbox.push(large.clone(), LIMIT), Pushed::Queued);
    assert_eq!(outbox.push(large, LIMIT), Pushed::Overflow);
}
