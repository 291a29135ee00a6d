//! Everything that was recorded is read, and written again as it was.

use super::{
    super::{
        Channel, Place,
        classic::{self, Broadcast, Channels, Request, Sender},
        entry::{Entry, Fields},
        layer::{Content, Encoding, Envelope, encode},
    },
    recorded::{self, Command},
};

/// Steps whose events hold a `Date`, which to us is a text.
const DATES: [&str; 3] = ["Date", "date", "m5"];

fn has_date(op: &str) -> bool {
    DATES.iter().any(|date| op.contains(date))
}

fn assert_bytes(op: &str, ours: &[u8], theirs: &[u8]) {
    if !has_date(op) {
        let show = String::from_utf8_lossy;
        assert_eq!(ours, theirs, "{op}: {} {}", show(ours), show(theirs));
    }
}

#[test]
fn classic_traffic_is_read_and_written_alike() {
    let mut seen = 0;
    for (key, recording) in recorded::all_classic() {
        for (op, command) in recording.commands() {
            if let Some(payload) = command.payload() {
                classic_message(key, op, command, &payload);
                seen += 1;
            }
        }
    }
    assert!(seen > 70, "{seen}");
}

fn classic_message(key: &str, op: &str, command: &Command, payload: &[u8]) {
    let channel = command.channel.as_deref().unwrap();
    let namespace = channel.split('#').nth(1).unwrap();
    let channels = Channels::new(key, namespace);
    let sender = |uid: &str| match command.from.as_str() {
        "emitter" => Sender::Emitter,
        _ => Sender::Node(Box::leak(uid.into())),
    };
    if channels.answers.place(channel).is_some() {
        let message = super::classic_answer(payload).unwrap();
        let again = classic::encode(Sender::Node("any"), namespace, &message).unwrap();
        return assert_bytes(op, &again, payload);
    }
    let (uid, message) = match channels.broadcasts.place(channel) {
        Some(_) => {
            let broadcast = Broadcast::read(payload).unwrap();
            let uid = broadcast.uid.clone();
            let (nsp, message) = broadcast.decode().unwrap();
            assert_eq!(nsp, namespace);
            (uid, message)
        }
        None => {
            let request = Request::read(payload).unwrap();
            assert_eq!(request.confirmation().unwrap(), None, "{op}");
            (request.uid.clone(), request.decode().unwrap())
        }
    };
    assert_eq!(channels.publish(&message), channel, "{op}");
    let sender = sender(uid.as_deref().unwrap_or_default());
    let again = classic::encode(sender, namespace, &message).unwrap();
    assert_bytes(op, &again, payload);
}

#[test]
fn sharded_traffic_is_read_and_written_alike() {
    let mut seen = 0;
    for recording in recorded::all_sharded() {
        for (op, command) in recording.commands() {
            if let Some(payload) = command.payload() {
                enveloped(op, command, &payload, Encoding::Smallest);
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn the_streams_adapters_traffic_is_read_and_written_alike() {
    let (mut published, mut added) = (0, 0);
    for recording in recorded::all_streams() {
        for (op, command) in recording.commands() {
            if let Some(payload) = command.payload() {
                enveloped(op, command, &payload, Encoding::Msgpack);
                published += 1;
            }
            if command.command == "XADD" {
                entry(op, command);
                added += 1;
            }
        }
    }
    assert!(published > 30 && added > 100, "{published} {added}");
}

fn enveloped(op: &str, command: &Command, payload: &[u8], encoding: Encoding) {
    let channel = command.channel.as_deref().unwrap();
    let envelope = Envelope::read(payload).unwrap();
    let (uid, nsp) = (envelope.uid.clone(), envelope.nsp.clone());
    assert_eq!(uid.len(), 16);
    let prefix = channel.split('#').next().unwrap();
    let place = Channel::new(prefix, &nsp).place(channel);
    assert!(place.is_some(), "{channel}");
    let Content::Message { message, packet_id } = envelope.decode().unwrap() else {
        panic!("{op}");
    };
    assert_eq!(packet_id, None);
    if let (super::Message::Broadcast { options, .. }, Some(Place::Named(room))) = (&message, place)
    {
        assert_eq!(options.rooms, [room]);
    }
    let again = encode(&uid, &nsp, &message, encoding).unwrap();
    assert_bytes(op, &again, payload);
}

fn entry(op: &str, command: &Command) {
    let recorded = command.fields.as_ref().unwrap();
    let fields = recorded
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let entry = Entry::read(fields).unwrap().unwrap();
    assert_eq!(entry.uid, recorded["uid"]);
    assert_eq!(entry.nsp, recorded["nsp"]);
    let data = recorded.get("data");
    match entry.decode().unwrap() {
        Content::Message { message, packet_id } => {
            let again = Fields::encode(&message, false).unwrap();
            assert_eq!(again.kind.to_string(), recorded["type"]);
            let data = data.unwrap();
            // What is here of an event for one socket goes to that socket without an id.
            let data = match packet_id {
                Some(id) => data.replace(&format!(r#","id":{id}"#), ""),
                None => data.clone(),
            };
            assert_bytes(op, &again.data, data.as_bytes());
        }
        other => {
            let kind = match other {
                Content::InitialHeartbeat => "1",
                Content::Heartbeat => "2",
                _ => "13",
            };
            assert_eq!((recorded["type"].as_str(), data), (kind, None));
        }
    }
}
