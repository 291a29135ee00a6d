#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::TcpListener;

use super::*;

/// A connection of which only the bytes matter, and the listener that keeps it open.
fn connection() -> (Connection, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    let connection = Connection::new(TcpStream::connect(server).unwrap(), server, 7);
    (connection, listener)
}

fn text(packet: &str) -> Vec<u8> {
    let mut bytes = vec![0x81, packet.len() as u8];
    assert!(packet.len() < 126);
    bytes.extend(packet.bytes());
    bytes
}

const UPGRADE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// What comes of these bytes, and how many are left.
fn events(connection: &mut Connection, mut input: &[u8]) -> (Vec<Event>, usize) {
    let mut events = Vec::new();
    while let Some((length, event)) = connection.next(input).unwrap() {
        input = &input[length..];
        events.extend(event);
    }
    (events, input.len())
}

fn ready() -> (Connection, TcpListener) {
    let (mut connection, listener) = connection();
    let bytes = [UPGRADE, &text("0{}"), &text(r#"40{"sid":"a"}"#)].concat();
    assert_eq!(events(&mut connection, &bytes), (vec![Event::Ready], 0));
    (connection, listener)
}

#[test]
fn it_is_ready_after_upgrade_open_and_connect() {
    ready();
}

#[test]
fn what_is_not_all_there_is_left() {
    let (mut connection, _listener) = connection();
    assert_eq!(events(&mut connection, &UPGRADE[..30]), (vec![], 30));
    let bytes = [UPGRADE, &text("0{}")[..2]].concat();
    assert_eq!(events(&mut connection, &bytes), (vec![], 2));
}

#[test]
fn messages_acks_and_pings_are_told_apart() {
    let stamp = Stamp {
        publisher: 3,
        number: 4,
        at: 5,
    };
    let mut message = Vec::new();
    stamp.write(&mut message, 54);
    let message = String::from_utf8(message).unwrap();

    let (mut connection, _listener) = ready();
    connection.out.clear();
    let said = text(&format!(r#"42["message",{message}]"#));
    let echoed = text(&format!("4317[{message}]"));
    let bytes = [said, text("430[]"), echoed, text("2"), text("42[]")].concat();
    let of_size = |size| Carried { stamp, size };
    let expected = [
        Event::Message(of_size(54 + r#"["message",]"#.len())),
        Event::Joined,
        Event::Echoed(of_size(54 + "[]".len())),
        Event::Ping,
        Event::Damaged,
    ];
    assert_eq!(events(&mut connection, &bytes), (expected.to_vec(), 0));
    let pong = &connection.out;
    assert_eq!((pong.len(), pong[0], pong[6] ^ pong[2]), (7, 0x81, b'3'));
}

#[test]
fn what_the_protocols_do_not_allow_is_an_error() {
    let (mut fresh, _listener) = connection();
    let refused = fresh.next(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    assert!(refused.unwrap_err().contains("400 Bad Request"));
    assert!(fresh.next(&[b'x'; LONGEST_HEAD + 1]).is_err());

    let (mut connection, _listener) = ready();
    assert!(connection.next(&text("41")).unwrap_err().contains("41"));
    assert!(connection.next(b"\x88\x00").is_err());
}
