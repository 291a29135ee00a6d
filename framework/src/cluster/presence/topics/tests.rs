#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{
    cluster::presence::samples::{diff, moment, page},
    id::NamespaceId,
};

/// The users, watched and read.
fn topics(moment: Moment, keys: &[&str]) -> Topics {
    let mut topics = Topics::new(10, &Arc::new(Metrics::new()));
    drop(topics.watch(&Topic::Users));
    assert_eq!(topics.begin(), Some(Topic::Users));
    assert!(topics.page(&Topic::Users, page(moment, keys)).is_empty());
    assert!(topics.finish(&Topic::Users).is_empty());
    topics
}

#[test]
fn a_missing_number_makes_topics_be_read_again() {
    let mut topics = topics(moment("1", 10), &[]);
    let (_, missed) = topics.apply(diff(moment("1", 11), "ann", 1));
    assert!(!missed && topics.begin().is_none());
    let (_, missed) = topics.apply(diff(moment("1", 13), "bob", 1));
    assert!(missed && topics.begin().is_some());
}

/// What of it has gone is told by no change: it is missing in what is read.
#[test]
fn another_life_of_the_store_makes_topics_be_read_again_once_it_is_filled() {
    let mut topics = topics(moment("1", 10), &["ann"]);
    let (_, missed) = topics.apply(diff(moment("2", 1), "bob", 1));
    assert!(missed, "the reader is woken");
    assert_eq!(topics.begin(), None);
    assert!(topics.filled_in(Duration::from_secs(1)).is_some());
}

#[test]
fn nothing_is_believed_that_a_store_says_before_it_is_filled_again() {
    let mut topics = topics(moment("1", 10), &["ann", "bob"]);
    topics.reset();
    assert_eq!(topics.begin(), Some(Topic::Users));
    // From a snapshot: bob had not come, and cid not gone.
    let old = page(moment("2", 4), &["ann", "cid"]);
    assert!(topics.page(&Topic::Users, old).is_empty());
    assert!(topics.finish(&Topic::Users).is_empty());
    assert_eq!(topics.begin(), None, "not until all nodes have written");

    let (changes, _) = topics.apply(diff(moment("2", 5), "bob", 1));
    assert!(changes.is_empty(), "written again");
    let (changes, _) = topics.apply(diff(moment("2", 6), "ann", 0));
    assert!(matches!(&changes[..], [PresenceChange::Left(ann)] if ann.key() == "ann"));
    topics.is_filled();
    assert_eq!(topics.begin(), Some(Topic::Users));
    let filled = page(moment("2", 6), &["bob"]);
    assert!(topics.page(&Topic::Users, filled).is_empty());
    assert!(topics.finish(&Topic::Users).is_empty());
}

#[test]
fn nobody_waits_once_the_hub_has_left() {
    let mut topics = Topics::new(10, &Arc::new(Metrics::new()));
    let mut before = topics.watch(&Topic::Users);
    topics.close();
    let mut after = topics.watch(&Topic::Users);
    for waiting in [&mut before, &mut after] {
        assert_eq!(
            waiting.try_recv().err().unwrap(),
            oneshot::error::TryRecvError::Closed
        );
    }
}

fn room(name: &str) -> Topic {
    Topic::Room {
        namespace: "/".into(),
        room: name.into(),
    }
}

fn socket(number: usize) -> SocketId {
    format!("socket-number-{number:06}").parse().unwrap()
}

#[test]
fn a_topic_that_cannot_be_read_does_not_keep_others_from_it() {
    let mut topics = Topics::new(10, &Arc::new(Metrics::new()));
    let mut unread = HashSet::new();
    for name in ["a", "b", "c"] {
        drop(topics.watch(&room(name)));
        unread.insert(room(name));
    }
    while !unread.is_empty() {
        let topic = topics.begin().unwrap();
        assert!(unread.remove(&topic), "in turn");
        topics.interrupt(&topic);
    }
}

#[test]
fn who_comes_later_is_told_once_in_portions_and_again_after_a_pause() {
    let mut topics = topics(moment("1", 10), &["ann"]);
    let scope = Arc::new(Scope::new(NamespaceId(0), "/".into()));
    for number in 0..100 {
        topics.watch_for(&Topic::Users, socket(number), &scope);
    }
    assert_eq!(topics.take_awaited(), Some(Topic::Users));
    assert_eq!(topics.take_awaited(), None);
    let portion = Portion {
        sockets: 64,
        bytes: 1000,
    };
    let mut told = HashSet::new();
    for expected in [64, 36] {
        let some = topics.beginners(&Topic::Users, portion).unwrap();
        assert_eq!((some.sockets.len(), some.present.len()), (expected, 1));
        told.extend(some.sockets);
    }
    assert_eq!(told.len(), 100);
    assert!(topics.beginners(&Topic::Users, portion).is_none());

    let refused = [socket(1), socket(2)];
    assert!(topics.fall_behind(&Topic::Users, &refused));
    assert!(!topics.fall_behind(&Topic::Users, &refused), "once");
    assert_eq!(topics.take_awaited(), None, "not yet");
    topics.unwatch(socket(1), &Topic::Users);
    topics.begin_again(&Topic::Users);
    assert_eq!(topics.take_awaited(), Some(Topic::Users));
    let portion = Portion {
        bytes: 10,
        ..portion
    };
    let some = topics.beginners(&Topic::Users, portion).unwrap();
    assert_eq!(some.sockets, [socket(2)]);
    assert_eq!((some.present.len(), some.total), (0, 1), "no room for ann");
}

#[test]
fn watchers_that_have_gone_while_they_waited_are_not_kept() {
    let mut topics = Topics::new(10, &Arc::new(Metrics::new()));
    let stays = topics.watch(&Topic::Users);
    for _ in 0..100 {
        drop(topics.watch(&Topic::Users));
    }
    assert!(topics.watched[&Topic::Users].waiting.len() <= 4);
    let mut others: Vec<_> = (0..9).map(|_| topics.watch(&Topic::Users)).collect();
    assert_eq!(topics.begin(), Some(Topic::Users));
    topics.page(&Topic::Users, page(moment("1", 10), &["ann"]));
    topics.finish(&Topic::Users);
    others.push(stays);
    let portion = Portion {
        sockets: 4,
        bytes: 1000,
    };
    for expected in [4, 4, 2] {
        let some = topics.beginners(&Topic::Users, portion).unwrap();
        assert_eq!(some.waiting.len(), expected, "in portions");
        assert!(
            some.waiting
                .iter()
                .all(|(_, watching)| watching.present.len() == 1)
        );
    }
    assert!(topics.beginners(&Topic::Users, portion).is_none());
    drop(others);
}

/// The worker that was to tell them later has ended, and another one begins.
#[test]
fn who_is_behind_is_told_with_what_is_read_anew() {
    let mut topics = topics(moment("1", 10), &["ann"]);
    let scope = Arc::new(Scope::new(NamespaceId(0), "/".into()));
    let portion = Portion {
        sockets: 64,
        bytes: 1000,
    };
    topics.watch_for(&Topic::Users, socket(1), &scope);
    assert!(topics.beginners(&Topic::Users, portion).is_some());
    assert!(topics.fall_behind(&Topic::Users, &[socket(1)]));
    topics.reset();
    assert_eq!(topics.begin(), Some(Topic::Users));
    topics.page(&Topic::Users, page(moment("1", 11), &["ann"]));
    topics.finish(&Topic::Users);
    let told = topics.beginners(&Topic::Users, portion).unwrap();
    assert_eq!(told.sockets, [socket(1)]);
    let again = topics.fall_behind(&Topic::Users, &[socket(1)]);
    assert!(again, "somebody is to remind of it");
}
