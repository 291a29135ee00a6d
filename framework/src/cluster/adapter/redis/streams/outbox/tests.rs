use super::*;
use crate::cluster::wire::entry::Fields;

fn entry(bytes: usize) -> Waiting {
    let data = vec![b'x'; bytes];
    Waiting::new(0, "/", Fields { kind: 3, data }, true, false)
}

/// A `join`, as large as an event of as many bytes.
fn join(bytes: usize) -> Waiting {
    let data = vec![b'x'; bytes];
    Waiting::new(0, "/", Fields { kind: 4, data }, false, true)
}

fn outbox(policy: OutboxPolicy) -> Outbox {
    Outbox::new(1, 2 * entry(100).weight(), policy)
}

fn lengths(entries: &[Arc<Waiting>]) -> Vec<usize> {
    entries.iter().map(|entry| entry.data.len()).collect()
}

#[test]
fn it_is_bounded_and_one_alone_may_be_larger() {
    let outbox = outbox(OutboxPolicy::DropNewest);
    assert!(outbox.push(entry(1000)).is_ok());
    assert!(outbox.push(entry(0)).is_err());
    outbox.send(10, 0);
    outbox.acknowledge(&[EntryId::default()]);
    assert!(outbox.push(entry(100)).is_ok());
    assert!(outbox.push(entry(100)).is_ok());
    assert!(outbox.push(entry(0)).is_err());
}

#[test]
fn what_was_sent_does_not_make_room() {
    let outbox = outbox(OutboxPolicy::DropOldest);
    for bytes in [98, 99] {
        assert!(matches!(
            outbox.push(entry(bytes)),
            Ok(Pushed { evicted, .. }) if evicted.is_empty()
        ));
    }
    assert_eq!(lengths(&outbox.send(1, 1000)), [98]);
    assert!(matches!(
        outbox.push(entry(100)),
        Ok(Pushed { evicted, .. }) if lengths(&evicted) == [99] && evicted[0].is_missed_here()
    ));
    assert!(outbox.send(10, 1000).is_empty(), "one batch at a time");
    assert!(!outbox.settle(&[vec![]]));
    assert_eq!(lengths(&outbox.send(10, 1000)), [98, 100]);
    assert!(outbox.push(entry(1)).is_err());
}

#[test]
fn what_somebody_waits_for_makes_no_room() {
    let outbox = outbox(OutboxPolicy::DropOldest);
    assert!(outbox.push(join(98)).is_ok() && outbox.push(entry(99)).is_ok());
    for bytes in [100, 97] {
        assert!(
            matches!(outbox.push(entry(bytes)), Ok(Pushed { evicted, .. }) if evicted.len() == 1)
        );
    }
    assert!(matches!(
        outbox.push(join(96)),
        Ok(Pushed { evicted, .. }) if lengths(&evicted) == [97]
    ));
    assert!(outbox.push(entry(100)).is_err());
    assert!(outbox.push(join(100)).is_err());
    assert_eq!(lengths(&outbox.send(10, 1000)), [98, 96]);
}

#[test]
fn what_makes_no_room_is_looked_at_once() {
    let outbox = Outbox::new(1, 10 * entry(100).weight(), OutboxPolicy::DropOldest);
    for bytes in [91, 92, 93, 94] {
        assert!(outbox.push(join(bytes)).is_ok());
    }
    for bytes in 1..=20 {
        assert!(outbox.push(entry(100 + bytes)).is_ok());
        let queue = outbox.queue();
        let droppable = queue.entries.iter().position(|entry| !entry.awaited);
        assert!(queue.firm == 0 || Some(queue.firm) == droppable);
    }
    assert_eq!(outbox.queue().firm, 4);
    assert_eq!(lengths(&outbox.send(2, 1000)), [91, 92]);
    outbox.acknowledge(&[EntryId::default(); 2]);
    assert!(matches!(
        outbox.push(entry(500)),
        Ok(Pushed { evicted, .. }) if lengths(&evicted).first() == Some(&116)
    ));
    assert_eq!(outbox.queue().firm, 2);
}

#[test]
fn what_was_sent_and_is_not_there_makes_room_again() {
    let outbox = outbox(OutboxPolicy::DropOldest);
    assert!(outbox.push(entry(98)).is_ok() && outbox.push(entry(99)).is_ok());
    outbox.send(1, 1000);
    assert!(matches!(
        outbox.push(entry(97)),
        Ok(Pushed { evicted, .. }) if lengths(&evicted) == [99]
    ));
    assert!(!outbox.settle(&[vec![]]));
    assert!(matches!(
        outbox.push(entry(96)),
        Ok(Pushed { evicted, .. }) if lengths(&evicted) == [98]
    ));
}

#[test]
fn what_is_not_acknowledged_is_sent_again() {
    let outbox = outbox(OutboxPolicy::DropNewest);
    for bytes in [1, 2, 3] {
        assert!(outbox.push(entry(bytes)).is_ok());
    }
    let id = EntryId::default().next();
    assert_eq!(lengths(&outbox.send(2, 1000)), [1, 2]);
    assert_eq!(outbox.unanswered().0, [0, 0]);
    outbox.acknowledge(&[id]);
    assert_eq!(outbox.before(0), Some(id));
    assert!(!outbox.settle(&[vec![]]));
    assert_eq!(lengths(&outbox.send(1, 1000)), [2]);
    assert!(outbox.settle(&[vec![id.next()]]));
    assert_eq!(outbox.before(0), Some(id.next()));
    assert_eq!(lengths(&outbox.send(10, 1000)), [3]);
    outbox.acknowledge(&[id]);
    assert_eq!(outbox.before(0), Some(id.next()));
    assert!(outbox.is_empty() && outbox.unanswered().0.is_empty());
}

#[test]
fn nothing_is_stuck_when_all_that_was_sent_is_there() {
    let outbox = Outbox::new(1, 10_000, OutboxPolicy::DropNewest);
    for bytes in [1, 2] {
        assert!(outbox.push(entry(bytes)).is_ok());
    }
    outbox.send(10, 1000);
    // Of a transaction, all is there or nothing, though the oldest may be trimmed.
    assert!(outbox.settle(&[vec![EntryId::default().next()]]));
    assert!(outbox.is_empty() && outbox.queue().stuck.is_none());
}

#[test]
fn what_was_read_back_before_it_was_acknowledged_is_there() {
    let outbox = Outbox::new(1, 10_000, OutboxPolicy::DropNewest);
    let first = EntryId::default().next();
    let back = |id| outbox.read_back((0, id), false, "/", b"x");
    assert!(outbox.push(entry(1)).is_ok());
    outbox.set_before(0, EntryId::default());
    outbox.send(10, 1000);
    outbox.acknowledge(&[first]);
    assert!(outbox.push(entry(1)).is_ok());
    outbox.send(10, 1000);
    assert!(!back(first), "the earlier one, with the same content");
    assert_eq!(outbox.unanswered().0, [0]);
    assert!(!back(first.next()));
    assert!(outbox.go_away(10).is_empty() && outbox.all_read_back(0, first.next()));
    assert!(outbox.settle(&[vec![]]) && outbox.is_empty());
}

#[test]
fn while_redis_is_away_what_may_not_be_there_yet_is_for_this_node() {
    let outbox = Outbox::new(1, 10_000, OutboxPolicy::DropNewest);
    for bytes in [1, 2, 3] {
        assert!(matches!(
            outbox.push(entry(bytes)),
            Ok(Pushed { here: false, .. })
        ));
    }
    let ids: Vec<EntryId> = (1..=6).map(|seq| EntryId { ms: 0, seq }).collect();
    outbox.send(1, 1000);
    assert_eq!(lengths(&outbox.go_away(2)), [1, 2]);
    assert!(!outbox.is_away());
    assert_eq!(lengths(&outbox.go_away(2)), [3]);
    assert!(outbox.go_away(2).is_empty() && outbox.is_away());
    assert!(matches!(
        outbox.push(entry(4)),
        Ok(Pushed { here: true, .. })
    ));
    outbox.come_back();
    assert!(matches!(
        outbox.push(entry(5)),
        Ok(Pushed { here: false, .. })
    ));
    assert!(outbox.settle(&[vec![ids[1]]]));
    let here: Vec<_> = outbox
        .send(10, 1000)
        .iter()
        .map(|entry| entry.is_here())
        .collect();
    assert_eq!(here, [true, true, true, false]);
    let back =
        |marked, at: usize, bytes| outbox.read_back((0, ids[at]), marked, "/", &vec![b'x'; bytes]);
    assert!(!back(false, 0, 7), "acknowledged before");
    assert!(back(false, 1, 1), "sent before it was marked");
    assert!(!back(false, 1, 1), "once");
    assert!(!outbox.all_read_back(0, ids[5]), "they are not there yet");
    outbox.acknowledge(&ids[2..]);
    assert!(back(true, 2, 2) && back(true, 3, 3) && back(true, 4, 4));
    assert!(!outbox.all_read_back(0, ids[3]));
    assert!(outbox.all_read_back(0, ids[4]) && !back(false, 5, 5));
}

#[test]
fn what_is_in_the_stream_and_was_not_read_back_comes_first() {
    let outbox = Outbox::new(1, 10_000, OutboxPolicy::DropNewest);
    let ids: Vec<EntryId> = (1..=4).map(|seq| EntryId { ms: 0, seq }).collect();
    outbox.set_before(0, EntryId::default());
    for at in 0..3 {
        assert!(outbox.push(entry(at + 1)).is_ok());
        outbox.send(10, 1000);
        outbox.acknowledge(&ids[at..=at]);
    }
    assert!(outbox.push(entry(4)).is_ok());
    let back = |at: usize| outbox.read_back((0, ids[at]), false, "/", &vec![b'x'; at + 1]);
    assert!(!back(0));
    assert_eq!(lengths(&outbox.go_away(10)), [2, 3, 4]);
    assert!(!outbox.all_read_back(0, ids[2]));
    assert!(back(2), "the one before was trimmed");
    outbox.send(10, 1000);
    outbox.acknowledge(&ids[3..]);
    assert!(!outbox.all_read_back(0, ids[2]) && outbox.all_read_back(0, ids[3]));
}

#[test]
fn what_is_expected_back_is_bounded() {
    let outbox = outbox(OutboxPolicy::DropNewest);
    for seq in 1..=5 {
        assert!(outbox.push(entry(100)).is_ok());
        outbox.send(10, 1000);
        outbox.acknowledge(&[EntryId { ms: 0, seq }]);
    }
    assert_eq!(outbox.go_away(10).len(), 2);
    assert!(!outbox.read_back((0, EntryId { ms: 0, seq: 3 }), false, "/", &[b'x'; 100]));
    assert!(outbox.read_back((0, EntryId { ms: 0, seq: 4 }), false, "/", &[b'x'; 100]));
}

#[test]
fn what_is_published_while_it_closes_is_refused_or_waited_for() {
    let outbox = Arc::new(Outbox::new(1, usize::MAX, OutboxPolicy::DropNewest));
    let publishing = Arc::clone(&outbox);
    let publishing = std::thread::spawn(move || {
        let taken = (0..).take_while(|_| publishing.push(entry(1)).is_ok());
        taken.count()
    });
    while outbox.is_empty() {
        std::thread::yield_now();
    }
    outbox.close();
    let waited_for = outbox.queue().entries.len();
    assert_eq!(publishing.join().unwrap_or_default(), waited_for);
    assert_eq!(outbox.push(entry(1)).err(), Some(Refused::Closed));
}
