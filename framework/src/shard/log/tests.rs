#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::protocol::socket_io::parser::ParserError;

const AGE: Duration = Duration::from_secs(120);

fn event(name: &str) -> Frame {
    let write = |out: &mut Vec<u8>| {
        out.extend_from_slice(format!(r#"2["{name}"]"#).as_bytes());
        Ok::<_, ParserError>(Vec::new())
    };
    Frame::unnumbered(None, write).unwrap()
}

fn room(name: &str) -> Audience {
    Audience {
        rooms: SmallVec::from_iter([Name::Room(name.into())]),
        except: SmallVec::new(),
    }
}

fn names(frames: &[Frame]) -> Vec<String> {
    let text = |frame: &Frame| String::from_utf8_lossy(&frame.bytes[2..]).into_owned();
    frames.iter().map(text).collect()
}

fn after(
    log: &Log,
    offset: Offset,
    id: SocketId,
    rooms: &[RoomName],
    max_bytes: usize,
) -> Result<Vec<Frame>, Unavailable> {
    let mut missed = Missed::after(offset);
    assert!(log.gather(&mut missed, id, rooms, max_bytes, usize::MAX)?);
    Ok(missed.frames)
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_an_offset_is_there_for_those_whom_it_concerned() {
    let mut log = Log::default();
    let id = SocketId::random().unwrap();
    let rooms: [RoomName; 1] = ["a".into()];
    log.append(event("seen"), Audience::default());
    let seen = log.head();
    log.append(event("all"), Audience::default());
    log.append(event("a"), room("a"));
    log.append(event("b"), room("b"));
    log.append(event("own"), room(id.as_str()));
    log.append(event("direct"), Audience::socket(id));
    for except in [Name::Socket(id), Name::Room("a".into())] {
        let mut not_for_it = Audience::default();
        not_for_it.except.push(except);
        log.append(event("excepted"), not_for_it);
    }
    let missed = after(&log, seen, id, &rooms, 1 << 20).unwrap();
    let expected = [
        r#"42["all","---------1"]"#,
        r#"42["a","---------2"]"#,
        r#"42["own","---------4"]"#,
        r#"42["direct","---------5"]"#,
    ];
    assert_eq!(names(&missed), expected);
    assert!(after(&log, log.head(), id, &rooms, 0).unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_all_there_is_not_given_in_part() {
    let mut log = Log::default();
    let id = SocketId::random().unwrap();
    log.append(event("old"), Audience::default());
    tokio::time::advance(AGE + Duration::from_secs(1)).await;
    log.append(event("new"), Audience::default());
    assert_eq!(log.trim(AGE, usize::MAX), 0, "too old, not too much");
    let since = |offset| after(&log, Offset(offset), id, &[], 1 << 20);
    assert_eq!(since(0).unwrap_err(), Unavailable::Trimmed);
    assert_eq!(names(&since(1).unwrap()), [r#"42["new","---------1"]"#]);
    assert_eq!(since(3).unwrap_err(), Unavailable::Unknown);
    let cost = Outbox::cost(&since(1).unwrap()[0]);
    assert!(after(&log, Offset(1), id, &[], cost).is_ok());
    let narrow = after(&log, Offset(1), id, &[], cost - 1);
    assert_eq!(narrow.unwrap_err(), Unavailable::TooMuch);
}

#[tokio::test(start_paused = true)]
async fn the_oldest_make_room() {
    let mut log = Log::default();
    for _ in 0..100 {
        log.append(event("e"), Audience::default());
    }
    let each = log.bytes / 100;
    assert_eq!(log.trim(AGE, each * 10), 90);
    assert_eq!(
        (log.entries.len(), log.tail(), log.head()),
        (10, Offset(90), Offset(100))
    );
    tokio::time::advance(AGE * 2).await;
    log.trim(AGE, each * 10);
    assert!(log.is_empty());
    assert_eq!(log.bytes, 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_is_gathered_in_parts_between_which_events_come_and_go() {
    let mut log = Log::default();
    let id = SocketId::random().unwrap();
    for _ in 0..5 {
        log.append(event("e"), Audience::default());
    }
    let mut missed = Missed::after(Offset(1));
    let mut gather = |log: &Log| log.gather(&mut missed, id, &[], 1 << 20, 3);
    assert_eq!(gather(&log), Ok(false));
    log.append(event("e"), Audience::default());
    let each = log.bytes / 6;
    log.trim(AGE, each * 2);
    assert_eq!(gather(&log), Ok(true), "what is gone was gathered before");
    let all: Vec<_> = (2..7)
        .map(|n| format!(r#"42["e","---------{}"]"#, n - 1))
        .collect();
    assert_eq!(names(&missed.frames), all);

    let mut late = Missed::after(Offset(4));
    assert_eq!(log.gather(&mut late, id, &[], 1 << 20, 1), Ok(false));
    log.trim(AGE, 0);
    let trimmed = log.gather(&mut late, id, &[], 1 << 20, 1);
    assert_eq!(trimmed, Err(Unavailable::Trimmed));
}

#[tokio::test]
async fn nobody_comes_back_over_a_gap() {
    let mut log = Log::default();
    let (id, worker) = (SocketId::random().unwrap(), WorkerId(0));
    log.append(event("before"), Audience::default());
    let before = log.head();
    drop(log.interrupt());
    let behind = log.head();
    log.append(event("behind"), Audience::default());
    let since = |offset| after(&log, offset, id, &[], 1 << 20);
    assert_eq!(since(before).unwrap_err(), Unavailable::Gap);
    assert_eq!(since(behind).unwrap().len(), 1);
    assert!(log.has_lost(worker, before));
    assert!(!log.has_lost(worker, behind));
}
