#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use super::*;

fn socket(number: u8) -> SocketId {
    let id = format!("socket-number-{number:06}");
    id.parse().unwrap()
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
    let mut entries = Entries::new(10);
    for meta in ["1", "2", "3"] {
        let put = entries.put(socket(1), &room("a"), &text("ann"), &text(meta));
        assert_eq!(put, Ok(()));
    }
    let writes = entries.take(10);
    assert_eq!(said(&writes), [says(1, "ann", Some("3"))]);
    assert!(entries.take(10).is_empty());
}

#[test]
fn what_comes_and_goes_unwritten_leaves_nothing() {
    let mut entries = Entries::new(10);
    for number in 0..100 {
        entries
            .put(socket(number), &room("a"), &text("ann"), &text("1"))
            .unwrap();
        assert!(entries.remove_all(socket(number)));
    }
    assert!(entries.take(10).is_empty());
    assert!(entries.sockets.is_empty() && entries.queue.is_empty());
}

#[test]
fn a_new_key_takes_the_place_of_the_old_one() {
    let mut entries = Entries::new(10);
    entries
        .put(socket(1), &Topic::Users, &text("ann"), &text("1"))
        .unwrap();
    let writes = entries.take(10);
    entries.written(&writes);
    entries
        .put(socket(1), &Topic::Users, &text("bob"), &text("1"))
        .unwrap();
    let writes = entries.take(10);
    let expected = [says(1, "ann", None), says(1, "bob", Some("1"))];
    assert_eq!(said(&writes), expected);
    entries.written(&writes);
    assert_eq!(entries.live(), 1);
    assert_eq!(&**entries.key(socket(1), &Topic::Users).unwrap(), "bob");
}

#[test]
fn a_failed_write_comes_first_again_with_what_is_true_by_then() {
    let mut entries = Entries::new(10);
    for number in 1..=3 {
        entries
            .put(socket(number), &room("a"), &text("x"), &text("1"))
            .unwrap();
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
    let mut entries = Entries::new(10);
    for number in 1..=3 {
        entries
            .put(socket(number), &room("a"), &text("x"), &text("1"))
            .unwrap();
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
fn a_node_has_a_bounded_number_of_entries() {
    let mut entries = Entries::new(2);
    let put = |entries: &mut Entries, number| {
        entries.put(socket(number), &room("a"), &text("x"), &text("1"))
    };
    assert_eq!(put(&mut entries, 1), Ok(()));
    assert_eq!(put(&mut entries, 2), Ok(()));
    assert_eq!(put(&mut entries, 3), Err(Full));
    entries.remove_all(socket(1));
    assert_eq!(put(&mut entries, 3), Ok(()));
}

#[test]
fn what_is_written_again_in_parts_is_everything_once_and_nobody_waits_for_it() {
    let mut entries = Entries::new(100);
    for number in 0..100 {
        entries
            .put(socket(number), &room("a"), &text("x"), &text("1"))
            .unwrap();
    }
    let writes = entries.take(1000);
    entries.written(&writes);
    let (asked, mut again) = (entries.asked(), BTreeSet::new());
    for part in 0..12 {
        entries.write_again(part, 12);
        assert_eq!(entries.settled(), asked);
        let writes = entries.take(1000);
        assert!((1..100).contains(&writes.len()), "a part");
        for (key, meta) in said(&writes) {
            assert!(again.insert(key), "once");
            assert_eq!(meta.as_deref(), Some("1"));
        }
        entries.written(&writes);
    }
    assert_eq!(again.len(), 100);
}
