use super::*;
use crate::cluster::presence::samples::{diff, moment, page};

fn told(changes: Vec<PresenceChange>) -> Vec<String> {
    let told = |change: &PresenceChange| match change {
        PresenceChange::Joined(it) => format!("+{}", it.key()),
        PresenceChange::Updated(it) => format!("{}:{}", it.key(), it.connections()),
        PresenceChange::Left(it) => format!("-{}", it.key()),
        PresenceChange::Missed => "?".to_owned(),
    };
    let mut told: Vec<_> = changes.iter().map(told).collect();
    told.sort();
    told
}

/// A view that has read these keys at change 10.
fn view(keys: &[&str]) -> View {
    let mut view = View::default();
    view.begin();
    assert!(view.page(page(moment("1", 10), keys)).is_empty());
    assert!(view.finish().is_empty(), "the first reading is silent");
    view
}

#[test]
fn many_connections_of_a_user_join_and_leave_once() {
    let mut view = view(&[]);
    assert_eq!(told(view.apply(diff(moment("1", 11), "ann", 1))), ["+ann"]);
    assert_eq!(told(view.apply(diff(moment("1", 12), "ann", 2))), ["ann:2"]);
    assert_eq!(told(view.apply(diff(moment("1", 13), "ann", 1))), ["ann:1"]);
    assert_eq!(told(view.apply(diff(moment("1", 14), "ann", 0))), ["-ann"]);
    assert_eq!(view.len(), 0);
}

#[test]
fn what_was_missed_is_told_by_the_next_reading_and_nothing_else() {
    let mut view = view(&["ann", "bob"]);
    view.begin();
    assert_eq!(
        told(view.page(page(moment("1", 20), &["ann", "cid"]))),
        ["+cid"]
    );
    assert_eq!(told(view.finish()), ["-bob"]);
}

#[test]
fn a_page_does_not_undo_a_newer_change() {
    let mut view = view(&["ann"]);
    view.begin();
    assert_eq!(told(view.apply(diff(moment("1", 21), "ann", 0))), ["-ann"]);
    assert_eq!(told(view.apply(diff(moment("1", 22), "dot", 1))), ["+dot"]);
    assert!(view.page(page(moment("1", 20), &["ann"])).is_empty());
    assert!(
        view.finish().is_empty(),
        "dot came behind the page, and stays"
    );
    assert_eq!(view.len(), 1);
}

#[test]
fn an_interrupted_reading_changes_nothing() {
    let mut view = view(&["ann", "bob"]);
    view.begin();
    view.page(page(moment("1", 20), &["ann"]));
    view.interrupt();
    assert!(view.finish().is_empty());
    assert_eq!(view.len(), 2);
}

#[test]
fn a_store_that_was_set_back_does_not_freeze_a_view() {
    let mut view = view(&["ann", "bob"]);
    view.begin();
    // Of before, and answered late.
    let late = page(moment("1", 12), &["ann", "bob", "cid"]);
    view.reset();
    assert!(view.page(late).is_empty());
    assert!(view.finish().is_empty());
    view.begin();
    assert!(view.page(page(moment("1", 3), &["ann", "bob"])).is_empty());
    assert!(view.finish().is_empty());
    assert_eq!(told(view.apply(diff(moment("1", 4), "ann", 0))), ["-ann"]);
    assert_eq!(told(view.apply(diff(moment("1", 5), "bob", 2))), ["bob:2"]);
}

#[test]
fn a_change_that_comes_behind_a_page_with_it_tells_nothing() {
    let mut view = view(&["ann"]);
    view.begin();
    assert_eq!(told(view.page(page(moment("1", 20), &["cid"]))), ["+cid"]);
    assert!(
        view.apply(diff(moment("1", 19), "dot", 1)).is_empty(),
        "gone again"
    );
    assert_eq!(told(view.finish()), ["-ann"]);
}
