//! Placeholders in binary packets, one by one and against a walk over parsed values.

use crate::protocol::socket_io::DecodeError;
use crate::protocol::socket_io::placeholder::check;
use proptest::prelude::*;
use serde_json::Value;

fn is_valid(json: &str, attachments: usize) -> bool {
    match check(json, attachments) {
        Ok(_) => true,
        Err(DecodeError::IllegalPlaceholder) => false,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_number_must_name_an_attachment() {
    let with = |num: &str| is_valid(&format!(r#"["a",{{"_placeholder":true,"num":{num}}}]"#), 2);
    for num in ["0", "1", "1.0", "1e0", "-0", "0.0"] {
        assert!(with(num), "{num}");
    }
    for num in [
        "2",
        "-1",
        "0.5",
        "1e1",
        "1e999",
        "\"0\"",
        "\"splice\"",
        "\"length\"",
        "null",
        "true",
        "[0]",
        "{}",
        "[]",
    ] {
        assert!(!with(num), "{num}");
    }
    assert!(!is_valid(r#"[{"_placeholder":true}]"#, 2));
    assert!(!is_valid(r#"[{"_placeholder":true,"num":0}]"#, 0));
}

#[test]
fn an_object_is_a_placeholder_only_by_its_marker() {
    for json in [
        r#"[{"_placeholder":1,"num":9}]"#,
        r#"[{"_placeholder":"true","num":9}]"#,
        r#"[{"_placeholder":[true],"num":9}]"#,
        r#"[{"a":{"_placeholder":null},"num":9}]"#,
        r#"["_placeholder",true,"num",9]"#,
        r#"[{"x":"\"_placeholder\":true","num":9}]"#,
        r#"[{"x\\":"_placeholder","num":9}]"#,
        r#"[{"_placeholder":true,"num":9,"_placeholder":false}]"#,
        r#"[{"_placeholder":true,"num":9,"num":0}]"#,
        r#"[ { "num" : 0 , "x" : {} , "_placeholder" : true } ]"#,
    ] {
        assert!(is_valid(json, 1), "{json}");
    }
    for json in [
        r#"[{"_placeholder":false,"num":9,"_placeholder":true}]"#,
        r#"[{"_placeholder":true,"num":0,"num":9}]"#,
        r#"[{"\u005fplaceholder":true,"num":9}]"#,
        r#"[{"_placeholder":true,"n\u0075m":9}]"#,
        r#"[ { "_placeholder" : true , "num" : 9 } ]"#,
        r#"[{"_placeholder":true,"num":0,"x":{"num":9,"_placeholder":true}}]"#,
        "[{\"_placeholder\"\n:\ttrue,\"num\":9}]",
    ] {
        assert!(!is_valid(json, 1), "{json}");
    }
}

/// The same question asked of a tree.
fn walk(value: &Value, attachments: usize) -> bool {
    match value {
        Value::Array(values) => values.iter().all(|value| walk(value, attachments)),
        Value::Object(members) => {
            let names_one = || {
                let num = value["num"].as_f64().unwrap_or(-1.0);
                (0..attachments).any(|index| index as f64 == num)
            };
            (value["_placeholder"] != true || names_one())
                && members.values().all(|value| walk(value, attachments))
        }
        _ => true,
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1..4i32).prop_map(Value::from),
        (0..6u8).prop_map(|half| Value::from(f64::from(half) / 2.0)),
        "[a\\\\\"{}:,é]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        let key = prop_oneof!["_placeholder", "num", "[\\\\\"a:é]{0,2}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(key, inner.clone(), 0..4)
                .prop_map(|members| members.into_iter().collect()),
            inner.prop_map(|num| serde_json::json!({ "_placeholder": true, "num": num })),
        ]
    })
}

proptest! {
    #[test]
    fn the_scan_agrees_with_a_walk(value in value(), attachments in 0..3usize) {
        for json in [value.to_string(), format!("{value:#}")] {
            prop_assert_eq!(is_valid(&json, attachments), walk(&value, attachments));
        }
    }

    #[test]
    fn the_scan_survives_what_is_not_json(text in "[\\[\\]{}\",:\\\\ a0_é🚀\n-]{0,40}") {
        let _ = check(&text, 1);
    }
}
