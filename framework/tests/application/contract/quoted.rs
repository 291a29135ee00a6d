//! Names that are no identifiers: they are quoted, and what is in the quotes is escaped.

use std::collections::BTreeMap;

use roomcast::{
    contract::{JsonSchema, TS},
    prelude::*,
};

/// Of a payload, of what is within, and of values.
#[derive(Clone, Serialize, Deserialize, Event, TS, JsonSchema)]
#[event(name = "it's \"said\" `so`:\n\\", ack = Odd)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Odd {
    #[serde(rename = "a b")]
    pub(super) blank: u32,
    #[serde(rename = "1st")]
    pub(super) digit: u32,
    #[serde(rename = "it's")]
    pub(super) apostrophe: u32,
    #[serde(rename = "*/")]
    pub(super) end_of_comment: u32,
    #[serde(rename = "said \"so\"")]
    pub(super) quotes: u32,
    #[serde(rename = "back\\slash\\")]
    pub(super) backslash: u32,
    /// May be missing in what is received.
    #[serde(rename = "two\nlines", default)]
    pub(super) lines: u32,
    #[serde(rename = "\u{2028}")]
    pub(super) separator: u32,
    pub(super) within: Vec<Inner>,
}

#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Inner {
    #[serde(rename = "\"")]
    pub(super) quote: Mark,
    #[serde(rename = "\\")]
    pub(super) marks: BTreeMap<Mark, Tagged>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) enum Mark {
    #[serde(rename = "\"")]
    Quote,
    #[serde(rename = "\\")]
    Backslash,
    #[serde(rename = "\r\n")]
    Line,
}

#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "the \"tag\"")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) enum Tagged {
    #[serde(rename = "an \"a\"")]
    A { b: u32 },
    #[serde(rename = "\t")]
    Tab,
}

/// Several arguments, of which one is written out where it is used.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[event(name = "\"", ack = (Mark, Tagged))]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Several(#[ts(inline)] pub(super) Inner, pub(super) Mark);

#[derive(EventHandlers)]
#[handles(Odd, Several)]
#[emits(Odd, Several)]
pub(super) struct Quoted;

impl Session for Quoted {
    type Auth = Inner;

    async fn connect(_: Inner, _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Odd> for Quoted {
    async fn handle(&mut self, it: Odd, socket: &TypedSocket<Self>) -> Result<Odd, Rejection> {
        socket.emit(&it)?;
        Ok(it)
    }
}

impl Handle<Several> for Quoted {
    async fn handle(
        &mut self,
        it: Several,
        _: &TypedSocket<Self>,
    ) -> Result<(Mark, Tagged), Rejection> {
        Ok((it.1, Tagged::Tab))
    }
}

/// With a namespace of such a name, too.
pub(super) fn hub() -> Hub {
    let hub = Hub::builder()
        .namespace::<Quoted>("/")
        .namespace::<Quoted>("/it's \"quoted\" */ `so`");
    hub.build().unwrap()
}

pub(super) fn sample() -> Odd {
    let tagged = [
        (Mark::Line, Tagged::A { b: 1 }),
        (Mark::Backslash, Tagged::Tab),
    ];
    Odd {
        blank: 1,
        digit: 2,
        apostrophe: 3,
        end_of_comment: 4,
        quotes: 5,
        backslash: 6,
        lines: 7,
        separator: 8,
        within: vec![Inner {
            quote: Mark::Quote,
            marks: tagged.into(),
        }],
    }
}
