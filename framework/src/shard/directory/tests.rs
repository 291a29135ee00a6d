use super::*;

const A: WorkerId = WorkerId(3);
const B: WorkerId = WorkerId(200);

#[test]
fn a_room_is_known_as_long_as_one_worker_has_members() {
    let scope = Scope::new(NamespaceId(0), "/".into());
    let room = scope.enter(Some("lobby"), A);
    scope.enter(Some("lobby"), B);
    scope.exit(&room, A);
    assert_eq!(room.workers.snapshot().iter().collect::<Vec<_>>(), [B]);
    assert!(scope.room("lobby").is_some());
    scope.exit(&room, B);
    assert!(scope.room("lobby").is_none());
}

#[test]
fn a_room_waits_for_members_that_are_announced() {
    let scope = Scope::new(NamespaceId(0), "/".into());
    scope.announce("lobby", A);
    scope.announce("lobby", A);
    scope.arrived("lobby", A, false);
    assert!(scope.room("lobby").is_some(), "one more is on its way");
    let room = scope.enter(Some("lobby"), A);
    scope.exit(&room, A);
    assert!(scope.room("lobby").is_some(), "still");
    scope.arrived("lobby", A, false);
    assert!(scope.room("lobby").is_none());
}

/// The small concurrent part: workers that enter and leave one room at any moment, while others
/// announce members to it. What was announced arrives on the worker itself.
#[test]
fn a_room_is_known_while_anyone_is_in_it_and_forgotten_afterwards() {
    let scope = Scope::new(NamespaceId(0), "/".into());
    let mailboxes: [AtomicUsize; 4] = Default::default();
    let handle = |worker: u16| {
        for _ in 0..mailboxes[usize::from(worker)].swap(0, Ordering::AcqRel) {
            scope.arrived("lobby", WorkerId(worker), false);
        }
    };
    std::thread::scope(|threads| {
        for worker in 0..4_u16 {
            let (scope, mailboxes, handle) = (&scope, &mailboxes, &handle);
            threads.spawn(move || {
                let (here, other) = (WorkerId(worker), worker ^ 1);
                for _ in 0..20_000 {
                    let room = scope.enter(Some("lobby"), here);
                    scope.announce("lobby", WorkerId(other));
                    mailboxes[usize::from(other)].fetch_add(1, Ordering::AcqRel);
                    let known = scope.room("lobby");
                    assert!(known.is_some_and(|known| known.workers.snapshot().has(here)));
                    scope.exit(&room, here);
                    handle(worker);
                }
            });
        }
    });
    for worker in 0..4 {
        handle(worker);
    }
    assert!(scope.room("lobby").is_none());
}
