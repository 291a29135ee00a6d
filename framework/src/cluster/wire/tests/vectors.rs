//! The recorded vectors of notepack.io 3 and @msgpack/msgpack 2, and of the streams' hash.

use super::super::{
    entry::stream_name,
    value::Value,
    write::{Form, Writer},
};
use super::Data;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value as Json;

#[derive(Deserialize)]
struct Fixtures {
    #[serde(rename = "redisFlavours")]
    values: Vec<Recorded>,
    #[serde(rename = "streamHash")]
    hashes: Vec<Hash>,
}

#[derive(Deserialize)]
struct Recorded {
    name: String,
    notepack3: Json,
    msgpack2: Json,
    #[serde(rename = "notepack3Decoded")]
    notepack3_value: Option<Json>,
    #[serde(rename = "msgpack2Decoded")]
    msgpack2_value: Option<Json>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hash {
    nsp: String,
    stream_name_for4: String,
}

fn fixtures() -> Fixtures {
    serde_json::from_str(include_str!(
        "../../../../../tests/fixtures/encoders-msgpack.json"
    ))
    .unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

/// A value in this crate's form: what dates and binary are read as.
fn data(tagged: &Json) -> Data<'static> {
    let text = |json: &Json| Data::json(json.to_string());
    let tag = tagged.as_object().filter(|object| object.len() == 1);
    match tag.and_then(|tag| tag.iter().next()) {
        Some((tag, _)) if tag == "$number" => Data::json("null"),
        Some((tag, iso)) if tag == "$date" => text(iso),
        Some((tag, base64)) if tag == "$binary" => Data {
            json: r#"{"_placeholder":true,"num":0}"#.into(),
            attachments: vec![Bytes::from(crate::protocol::engine_io::base64::decode(
                base64.as_str().unwrap(),
            ))],
        },
        _ => text(tagged),
    }
}

#[test]
fn values_of_both_codecs_are_read() {
    for Recorded {
        name,
        notepack3,
        msgpack2,
        notepack3_value,
        msgpack2_value,
    } in fixtures().values
    {
        for (encoded, value) in [(notepack3, notepack3_value), (msgpack2, msgpack2_value)] {
            let Some(hex) = encoded.as_str() else {
                continue;
            };
            let bytes = bytes(hex);
            let read = Value::msgpack(&bytes).unwrap().data().unwrap();
            let expected = data(&value.unwrap_or_default());
            assert_eq!(read.attachments, expected.attachments, "{name}");
            let json = |data: &Data<'_>| serde_json::from_str::<Json>(&data.json).unwrap();
            assert_eq!(json(&read), json(&expected), "{name}");
        }
    }
}

#[test]
fn values_are_written_as_both_codecs_write_them() {
    // What JSON, and so an event here, does not have.
    let differ = ["number NaN", "number Infinity", "number -Infinity"];
    for case in fixtures().values {
        let (name, Some(hex)) = (case.name.as_str(), case.notepack3.as_str()) else {
            continue;
        };
        let recorded = bytes(hex);
        let mut out = Writer::new(Form::Msgpack);
        let value = Value::msgpack(&recorded).unwrap().data().unwrap();
        out.data(&value).unwrap();
        let same = out.into_bytes() == recorded;
        assert_eq!(
            same,
            !differ.contains(&name) && !name.starts_with("date"),
            "{name}"
        );
    }
}

#[test]
fn namespaces_are_in_the_streams_where_node_puts_them() {
    for Hash {
        nsp,
        stream_name_for4,
    } in fixtures().hashes
    {
        assert_eq!(stream_name("socket.io", 4, &nsp), stream_name_for4, "{nsp}");
    }
}
