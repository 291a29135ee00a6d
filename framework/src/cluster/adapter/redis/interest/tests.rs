use std::time::Instant;

use super::{
    heard::{Changes, LINGER},
    marks::MAX_MARKS,
    *,
};

fn is_nothing(changes: &Changes) -> bool {
    changes.subscribe.is_empty() && changes.unsubscribe.is_empty()
}

fn room(name: &str) -> Interest {
    Interest {
        namespace: "/".into(),
        room: Some(name.into()),
    }
}

fn watched() -> Marks {
    let marks = Marks::default();
    marks.watch();
    marks
}

#[test]
fn a_room_is_told_when_it_has_members_and_a_while_after_it_has_none() {
    let (marks, mut heard, start) = (watched(), Heard::new(Vec::new()), Instant::now());
    marks.mark(room("a"));
    let changes = heard.update(&marks, start, |_| true, Vec::new);
    assert_eq!(changes.subscribe, [room("a")]);
    marks.mark(room("a"));
    assert!(is_nothing(&heard.update(
        &marks,
        start,
        |_| false,
        Vec::new
    )));
    assert_eq!(heard.next_end(), Some(start + LINGER));
    let changes = heard.update(&marks, start + LINGER, |_| false, Vec::new);
    assert_eq!(changes.unsubscribe, [room("a")]);
    assert_eq!(heard.next_end(), None);
}

#[test]
fn a_room_that_clients_come_back_to_is_heard_for_longer() {
    let (marks, start) = (watched(), Instant::now());
    let mut heard = Heard::new(vec![room("a")]).keeping(|_| Some(5 * LINGER));
    let mut nothing_changes = |later: u32| {
        let changes = heard.update(&marks, start + later * LINGER, |_| false, Vec::new);
        assert!(is_nothing(&changes));
    };
    marks.mark(room("a"));
    nothing_changes(0);
    nothing_changes(3);
    // Someone came and went again.
    marks.mark(room("a"));
    nothing_changes(4);
    nothing_changes(8);
    let changes = heard.update(&marks, start + 9 * LINGER, |_| false, Vec::new);
    assert_eq!(changes.unsubscribe, [room("a")]);
    assert_eq!(heard.next_end(), None);
}

#[test]
fn a_room_that_was_left_before_it_was_told_is_heard_for_those_who_come_back() {
    let (marks, start) = (watched(), Instant::now());
    let mut heard = Heard::new(Vec::new()).keeping(|_| Some(5 * LINGER));
    marks.mark(room("a"));
    let changes = heard.update(&marks, start, |_| false, Vec::new);
    assert_eq!(changes.subscribe, [room("a")]);
    let changes = heard.update(&marks, start + 5 * LINGER, |_| false, Vec::new);
    assert_eq!(changes.unsubscribe, [room("a")]);

    let mut heard = Heard::new(Vec::new());
    marks.mark(room("a"));
    assert!(is_nothing(&heard.update(
        &marks,
        start,
        |_| false,
        Vec::new
    )));
}

#[test]
fn churn_tells_the_server_nothing() {
    let (marks, mut heard, start) = (watched(), Heard::new(vec![room("a")]), Instant::now());
    for wanted in [false, true, false, false, true] {
        marks.mark(room("a"));
        assert!(is_nothing(&heard.update(
            &marks,
            start,
            |_| wanted,
            Vec::new
        )));
    }
    assert!(is_nothing(&heard.update(
        &marks,
        start + 2 * LINGER,
        |_| true,
        Vec::new
    )));
}

#[test]
fn rooms_go_with_their_namespace() {
    let namespace = |name: &str| Interest {
        namespace: name.into(),
        room: None,
    };
    let all = vec![namespace("/"), room("a"), room("b"), namespace("/a")];
    let (marks, mut heard, start) = (watched(), Heard::new(all), Instant::now());
    marks.mark(room("b"));
    heard.update(&marks, start, |_| false, Vec::new);
    marks.mark(namespace("/"));
    let changes = heard.update(&marks, start, |_| false, Vec::new);
    assert_eq!(changes.unsubscribe, [namespace("/"), room("a"), room("b")]);
    assert_eq!(heard.next_end(), None);
    assert_eq!(heard.interests.len(), 1);
}

#[test]
fn marks_are_bounded() {
    let marks = watched();
    for name in 0..MAX_MARKS + 10 {
        marks.mark(room(&name.to_string()));
    }
    assert_eq!(marks.lock().interests.len(), MAX_MARKS);
    let mut heard = Heard::new(Vec::new());
    let changes = heard.update(&marks, Instant::now(), |_| true, || vec![room("late")]);
    assert!(changes.subscribe.contains(&room("late")));
    marks.unwatch();
    marks.mark(room("a"));
    assert!(marks.lock().interests.is_empty());
}
