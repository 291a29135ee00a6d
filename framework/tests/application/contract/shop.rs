//! An application with every form of event, and every attribute of serde that changes what goes over
//! the wire.

use std::collections::BTreeMap;

use roomcast::{
    NamespaceBuilder, PresenceDiff, PresenceState,
    contract::{JsonSchema, TS},
    prelude::*,
};

/// Who comes.
#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Login {
    pub(super) user_name: String,
    /// Not everyone has one.
    pub(super) token: Option<String>,
}

/// Puts something into the basket.
///
/// Of what is there already, the count grows.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[event(ack = Basket, rejected = NotForSale)]
#[serde(rename_all = "camelCase")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Add {
    pub(super) article_no: u64,
    #[serde(default = "one")]
    pub(super) count: u32,
    pub(super) note: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    #[serde(skip)]
    pub(super) checked: bool,
    #[serde(flatten)]
    pub(super) origin: Origin,
}

fn one() -> u32 {
    1
}

/// Why something cannot be bought.
#[derive(Serialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct NotForSale {
    pub(super) until: Option<u64>,
}

/// What it is sold as.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) enum Kind {
    SinglePiece,
    ByWeight,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Origin {
    pub(super) page: String,
}

#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Basket {
    pub(super) lines: Vec<Line>,
    pub(super) by_kind: BTreeMap<String, u32>,
}

#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Line {
    pub(super) article: u64,
    pub(super) price: Price,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) note: Option<String>,
}

/// Tagged from within.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "in", rename_all = "lowercase")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) enum Price {
    Euro { cents: i64 },
    Points { points: u16 },
}

/// Several arguments, and an answer of several.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[event(name = "move line", ack = (u32, Vec<u32>), rejected = Vec<Kind>)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct MoveLine(pub(super) u32, pub(super) Option<u32>, pub(super) Kind);

/// Bytes.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Upload {
    pub(super) name: String,
    pub(super) content: Binary,
}

/// No argument, and no need to say what it looks like.
#[derive(Deserialize, Event)]
pub(super) struct Clear;

/// Comes back with who did it, which a client cannot say.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Pointing {
    pub(super) line: u32,
    #[serde(skip_deserializing)]
    pub(super) who: String,
}

#[derive(Serialize, Event, TS, JsonSchema)]
#[event(ack = bool)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Confirm<'a>(pub(super) &'a str);

/// Of a generic type.
#[derive(Serialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Changed<T> {
    pub(super) to: T,
}

/// Draws on the wrapping: of an enum, what it is beside its variants.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Draw {
    pub(super) note: Option<String>,
    #[serde(skip_deserializing)]
    pub(super) by: Option<SocketId>,
    #[serde(flatten)]
    pub(super) shape: Outline,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) enum Outline {
    Circle { radius: u32 },
    Square { side: u32 },
}

/// With fields that nobody knows before.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Count {
    #[serde(default)]
    pub(super) total: u32,
    pub(super) open: u32,
    #[serde(flatten)]
    pub(super) by_article: BTreeMap<String, u32>,
}

/// A name that is a likely one for what is read of `Add`, too.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct AddInput {
    pub(super) device: String,
}

/// A line as it is from now on.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Replace(pub(super) Draft);

/// What a line is made of: it may be left out, but in the emitted one.
#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Draft {
    pub(super) article: u64,
    #[serde(default)]
    pub(super) count: u32,
}

/// Arguments of which the last may be left out.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[event(ack = bool)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Rate(pub(super) u8, #[ts(optional)] pub(super) Option<String>);

/// As [`Rate`], and nobody answers.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Rated(
    pub(super) u8,
    #[ts(optional = nullable)] pub(super) Option<String>,
);

/// Arguments with a type that is written down.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[event(ack = bool)]
#[ts(
    crate = "roomcast::contract::ts_rs",
    type = "[from: number, to: number] | [at: number, whole: number]"
)]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Cut(pub(super) u32, pub(super) u32);

/// Called as the ack of `cut` would be.
#[derive(Deserialize, Event, TS, JsonSchema)]
#[event(name = "cut-ack")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct CutAck {
    pub(super) lines: u32,
}

/// Who has some of it in stock answers.
#[derive(Serialize, Event, TS, JsonSchema)]
#[event(ack = u32)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
pub(super) struct Restock {
    pub(super) article: u64,
}

#[derive(EventHandlers)]
#[handles(
    CutAck, Add, MoveLine, Upload, Clear, Pointing, Draw, Count, AddInput, Replace, Rate, Cut
)]
#[emits(Changed<Basket>, Confirm<'_>, Upload, Count, Add, Replace, Rated, PresenceState)]
#[broadcasts(Pointing, Draw, PresenceDiff, Restock)]
pub(super) struct Shop;

impl Session for Shop {
    type Auth = Login;

    async fn connect(_: Login, _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Add> for Shop {
    async fn handle(&mut self, add: Add, _: &TypedSocket<Self>) -> Result<Basket, Rejection> {
        let until = add.checked.then_some(0);
        Err(Rejection::new("not for sale").with_data(&NotForSale { until }))
    }
}

impl Handle<MoveLine> for Shop {
    async fn handle(
        &mut self,
        line: MoveLine,
        _: &TypedSocket<Self>,
    ) -> Result<(u32, Vec<u32>), Rejection> {
        Ok((line.0, line.1.into_iter().collect()))
    }
}

impl Handle<Upload> for Shop {
    async fn handle(&mut self, it: Upload, socket: &TypedSocket<Self>) -> Result<(), Rejection> {
        Ok(socket.emit(&it)?)
    }
}

impl Handle<Clear> for Shop {
    async fn handle(&mut self, _: Clear, socket: &TypedSocket<Self>) -> Result<(), Rejection> {
        socket.emit(&Confirm("empty"))?;
        Ok(())
    }
}

impl Handle<Draw> for Shop {
    async fn handle(&mut self, it: Draw, socket: &TypedSocket<Self>) -> Result<(), Rejection> {
        let by = Some(socket.id());
        Ok(socket.broadcast().emit(&Draw { by, ..it })?)
    }
}

impl Handle<Count> for Shop {
    async fn handle(&mut self, it: Count, socket: &TypedSocket<Self>) -> Result<(), Rejection> {
        Ok(socket.emit(&it)?)
    }
}

impl Handle<AddInput> for Shop {
    async fn handle(&mut self, it: AddInput, _: &TypedSocket<Self>) -> Result<(), Rejection> {
        Err(it.device.as_str().into())
    }
}

impl Handle<Replace> for Shop {
    async fn handle(&mut self, it: Replace, socket: &TypedSocket<Self>) -> Result<(), Rejection> {
        Ok(socket.emit(&it)?)
    }
}

impl Handle<Rate> for Shop {
    async fn handle(&mut self, it: Rate, socket: &TypedSocket<Self>) -> Result<bool, Rejection> {
        socket.emit(&Rated(it.0, it.1))?;
        Ok(true)
    }
}

impl Handle<CutAck> for Shop {
    async fn handle(&mut self, it: CutAck, _: &TypedSocket<Self>) -> Result<(), Rejection> {
        match it.lines {
            0 => Err("nothing was cut".into()),
            _ => Ok(()),
        }
    }
}

impl Handle<Cut> for Shop {
    async fn handle(&mut self, it: Cut, _: &TypedSocket<Self>) -> Result<bool, Rejection> {
        Ok(it.0 < it.1)
    }
}

impl Handle<Pointing> for Shop {
    async fn handle(&mut self, it: Pointing, socket: &TypedSocket<Self>) -> Result<(), Rejection> {
        Ok(socket.broadcast().emit(&it)?)
    }
}

/// Says nothing of what it emits, and takes every auth.
#[derive(EventHandlers)]
#[handles(Clear)]
pub(super) struct Till;

impl Session for Till {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Clear> for Till {
    async fn handle(&mut self, _: Clear, _: &Socket) -> Result<(), Rejection> {
        Ok(())
    }
}

pub(super) fn hub() -> Hub {
    let hub = Hub::builder()
        .namespace::<Shop>("/")
        .dynamic_namespace::<Till>("/till-{number}")
        .namespace_with(NamespaceBuilder::accepted_by::<Till>(
            "tenants",
            async |_, _| Ok(None),
        ));
    hub.build().unwrap()
}
