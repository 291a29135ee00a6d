#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use super::*;
use crate::cluster::presence::store::Write;

fn socket(number: u8) -> SocketId {
    let id = format!("socket-number-{number:06}");
    id.parse().unwrap()
}

fn entries(most: usize) -> Entries {
    Entries::new(
        Limits {
            entries: most,
            rooms: 3,
            sockets_per_user: None,
        },
        &Arc::new(Metrics::new()),
    )
}

fn text(text: &str) -> Arc<str> {
    text.into()
}

fn room(name: &str) -> Topic {
    Topic::Room {
        namespace: text("/"),
        room: text(name),
    }
}

fn said(writes: &[Write]) -> Vec<(String, Option<String>)> {
    let said = writes.iter().map(|write| {
        let key = format!("{:?} {}", write.socket, write.key);
        (key, write.meta.as_ref().map(ToString::to_string))
    });
    said.collect()
}

fn says(number: u8, key: &str, meta: Option<&str>) -> (String, Option<String>) {
    let key = format!("{:?} {key}", socket(number));
    (key, meta.map(ToOwned::to_owned))
}

#[test]
fn the_last_of_several_changes_is_written() {
    let mut entries = entries(10);
    for meta in ["1", "2", "3"] {
        entries.put(socket(1), &room("a"), &text("ann"), &text(meta));
    }
    let writes = entries.take(10);
    assert_eq!(said(&writes), [says(1, "ann", Some("3"))]);
    assert!(entries.take(10).is_empty());
}

#[test]
fn what_comes_and_goes_unwritten_leaves_nothing() {
    let mut entries = entries(10);
    for number in 0..100 {
        entries.put(socket(number), &room("a"), &text("ann"), &text("1"));
        assert!(entries.remove_all(socket(number)));
    }
    assert!(entries.sockets.is_empty() && entries.queue.is_empty());
    assert!(entries.take(10).is_empty());
}

#[test]
fn a_new_key_takes_the_place_of_the_old_one() {
    let mut entries = entries(10);
    entries.put(socket(1), &Topic::Users, &text("ann"), &text("1"));
    let writes = entries.take(10);
    entries.written(&writes);
    entries.put(socket(1), &Topic::Users, &text("bob"), &text("1"));
    let writes = entries.take(10);
    let expected = [says(1, "ann", None), says(1, "bob", Some("1"))];
    assert_eq!(said(&writes), expected);
    entries.written(&writes);
    assert_eq!(entries.live(), 1);
    assert_eq!(&**entries.key(socket(1), &Topic::Users).unwrap(), "bob");
}

#[test]
fn a_failed_write_comes_first_again_with_what_is_true_by_then() {
    let mut entries = entries(10);
    for number in 1..=3 {
        entries.put(socket(number), &room("a"), &text("x"), &text("1"));
    }
    let failed = entries.take(2);
    assert!(entries.remove_all(socket(1)), "meanwhile");
    assert_eq!(entries.settled(), 2, "as if it had succeeded");
    entries.give_back(&failed);
    assert!(entries.settled() < 2);
    let writes = entries.take(10);
    assert_eq!(writes.len(), 3);
    let gone = writes.iter().find(|write| write.socket == socket(1));
    assert_eq!(gone.unwrap().meta, None, "the store may have it");
}

#[test]
fn after_a_loss_all_that_is_there_is_written_again() {
    let mut entries = entries(10);
    for number in 1..=3 {
        entries.put(socket(number), &room("a"), &text("x"), &text("1"));
    }
    let writes = entries.take(10);
    entries.written(&writes);
    entries.remove_all(socket(2));
    entries.lost();
    let mut writes = said(&entries.take(10));
    writes.sort();
    let expected = [says(1, "x", Some("1")), says(3, "x", Some("1"))];
    assert_eq!(writes, expected);
    assert!(entries.is_settled());
}

#[test]
fn a_user_is_the_socket_s_wherever_it_is_present() {
    let mut entries = entries(10);
    entries.put(socket(1), &room("a"), &text("socket:1"), &text("1"));
    for user in ["ann", "bob"] {
        entries.bind(socket(1), &text(user), &text("2"));
        for topic in [&room("a"), &Topic::Users] {
            assert_eq!(&**entries.key(socket(1), topic).unwrap(), user);
        }
    }
    assert!(entries.remove(socket(1), &Topic::Users));
    entries.bind(socket(1), &text("cid"), &text("2"));
    assert_eq!(&**entries.key(socket(1), &room("a")).unwrap(), "cid");
    assert_eq!(entries.live(), 2);
}

#[test]
fn a_node_has_a_bounded_number_of_entries() {
    let mut entries = entries(2);
    let put = |entries: &mut Entries, number| {
        entries.admits(socket(number), &room("a"))?;
        entries.put(socket(number), &room("a"), &text("x"), &text("1"));
        Ok(())
    };
    for number in [1, 2, 1] {
        assert_eq!(put(&mut entries, number), Ok(()));
    }
    assert_eq!(put(&mut entries, 3), Err(Excess::Node));
    for number in 1..=3 {
        assert_eq!(entries.admits_user(socket(number), "ann"), Ok(()));
        entries.bind(socket(number), &text("ann"), &text("1"));
    }
    entries.remove_all(socket(1));
    assert_eq!(put(&mut entries, 3), Ok(()));
    assert_eq!(put(&mut entries, 1), Err(Excess::Node));
}

#[test]
fn a_socket_is_in_a_bounded_number_of_rooms() {
    let mut entries = entries(100);
    for name in ["a", "b", "c"] {
        assert_eq!(entries.admits(socket(1), &room(name)), Ok(()));
        entries.put(socket(1), &room(name), &text("x"), &text("1"));
    }
    assert_eq!(entries.admits(socket(1), &room("d")), Err(Excess::Rooms(3)));
    assert_eq!(entries.admits(socket(1), &room("a")), Ok(()), "it is there");
    assert_eq!(entries.admits(socket(1), &Topic::Users), Ok(()));
    entries.remove(socket(1), &room("a"));
    assert_eq!(entries.admits(socket(1), &room("d")), Ok(()));
}

fn written(most: u8) -> Entries {
    let mut entries = entries(most.into());
    for number in 0..most {
        entries.put(socket(number), &room("a"), &text("x"), &text("1"));
    }
    let writes = entries.take(1000);
    entries.written(&writes);
    entries
}

#[test]
fn what_is_written_again_in_parts_is_everything_once_and_nobody_waits_for_it() {
    let mut entries = written(100);
    let mut again = BTreeSet::new();
    let round = entries.sockets_of_a_round(12);
    for number in 0..12 {
        let part = entries.again(round, 1000);
        assert!((1..=round).contains(&part.writes.len()), "a part");
        for (key, meta) in said(&part.writes) {
            assert!(again.insert(key), "once");
            assert_eq!(meta.as_deref(), Some("1"));
        }
        // A change meanwhile is the next one to be written, and what a question waits for.
        entries.put(socket(number), &room("b"), &text("x"), &text("1"));
        let news = entries.take(1000);
        assert_eq!(said(&news).len(), 1);
        assert_eq!(entries.settled(), entries.asked());
        entries.written(&news);
        entries.written_again(&part);
        entries.remove(socket(number), &room("b"));
        let news = entries.take(1000);
        entries.written(&news);
    }
    assert_eq!(again.len(), 100);
}

#[test]
fn who_stays_is_written_again_whoever_goes_meanwhile() {
    let mut entries = written(100);
    let mut again = BTreeSet::new();
    for gone in 0..20 {
        let part = entries.again(5, 1000);
        again.extend(said(&part.writes));
        // Also of those that have been written again.
        entries.remove_all(socket(gone * 5));
        let news = entries.take(1000);
        entries.written(&news);
        entries.written_again(&part);
    }
    for number in (0..100).filter(|number| number % 5 != 0) {
        assert!(again.contains(&says(number, "x", Some("1"))), "{number}");
    }
}

#[test]
fn a_part_that_was_not_written_comes_again_and_a_socket_with_much_is_no_longer_than_needed() {
    let entries = written(10);
    let failed = said(&entries.again(3, 1000).writes);
    let part = entries.again(10, 3);
    assert_eq!(said(&part.writes), failed);
    assert_eq!(part.sockets, 3);
}
