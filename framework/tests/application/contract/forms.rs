//! The forms that serde gives to types, each within a payload that goes both ways.

use std::collections::BTreeMap;

use roomcast::{
    contract::{JsonSchema, TS},
    prelude::*,
};
use serde::{Deserializer, Serializer, de::Error as _};

/// One of each. What it says of `rooms/*/say` does not end the comment.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[event(ack = Forms)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Forms {
    pub(super) external: Vec<External>,
    pub(super) adjacent: Vec<Adjacent>,
    pub(super) untagged: Vec<Untagged>,
    pub(super) internal: Vec<Internal>,
    pub(super) level: Vec<Level>,
    pub(super) settings: Settings,
    /// Of 128 bits, and so as text: `/*` is no beginning and `*/`
    /// is no end.
    #[serde(with = "as_text")]
    #[ts(as = "String")]
    #[schemars(with = "String")]
    pub(super) id: u128,
    pub(super) height: Meters,
    pub(super) by_number: BTreeMap<u32, String>,
    pub(super) by_level: BTreeMap<Level, u32>,
    pub(super) nested: Vec<(u8, [bool; 2])>,
    pub(super) tree: Tree,
    pub(super) pages: Page<Page<u8>>,
    pub(super) nothing: (),
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) enum External {
    Nothing,
    One(u8),
    Two(u8, String),
    Named { first_name: String },
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", content = "of")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) enum Adjacent {
    Nothing,
    One(u8),
    Named { name: String },
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(untagged)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) enum Untagged {
    Number(u32),
    Text(String),
    Named { name: String },
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) enum Internal {
    Nothing,
    Tree(Tree),
    Named { name: Option<String> },
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) enum Level {
    Low,
    High,
    #[serde(other)]
    Unknown,
}

#[derive(Default, Serialize, Deserialize, TS, JsonSchema)]
#[serde(default)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Settings {
    #[serde(alias = "colour")]
    pub(super) color: String,
    pub(super) size: u32,
}

/// A number.
#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(transparent)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Meters(pub(super) f64);

/// Holds itself.
#[derive(Default, Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Tree {
    pub(super) children: Vec<Tree>,
    pub(super) next: Option<Box<Tree>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub(super) note: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) tags: Vec<String>,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
}

mod as_text {
    use super::*;

    pub(super) fn serialize<S: Serializer>(id: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<u128, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[derive(EventHandlers)]
#[handles(Forms)]
#[emits(Forms)]
pub(super) struct Everything;

impl Session for Everything {
    type Auth = ();

    async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Forms> for Everything {
    async fn handle(&mut self, it: Forms, socket: &TypedSocket<Self>) -> Result<Forms, Rejection> {
        socket.broadcast().emit(&it)?;
        Ok(it)
    }
}

pub(super) fn hub() -> Hub {
    let hub = Hub::builder().namespace::<Everything>("/");
    hub.build().unwrap()
}

/// With every variant, and with and without what may be missing.
pub(super) fn sample() -> Forms {
    let leaf = |note: Option<&str>| Tree {
        note: note.map(ToOwned::to_owned),
        ..Tree::default()
    };
    let tree = || Tree {
        children: vec![leaf(None), leaf(Some("here"))],
        next: Some(Box::new(leaf(None))),
        note: None,
        tags: vec!["old".to_owned()],
    };
    let ann = || "ann".to_owned();
    Forms {
        external: vec![
            External::Nothing,
            External::One(1),
            External::Two(1, ann()),
            External::Named { first_name: ann() },
        ],
        adjacent: vec![
            Adjacent::Nothing,
            Adjacent::One(1),
            Adjacent::Named { name: ann() },
        ],
        untagged: vec![
            Untagged::Number(1),
            Untagged::Text(ann()),
            Untagged::Named { name: ann() },
        ],
        internal: vec![
            Internal::Nothing,
            Internal::Tree(tree()),
            Internal::Named { name: None },
        ],
        level: vec![Level::Low, Level::Unknown],
        settings: Settings::default(),
        id: u128::MAX,
        height: Meters(1.5),
        by_number: [(7, ann())].into(),
        by_level: [(Level::High, 1)].into(),
        nested: vec![(1, [true, false])],
        tree: tree(),
        pages: Page {
            items: vec![Page { items: vec![1] }],
        },
        nothing: (),
    }
}
