#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use super::*;
use crate::id::WorkerId;

fn slot(index: u32) -> SlotKey {
    SlotKey {
        worker: WorkerId(0),
        index,
        generation: 0,
    }
}

fn session(seconds: u64) -> Saved {
    Saved {
        pid: PrivateId::random().unwrap(),
        id: SocketId::random().unwrap(),
        rooms: Arc::default(),
        floor: Offset::default(),
        kept: Arc::new(()),
        data: None,
        copy: None,
        expires: None,
        until: Instant::now() + Duration::from_secs(seconds),
    }
}

/// Lets the client of a session go, which lived in slot 0.
fn kept(retained: &mut Retained, session: &Saved) {
    let id = session.id;
    retained.enter(session.pid, Address { slot: slot(0), id });
    assert!(retained.hand_over(session.clone()).is_none());
}

/// Its client comes back to slot 1 and then, while it is restored there, to slot 2: what it waits for there.
fn lent(retained: &mut Retained, session: &Saved) -> oneshot::Receiver<Ticket> {
    kept(retained, session);
    retained.take(session.pid, slot(1));
    match retained.take(session.pid, slot(2)) {
        Found::Live { session, .. } => session,
        _ => panic!("it is lent"),
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_gets_what_is_handed_over_and_who_comes_later_what_was_kept() {
    let mut retained = Retained::default();
    let session = session(1);
    kept(&mut retained, &session);
    assert!(matches!(
        retained.take(session.pid, slot(1)),
        Found::Saved(_)
    ));
    assert!(retained.is_empty(), "taken once");
    let Found::Live { place, .. } = retained.take(session.pid, slot(2)) else {
        panic!("nobody knows where it went");
    };
    assert_eq!(place.slot, slot(1));
    let handed_over = retained.hand_over(session.clone());
    assert!(matches!(handed_over, Some(HandedOver::To(..))));
    assert!(
        retained.hand_over(session).is_none(),
        "nobody waits any more"
    );
    assert!(!retained.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_revoked_while_it_was_lent_is_not_kept() {
    let mut retained = Retained::default();
    let session = session(1);
    let waiting = lent(&mut retained, &session);
    retained.revoke(session.pid);
    assert!(waiting.await.is_err(), "who waits is told");
    let handed_over = retained.hand_over(session.clone());
    assert!(matches!(handed_over, Some(HandedOver::Revoked(_))));
    assert!(matches!(
        retained.take(session.pid, slot(1)),
        Found::Nothing
    ));
}

#[tokio::test(start_paused = true)]
async fn who_came_back_twice_gets_it_on_its_last_connection() {
    let mut retained = Retained::default();
    let session = session(1);
    let id = session.id;
    retained.enter(session.pid, Address { slot: slot(0), id });
    let [first, last] = [1, 2].map(|index| match retained.take(session.pid, slot(index)) {
        Found::Live { session, .. } => session,
        _ => panic!("it is connected"),
    });
    let handed_over = retained.hand_over(session);
    let Some(HandedOver::To(heir, _)) = handed_over else {
        panic!("two wait for it");
    };
    assert!(first.await.is_err());
    drop(last);
    assert!(heir.is_closed(), "the last was meant");
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_once_more_while_it_is_restored_waits_for_it() {
    let mut retained = Retained::default();
    let session = session(1);
    let waiting = lent(&mut retained, &session);
    let id = session.id;
    let restored = Address { slot: slot(1), id };
    assert!(retained.enter(session.pid, restored), "someone waits");
    let handed_over = retained.hand_over(session.clone());
    assert!(matches!(handed_over, Some(HandedOver::To(..))));
    drop(waiting);
    retained.forget(session.pid, slot(1));
    assert!(retained.hand_over(session).is_none(), "it is the other's");
}

#[tokio::test(start_paused = true)]
async fn only_the_socket_in_its_slot_forgets_a_session() {
    let mut retained = Retained::default();
    let session = session(1);
    kept(&mut retained, &session);
    retained.forget(session.pid, slot(0));
    assert!(!retained.is_empty(), "what is kept stays");
    retained.take(session.pid, slot(1));
    retained.forget(session.pid, slot(0));
    assert!(matches!(
        retained.take(session.pid, slot(2)),
        Found::Live { .. }
    ));
    retained.forget(session.pid, slot(1));
    assert!(matches!(
        retained.take(session.pid, slot(2)),
        Found::Nothing
    ));
}

#[tokio::test(start_paused = true)]
async fn what_expired_goes_and_then_the_oldest_and_none_of_it_is_dropped_inside() {
    let mut retained = Retained::default();
    let sessions = [1, 4, 2, 3].map(session);
    for session in &sessions {
        kept(&mut retained, session);
    }
    tokio::time::advance(Duration::from_secs(1)).await;
    let trimmed = retained.trim(2);
    assert_eq!(trimmed.evicted, 1);
    let gone: Vec<_> = trimmed.sessions.iter().map(|session| session.pid).collect();
    assert!(gone == [sessions[0].pid, sessions[2].pid]);
    assert_eq!(retained.trim(2).sessions.len(), 0);
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(retained.trim(2).sessions.len(), 2);
    assert!(retained.is_empty() && retained.entries.is_empty());
}

/// They cannot disagree; if they did, nobody would get out of this lock.
#[tokio::test(start_paused = true)]
async fn trimming_ends_even_if_its_two_lists_disagree() {
    let mut retained = Retained::default();
    let session = session(1);
    kept(&mut retained, &session);
    retained.entries.clear();
    assert!(retained.trim(0).sessions.is_empty());
    assert!(retained.is_empty());
}
