use super::{
    super::entry::{SessionRecord, stream_name},
    recorded, *,
};
use bytes::Bytes;

#[test]
fn a_session_that_node_kept_is_read_and_written_alike() {
    let recovery = recorded::recovery();
    let set = recovery
        .commands()
        .find(|(_, command)| command.command == "SET");
    let value = set.unwrap().1.args[1].text.as_deref().unwrap();
    let session = SessionRecord::decode(value.as_bytes()).unwrap();
    let expected = SessionRecord {
        sid: "nIF47jci5M1LHjbFAAAk".into(),
        pid: "bsabnsoWiRQiqsUcAAAl".into(),
        rooms: texts(&["nIF47jci5M1LHjbFAAAk", "room1"]),
        data: Data {
            json: r#"{"server":"A","user":{"name":"u","bin":{"_placeholder":true,"num":0}}}"#
                .into(),
            attachments: vec![Bytes::from_static(&[1, 2])],
        },
        note: None,
    };
    assert_eq!(session, expected);
    assert_eq!(session.encode().unwrap(), value.as_bytes());
    let noted = SessionRecord {
        note: Some("7-3 name".into()),
        ..expected
    };
    let read = SessionRecord::decode(&noted.encode().unwrap());
    assert_eq!(read.unwrap(), noted);
}

#[test]
fn other_sessions_are_refused() {
    for (value, error) in [
        (&b"\xff"[..], "not UTF-8"),
        (b"", "not MessagePack: the message ends within a value"),
        (b"gA==", "`sid` is missing"),
        (b"kA==", "not an object where one is expected"),
    ] {
        let told = SessionRecord::decode(value).unwrap_err().to_string();
        assert_eq!(told, error);
    }
}

#[test]
fn one_stream_bears_the_name_itself() {
    assert_eq!(stream_name("socket.io", 1, "/my-namespace"), "socket.io");
    assert_eq!(stream_name("socket.io", 4, "/my-namespace"), "socket.io--3");
}
