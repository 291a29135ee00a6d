use super::*;

fn entry(number: u64, awaited: bool) -> Entry {
    Entry {
        number,
        command: Bytes::new(),
        slot: 0,
        resend: false,
        awaited,
        counted: true,
    }
}

#[test]
fn what_is_awaited_makes_no_room() {
    let mut line = Line::default();
    for (number, awaited) in [(0, true), (1, false), (2, true)] {
        line.push(entry(number, awaited));
    }
    assert_eq!(line.oldest(), Some(1));
    assert_eq!(line.drop_oldest().map(|entry| entry.number), Some(1));
    assert!(line.oldest().is_none() && line.drop_oldest().is_none());
    assert_eq!(line.pop().map(|entry| entry.number), Some(0));
}

fn numbers<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<u64> {
    entries.into_iter().map(|entry| entry.number).collect()
}

#[test]
fn what_did_not_leave_as_a_whole_waits_again() {
    // So many bytes of thirty were not taken.
    for (left, unknown, waiting) in [
        (0, vec![0, 1, 2], vec![3]),
        (1, vec![0, 1], vec![2, 3]),
        (10, vec![0, 1], vec![2, 3]),
        (11, vec![0], vec![1, 2, 3]),
        (30, vec![], vec![0, 1, 2, 3]),
    ] {
        let mut line = Line::default();
        for number in 0..3 {
            let command = Bytes::from_static(b"0123456789");
            line.push(Entry {
                command,
                ..entry(number, false)
            });
        }
        let mut bytes = line.batch().expect("three commands");
        line.push(entry(3, false));
        line.put_back(bytes.split_off(bytes.len() - left));
        let (lost, kept) = line.end();
        assert_eq!(numbers(&lost.collect::<Vec<_>>()), unknown, "{left}");
        assert_eq!(numbers(&kept), waiting, "{left}");
    }
}

#[test]
fn what_is_being_written_when_the_connection_ends_may_have_left() {
    let mut line = Line::default();
    let command = Bytes::from_static(b"0123456789");
    line.push(Entry {
        command,
        ..entry(0, false)
    });
    let _bytes = line.batch();
    line.writing = true;
    let (unknown, waiting) = line.end();
    assert_eq!((unknown.count(), waiting.len()), (1, 0));
}

#[test]
fn nothing_is_done_behind_what_came_after_it() {
    let of = |number, slot, resend| Entry {
        slot,
        resend,
        awaited: number == 1,
        ..entry(number, false)
    };
    let mut line = Line::default();
    line.push(of(9, 1, false));
    for refused in [
        of(1, 1, false),
        of(2, 2, false),
        of(3, 1, true),
        of(5, 1, false),
    ] {
        line.retry(refused);
    }
    assert_eq!(line.done(&of(4, 1, false)), 1);
    assert_eq!(numbers(&line.queue), [2, 3, 5, 9]);
    assert_eq!(line.oldest(), Some(2));
    let weight: usize = line.queue.iter().map(Entry::weight).sum();
    assert_eq!(line.weight(), weight);
}

#[test]
fn who_was_too_busy_is_given_one_until_it_takes_it() {
    let mut line = Line::default();
    line.push(entry(1, false));
    line.probe();
    line.retry(entry(0, false));
    line.paused = None;
    assert!(line.batch().is_some() && line.batch().is_none());
    let (probe, _) = line.answered().expect("it was sent");
    assert_eq!((probe.number, line.done(&probe)), (0, 0));
    assert!(line.batch().is_some());
}

#[test]
fn the_oldest_that_makes_room_is_known_whatever_is_taken_out_and_put_back() {
    // Each bit says whether one of them is awaited.
    for awaited in 0_u64..1 << 6 {
        let mut line = Line::default();
        let is_awaited = |number| awaited >> number & 1 == 1;
        let push = |line: &mut Line, number| line.push(entry(number, is_awaited(number)));
        let check = |line: &Line| {
            let mut queue = line.queue.iter();
            let oldest = queue.find(|entry| !entry.awaited);
            assert_eq!(line.oldest(), oldest.map(|entry| entry.number));
        };
        for number in 0..4 {
            push(&mut line, number);
            check(&line);
        }
        let taken = [line.pop(), line.pop()];
        check(&line);
        push(&mut line, 4);
        for entry in taken.into_iter().rev().flatten() {
            line.retry(entry);
            check(&line);
        }
        push(&mut line, 5);
        while line.drop_oldest().is_some() {
            check(&line);
        }
        let left: Vec<_> = line.queue.iter().map(|entry| entry.number).collect();
        assert_eq!(
            left,
            (0..6)
                .filter(|number| is_awaited(*number))
                .collect::<Vec<_>>()
        );
    }
}
