//! What a client's CONNECT says of the session that it wants back (Socket.IO v5, section 8).

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::id::PrivateId;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// `None` if it can be none that we gave.
    pub(super) pid: Option<PrivateId>,
    /// In the form of the log that it is from.
    pub(super) offset: String,
}

/// Takes `pid` and `offset` out of the auth of a CONNECT: they are not the application's, whose
/// types may refuse keys that they do not know, and the one is a secret. Both must be there and be
/// texts, or it is no attempt to come back. `None` is left of an auth that had nothing else.
pub(super) fn split(auth: Option<&str>) -> (Option<Claim>, Option<Cow<'_, str>>) {
    let Some(json) = auth else {
        return (None, None);
    };
    let mut reader = serde_json::Deserializer::from_str(json);
    let parts = reader.deserialize_map(Split(json.len())).ok();
    let Some(Parts { pid, offset, rest }) = parts else {
        // Not an object, which the session is to say.
        return (None, Some(json.into()));
    };
    if pid.is_none() && offset.is_none() {
        return (None, Some(json.into()));
    }
    let text = |json: Option<&RawValue>| serde_json::from_str::<String>(json?.get()).ok();
    let claim = text(pid).zip(text(offset)).map(|(pid, offset)| Claim {
        pid: PrivateId::from_peer(&pid),
        offset,
    });
    let rest = (!rest.is_empty()).then(|| Cow::Owned(format!("{{{rest}}}")));
    (claim, rest)
}

struct Parts<'a> {
    pid: Option<&'a RawValue>,
    offset: Option<&'a RawValue>,
    /// The other keys and their values, as they are, without the braces.
    rest: String,
}

/// Of a text of this length.
struct Split(usize);

impl<'de> Visitor<'de> for Split {
    type Value = Parts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts<'de>, A::Error> {
        let (mut pid, mut offset) = (None, None);
        let mut rest = String::with_capacity(self.0);
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            match serde_json::from_str::<Cow<'_, str>>(key.get()).as_deref() {
                Ok("pid") => pid = Some(value),
                Ok("offset") => offset = Some(value),
                _ => {
                    let comma = if rest.is_empty() { "" } else { "," };
                    rest.extend([comma, key.get(), ":", value.get()]);
                }
            }
        }
        Ok(Parts { pid, offset, rest })
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
            assert_eq!(split(Some(auth)).0, None, "{auth}");
        }
        let unknown = Some(Claim {
            pid: None,
            offset: "x".to_owned(),
        });
        let auth = r#"{"pid":"","offset":"x","token":[]}"#;
        assert_eq!(split(Some(auth)).0, unknown);
    }

    #[test]
    fn the_session_sees_neither_of_them() {
        for (auth, rest) in [
            (None, None),
            (Some("[1]"), Some("[1]")),
            (Some("{}"), Some("{}")),
            (Some(r#"{ "a": 1 }"#), Some(r#"{ "a": 1 }"#)),
            (Some(r#"{"pid":"a","offset":"b"}"#), None),
            (Some(r#"{"pid":1}"#), None),
            (
                Some(r#"{"a":{"pid":2},"\u0070id":"x", "offset" :3,"b\"":[1, 2]}"#),
                Some(r#"{"a":{"pid":2},"b\"":[1, 2]}"#),
            ),
        ] {
            assert_eq!(split(auth).1.as_deref(), rest, "{auth:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_given_to_a_client_is_read_back(
            pid in "[-_A-Za-z0-9]{20}",
            offset in "[-_A-Za-z0-9]{1,20}",
            others in prop::collection::btree_map("[a-z]{0,3}", any::<String>(), 0..3),
        ) {
            let mut auth: BTreeMap<_, _> = others;
            auth.insert("pid".to_owned(), pid.clone());
            auth.insert("offset".to_owned(), offset.clone());
            let json = serde_json::to_string(&auth)?;
            let (claim, rest) = split(Some(&json));
            let expected = Claim { pid: PrivateId::from_peer(&pid), offset };
            prop_assert_eq!(claim, Some(expected));
            auth.retain(|key, _| key != "pid" && key != "offset");
            let rest = rest.map(|rest| serde_json::from_str::<BTreeMap<_, _>>(&rest)).transpose()?;
            prop_assert_eq!(rest.unwrap_or_default(), auth);
        }

        #[test]
        fn any_auth_is_read_in_its_own_memory(
            auth in prop_oneof![
                any::<String>(),
                "\\{(\"(pid|offset|a)\":(\"[-a-z0-9\\\\\"]{0,22}\"|1|null|\\[+),?){0,4}\\}?",
            ],
        ) {
            let measured = allocation_counter::measure(|| {
                let _ = split(Some(&auth));
            });
            prop_assert!(measured.bytes_max as usize <= 4 * auth.len() + 1024);
        }
    }
}
