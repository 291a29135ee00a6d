#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn rooms(extra: Option<SessionExtra<'_>>) -> Vec<String> {
    let id = "socket-number-000001";
    let names = [id, "lobby", "roomcast:user:bob", "roomcast:presence:lobby"];
    let session = StoredSession {
        id: id.into(),
        pid: "private".into(),
        rooms: names.map(Cow::Borrowed).to_vec(),
        data: "{}".into(),
        extra,
    };
    let rooms = stored(session).unwrap().rooms;
    rooms.iter().map(ToString::to_string).collect()
}

#[test]
fn a_room_that_a_node_server_let_a_client_name_makes_nobody_a_user() {
    assert_eq!(rooms(None), ["lobby"]);
}

#[test]
fn a_session_of_ours_keeps_its_user_and_watches_nothing() {
    let extra = SessionExtra {
        floor: EntryId::default(),
        copy: "1".into(),
        expires: None,
    };
    assert_eq!(rooms(Some(extra)), ["lobby", "roomcast:user:bob"]);
}
