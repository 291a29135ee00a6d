//! An id that JavaScript could not hold as a number.

use roomcast::{
    contract::{JsonSchema, TS},
    prelude::*,
};

// ANCHOR: as_text
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
struct Paid {
    #[serde(with = "as_text")]
    #[ts(as = "String")]
    #[schemars(with = "String")]
    invoice: u64,
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}
// ANCHOR_END: as_text

#[test]
fn it_loses_no_digits() {
    let invoice = u64::MAX;
    let text = serde_json::to_string(&Paid { invoice }).expect("JSON");
    assert_eq!(text, r#"{"invoice":"18446744073709551615"}"#);
    let read: Paid = serde_json::from_str(&text).expect("a payment");
    assert_eq!(read.invoice, invoice);
}
