#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::cluster::presence::store::KeyState;

fn moment(epoch: &str, number: u64) -> Moment {
    Moment {
        epoch: epoch.into(),
        number,
    }
}

fn state(key: &str, connections: usize) -> KeyState {
    KeyState {
        key: key.into(),
        connections,
        metas: vec!["{}".into(); connections],
    }
}

fn diff(moment: Moment, key: &str, connections: usize) -> Diff {
    Diff {
        moment,
        topic: Topic::Users,
        keys: vec![state(key, connections)],
    }
}

fn page(moment: Moment, keys: &[&str]) -> Page {
    Page {
        moment,
        keys: keys.iter().map(|key| state(key, 1)).collect(),
        next: None,
    }
}

/// The users, watched and read.
fn topics(moment: Moment, keys: &[&str]) -> Topics {
    let mut topics = Topics::default();
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
    let mut topics = Topics::default();
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
