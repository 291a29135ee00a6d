//! What holds for every packet and every input.

use super::LIMITS;
use crate::protocol::socket_io::{
    Assembler, Binary, Data, Kind, Limits, Step, decode::decode, encode, is_reserved,
    with_attachments,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// An argument of any kind that survives JSON exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Arg {
    Text(String),
    Integer(i64),
    Bytes(Binary),
    List(Vec<Arg>),
}

fn arg() -> impl Strategy<Value = Arg> {
    let leaf = prop_oneof![
        any::<String>().prop_map(Arg::Text),
        any::<i64>().prop_map(Arg::Integer),
        any::<Vec<u8>>().prop_map(|bytes| Arg::Bytes(bytes.into())),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(Arg::List)
    })
}

fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![Just("/".to_owned()), "/[^,]{0,8}"]
}

const UNLIMITED: Limits = Limits {
    max_attachments: usize::MAX,
    max_packet_bytes: usize::MAX,
};

/// Passes a packet through the wire form and hands its parts to `check`.
fn transmit<R>(
    text: &[u8],
    attachments: Vec<bytes::Bytes>,
    check: impl FnOnce(&super::Packet<'_>) -> R,
) -> R {
    let mut decoder = Assembler::default();
    let text = std::str::from_utf8(text).unwrap();
    if let Step::Packet(packet) = decoder.add_text(text, &UNLIMITED).unwrap() {
        assert!(attachments.is_empty());
        return check(&packet);
    }
    let mut wholes = attachments
        .into_iter()
        .filter_map(|attachment| decoder.add_binary(attachment, &UNLIMITED).unwrap());
    let whole = wholes.next().unwrap();
    assert!(wholes.next().is_none());
    with_attachments(&whole.attachments, || check(&whole.packet().unwrap()))
}

proptest! {
    #[test]
    fn events_survive_the_wire(
        nsp in namespace(),
        id: Option<u64>,
        name: String,
        args in prop::collection::vec(arg(), 0..4),
    ) {
        prop_assume!(!is_reserved(&name));
        let mut out = Vec::new();
        let push_all = |to: &mut encode::Args<'_>| args.iter().try_for_each(|arg| to.push(arg));
        let attachments = encode::event(&mut out, &nsp, id, &name, push_all)?;
        transmit(&out, attachments, |packet| {
            prop_assert_eq!((packet.nsp, packet.id), (nsp.as_str(), id));
            let Data::Event(event) = &packet.data else {
                return Err(TestCaseError::fail("not an event"));
            };
            prop_assert_eq!(event.name.as_ref(), name.as_str());
            let received: Vec<Arg> = serde_json::from_str(&format!("[{}]", event.args))?;
            prop_assert_eq!(&received, &args);
            Ok(())
        })?;
    }

    #[test]
    fn acks_survive_the_wire(nsp in namespace(), id: u64, args in prop::collection::vec(arg(), 0..4)) {
        let mut out = Vec::new();
        let push_all = |to: &mut encode::Args<'_>| args.iter().try_for_each(|arg| to.push(arg));
        let attachments = encode::ack(&mut out, &nsp, id, push_all)?;
        transmit(&out, attachments, |packet| {
            prop_assert_eq!((packet.nsp, packet.id), (nsp.as_str(), Some(id)));
            let Data::Ack(array) = packet.data else {
                return Err(TestCaseError::fail("not an ack"));
            };
            prop_assert_eq!(&serde_json::from_str::<Vec<Arg>>(array)?, &args);
            Ok(())
        })?;
    }

    #[test]
    fn connects_survive_the_wire(
        nsp in namespace(),
        sid: String,
        pid: Option<String>,
        auth in prop::collection::btree_map(any::<String>(), any::<String>(), 0..4),
    ) {
        let mut reply = Vec::new();
        encode::connect(&mut reply, &nsp, &sid, pid.as_deref())?;
        let packet = decode(std::str::from_utf8(&reply)?)?;
        prop_assert_eq!((packet.kind, packet.nsp), (Kind::Connect, nsp.as_str()));
        let Data::Object(json) = packet.data else {
            return Err(TestCaseError::fail("no object"));
        };
        let mut expected = serde_json::json!({ "sid": sid });
        if let Some(pid) = pid {
            expected["pid"] = pid.into();
        }
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(json)?, expected);

        let mut request = Vec::new();
        encode::header(&mut request, Kind::Connect, &nsp, None);
        serde_json::to_writer(&mut request, &auth)?;
        let packet = decode(std::str::from_utf8(&request)?)?;
        prop_assert_eq!(packet.nsp, nsp.as_str());
        let Data::Object(json) = packet.data else {
            return Err(TestCaseError::fail("no auth"));
        };
        prop_assert_eq!(serde_json::from_str::<std::collections::BTreeMap<_, _>>(json)?, auth);

        let mut leave = Vec::new();
        encode::disconnect(&mut leave, &nsp);
        let packet = decode(std::str::from_utf8(&leave)?)?;
        prop_assert_eq!((packet.kind, packet.nsp, packet.data), (Kind::Disconnect, nsp.as_str(), Data::None));
    }

    #[test]
    fn refusals_survive_the_wire(nsp in namespace(), message: String) {
        let mut out = Vec::new();
        encode::connect_error::<()>(&mut out, &nsp, &message, None)?;
        let packet = decode(std::str::from_utf8(&out)?)?;
        prop_assert_eq!(packet.nsp, nsp);
        let Data::Error(json) = packet.data else {
            return Err(TestCaseError::fail("not a refusal"));
        };
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(json)?, serde_json::json!({ "message": message }));
    }

    #[test]
    fn any_text_is_decoded_or_refused(text: String) {
        let _ = decode(&text);
    }

    #[test]
    fn anything_like_a_packet_is_decoded_or_refused(
        texts in prop::collection::vec("[0-7][0-9e.]{0,2}-?(/[a-z]{0,3},?)?[0-9 ]{0,3}[\\[{]?\"?[a_]?\"?[,:]?(\\{\"_placeholder\":true,\"num\":[0-2]\\})?[\\]}]?", 0..4),
        binary: Vec<bool>,
    ) {
        let mut decoder = Assembler::default();
        for text in &texts {
            if let Ok(Step::Packet(packet)) = decoder.add_text(text, &LIMITS) {
                prop_assert!(packet.nsp.starts_with('/'));
                prop_assert!(!packet.kind.is_binary());
            }
            for _ in &binary {
                if let Ok(Some(whole)) = decoder.add_binary(vec![1].into(), &LIMITS) {
                    prop_assert!(whole.packet().is_ok());
                    prop_assert!(!decoder.is_waiting());
                }
            }
        }
    }
}
