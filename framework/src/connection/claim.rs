//! What a client's CONNECT says of the session that it wants back (Socket.IO v5, section 8).

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{id::PrivateId, shard::offset::Offset};

/// Each `None` if it can be none that we gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) pid: Option<PrivateId>,
    pub(super) offset: Option<Offset>,
}

impl Claim {
    /// Reads the auth of a CONNECT, beside the application's own keys. Both texts must be there, or
    /// it is no attempt to come back.
    pub(super) fn read(auth: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Texts<'a> {
            #[serde(borrow)]
            pid: &'a RawValue,
            #[serde(borrow)]
            offset: &'a RawValue,
        }
        let Texts { pid, offset } = serde_json::from_str(auth).ok()?;
        let text = |json: &RawValue| serde_json::from_str::<String>(json.get()).ok();
        Some(Self {
            pid: PrivateId::from_peer(&text(pid)?),
            offset: Offset::from_peer(&text(offset)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_must_be_texts() {
        for auth in [
            "",
            "{}",
            "[]",
            r#"{"pid":"a"}"#,
            r#"{"offset":"a"}"#,
            r#"{"pid":1,"offset":"a"}"#,
            r#"{"pid":"a","offset":null}"#,
            r#"{"pid":"a","offset":{"a":"b"}}"#,
        ] {
            assert_eq!(Claim::read(auth), None, "{auth}");
        }
        let unknown = Some(Claim {
            pid: None,
            offset: None,
        });
        assert_eq!(
            Claim::read(r#"{"pid":"","offset":"x","token":[]}"#),
            unknown
        );
    }

    proptest! {
        #[test]
        fn what_was_given_to_a_client_is_read_back(
            pid in "[-_A-Za-z0-9]{20}",
            number in 0..1_u64 << 60,
            others in prop::collection::btree_map("[a-z]{0,3}", any::<String>(), 0..3),
        ) {
            let offset = Offset(number);
            let mut auth: BTreeMap<_, _> = others;
            auth.insert("pid".to_owned(), pid.clone());
            auth.insert("offset".to_owned(), std::str::from_utf8(&offset.text())?.to_owned());
            let claim = Claim::read(&serde_json::to_string(&auth)?);
            let expected = Claim { pid: PrivateId::from_peer(&pid), offset: Some(offset) };
            prop_assert_eq!(claim, Some(expected));
        }

        #[test]
        fn any_auth_is_read_in_its_own_memory(
            auth in prop_oneof![
                any::<String>(),
                "\\{(\"(pid|offset|a)\":(\"[-a-z0-9\\\\\"]{0,22}\"|1|null|\\[+),?){0,4}\\}?",
            ],
        ) {
            let measured = allocation_counter::measure(|| {
                let _ = Claim::read(&auth);
            });
            prop_assert!(measured.bytes_max as usize <= 4 * auth.len() + 1024);
        }
    }
}
