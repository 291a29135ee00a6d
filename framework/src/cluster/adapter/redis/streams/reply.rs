//! Replies of Redis about streams, in the forms of RESP2 and RESP3.

use redis::Value;

use super::position::Info;
use crate::{error::AdapterError, id::EntryId};

/// An entry as it is in the stream.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) id: EntryId,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// Not if the answer [was cut](super::wire::Wire::was_cut) in the middle of it.
    pub(super) whole: bool,
}

impl Stored {
    /// Names and values.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Who has added it.
    pub(super) fn sender(&self) -> Option<&[u8]> {
        self.field("uid")
    }

    pub(super) fn field(&self, name: &str) -> Option<&[u8]> {
        let mut fields = self.fields();
        fields.find_map(|(known, value)| (known == name.as_bytes()).then_some(value))
    }
}

/// An answer that is no error.
pub(super) fn done(reply: Value) -> Result<Value, AdapterError> {
    match reply {
        Value::ServerError(error) => Err(AdapterError::new(error.to_string())),
        reply => Ok(reply),
    }
}

/// The ids of an answer to XADD, or to several of them.
///
/// # Errors
/// If one of them is none.
pub(super) fn ids(reply: Value) -> Result<Vec<EntryId>, AdapterError> {
    let replies = match reply {
        Value::Array(replies) => replies,
        reply => vec![reply],
    };
    let ids = replies.into_iter().map(|reply| {
        let id = text(done(reply)?).unwrap_or_default();
        id.parse().map_err(AdapterError::new)
    });
    ids.collect()
}

/// The entries of each stream, of an answer to XREAD. No stream is there that has none.
pub(super) fn streams(reply: Value) -> Vec<(String, Vec<Stored>)> {
    pairs(reply)
        .filter_map(|(name, list)| Some((text(name)?, entries(list))))
        .collect()
}

/// The entries, of an answer to XRANGE. What is no entry is left out.
pub(super) fn entries(reply: Value) -> Vec<Stored> {
    list(reply).into_iter().filter_map(entry).collect()
}

fn entry(value: Value) -> Option<Stored> {
    let mut parts = list(value).into_iter();
    let id = text(parts.next()?)?.parse().ok()?;
    let (mut fields, mut whole) = (Vec::new(), true);
    for (name, value) in pairs(parts.next()?) {
        match bytes(name).zip(bytes(value)) {
            Some(field) => fields.push(field),
            None => whole = false,
        }
    }
    Some(Stored { id, fields, whole })
}

/// Leaves the entry in which an answer was cut to the next one; not if it is the first, for which there will
/// never be more room.
pub(super) fn leave_cut<'a>(answer: impl IntoIterator<Item = &'a mut Vec<Stored>>) {
    let mut is_first = true;
    for entries in answer {
        entries.retain(|entry| std::mem::take(&mut is_first) || entry.whole);
    }
}

/// An answer to XINFO STREAM.
pub(super) fn info(reply: Value) -> Info {
    let mut info = Info::default();
    for (name, value) in pairs(reply) {
        match text(name).as_deref() {
            Some("last-generated-id") => {
                info.last = text(value)
                    .and_then(|id| id.parse().ok())
                    .unwrap_or_default();
            }
            Some("length") => info.length = number(&value).unwrap_or_default(),
            Some("entries-added") => info.added = number(&value),
            Some("first-entry") => info.first = entry(value).map(|entry| entry.id),
            Some("last-entry") => info.newest = entry(value).map(|entry| entry.id),
            _ => {}
        }
    }
    info
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Int(number) => (*number).try_into().ok(),
        _ => None,
    }
}

fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        _ => None,
    }
}

fn text(value: Value) -> Option<String> {
    String::from_utf8(bytes(value)?).ok()
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        _ => Vec::new(),
    }
}

/// Names and values: a map, a list of pairs, or a list in which they take turns.
fn pairs(value: Value) -> impl Iterator<Item = (Value, Value)> {
    let pairs = match value {
        Value::Map(pairs) => pairs,
        Value::Array(values) if matches!(values.first(), Some(Value::Array(_))) => values
            .into_iter()
            .filter_map(|pair| {
                let mut pair = list(pair).into_iter();
                Some((pair.next()?, pair.next()?))
            })
            .collect(),
        value => {
            let mut values = list(value).into_iter();
            std::iter::from_fn(|| Some((values.next()?, values.next()?))).collect()
        }
    };
    pairs.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn stored() -> Value {
        let fields = [
            "uid", "a", "nsp", "/", "type", "3", "data", "{}", "more", "x",
        ];
        let fields = fields.map(bulk).to_vec();
        Value::Array(vec![bulk("5-1"), Value::Array(fields)])
    }

    #[test]
    fn both_forms_of_an_answer_are_read() {
        let entries = Value::Array(vec![stored(), Value::Nil]);
        let resp3 = Value::Map(vec![(bulk("s"), entries.clone())]);
        let resp2 = Value::Array(vec![Value::Array(vec![bulk("s"), entries])]);
        for reply in [resp2, resp3] {
            let streams = streams(reply);
            let [(name, entries)] = &*streams else {
                panic!("{streams:?}");
            };
            let [entry] = &**entries else {
                panic!("{entries:?}");
            };
            assert_eq!((name.as_str(), entry.id.to_string().as_str()), ("s", "5-1"));
            assert_eq!(entry.sender(), Some(&b"a"[..]));
            assert_eq!(entry.fields().last(), Some((&b"more"[..], &b"x"[..])));
        }
    }

    #[test]
    fn an_entry_in_which_an_answer_was_cut_is_there_if_it_is_the_first() {
        let cut = |id: &str| {
            let error = redis::parse_redis_value(b"-XL\r\n");
            let fields = vec![
                bulk("uid"),
                bulk("a"),
                bulk("data"),
                error.unwrap_or(Value::Nil),
            ];
            Value::Array(vec![bulk(id), Value::Array(fields)])
        };
        for (answer, left) in [
            (vec![stored(), cut("6-0")], "5-1"),
            (vec![cut("6-0")], "6-0"),
        ] {
            let mut answer = entries(Value::Array(answer));
            leave_cut([&mut answer]);
            let ids: Vec<_> = answer.iter().map(|entry| entry.id.to_string()).collect();
            assert_eq!(ids, [left]);
            assert_eq!(answer.first().and_then(Stored::sender), Some(&b"a"[..]));
        }
    }

    #[test]
    fn nothing_in_time_is_no_entry() {
        assert!(streams(Value::Nil).is_empty());
        assert!(entries(Value::Int(1)).is_empty());
    }

    #[test]
    fn what_a_stream_tells_of_itself() {
        let info = info(Value::Map(vec![
            (bulk("length"), Value::Int(1)),
            (bulk("last-generated-id"), bulk("9-0")),
            (bulk("entries-added"), Value::Int(4)),
            (bulk("first-entry"), stored()),
            (bulk("last-entry"), stored()),
        ]));
        assert_eq!((info.length, info.added), (1, Some(4)));
        assert_eq!(info.last.to_string(), "9-0");
        for entry in [info.first, info.newest] {
            assert_eq!(entry.map(|id| id.to_string()).as_deref(), Some("5-1"));
        }
    }
}
