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
    let missed = log.after(seen, id, &rooms, 1 << 20).unwrap();
    let expected = [
        r#"42["all","---------1"]"#,
        r#"42["a","---------2"]"#,
        r#"42["own","---------4"]"#,
        r#"42["direct","---------5"]"#,
    ];
    assert_eq!(names(&missed), expected);
    assert!(log.after(log.head(), id, &rooms, 0).unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_all_there_is_not_given_in_part() {
    let mut log = Log::default();
    let id = SocketId::random().unwrap();
    log.append(event("old"), Audience::default());
    tokio::time::advance(AGE + Duration::from_secs(1)).await;
    log.append(event("new"), Audience::default());
    assert_eq!(log.trim(AGE, usize::MAX), 0, "too old, not too much");
    let after = |offset| log.after(Offset(offset), id, &[], 1 << 20);
    assert_eq!(after(0).unwrap_err(), Unavailable::Trimmed);
    assert_eq!(names(&after(1).unwrap()), [r#"42["new","---------1"]"#]);
    assert_eq!(after(3).unwrap_err(), Unavailable::Unknown);
    let cost = Outbox::cost(&after(1).unwrap()[0]);
    assert!(log.after(Offset(1), id, &[], cost).is_ok());
    let narrow = log.after(Offset(1), id, &[], cost - 1);
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
