//! Attributes of serde that ts-rs does not know: a contract that would be wrong is an error.

use std::marker::PhantomData;

use roomcast::{
    contract::{ContractError, JsonSchema, TS},
    prelude::*,
};

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct TwoNames {
    #[serde(rename(serialize = "written", deserialize = "read"))]
    name: u8,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all(serialize = "camelCase"))]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct TwoCases {
    first_name: u8,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all(serialize = "UPPERCASE"))]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
enum Word {
    Yes,
}

#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct ByText {
    hour: u8,
}

impl From<ByText> for String {
    fn from(it: ByText) -> Self {
        it.hour.to_string()
    }
}

impl TryFrom<String> for ByText {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Ok(Self {
            hour: text.parse()?,
        })
    }
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(transparent)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Measured(u8, PhantomData<()>);

#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Partly(u8, #[serde(skip_serializing)] (), u8);

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Noted {
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct User {
    name: String,
    #[serde(skip_serializing)]
    #[expect(dead_code, reason = "it is only described")]
    password: String,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Author {
    name: String,
    #[serde(skip_deserializing)]
    since: u64,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(transparent)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Bare {
    text: String,
}

/// An attribute that ts-rs cannot read is one of which it knows nothing, and so not the tag.
#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(
    tag = "kind",
    rename_all(serialize = "lowercase", deserialize = "lowercase")
)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
enum Step {
    Go { far: u8 },
    Stay { long: u8 },
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
enum Asked {
    Plain(u8),
    #[serde(skip_deserializing)]
    #[expect(dead_code, reason = "it is only described")]
    Internal {
        why: String,
    },
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Hour {
    #[ts(type = "string")]
    hour: u8,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Nullable {
    #[ts(optional)]
    maybe: Option<Vec<Extra>>,
}

/// As [`Noted`], behind an `Option` that is `null`.
#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Hidden {
    of: Option<Box<Noted>>,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Flat {
    #[serde(flatten)]
    extra: Option<Extra>,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Extra {
    page: u8,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Record {
    seconds: u8,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Tagged {
    page: u8,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename = "chat-message")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Hyphened {
    page: u8,
}

/// Holds what is looked at.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Holding<T> {
    held: Vec<T>,
}

#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[event(ack = Outcome)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Try(u8);

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
enum Outcome {
    Done(u8),
    Error(u8),
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Nameless {
    #[serde(rename = "")]
    nothing: u8,
}

#[derive(Serialize, Deserialize, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct ByHand {
    #[ts(rename = "a\"b")]
    it: u8,
}

#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Inlined(#[ts(inline)] Nameless, u8);

/// Emits one event of any type, or handles it.
macro_rules! session {
    ($session:ident, emits $event:ty) => {
        session!($session, (), ($event));
    };
    ($session:ident, handles $event:ty, $answer:expr) => {
        session!($session, ($event), ());

        impl Handle<$event> for $session {
            async fn handle(
                &mut self,
                _: $event,
                _: &TypedSocket<Self>,
            ) -> Result<<$event as Event>::Ack, Rejection> {
                Ok($answer)
            }
        }
    };
    ($session:ident, ($($handled:ty)?), ($($emitted:ty)?)) => {
        #[derive(EventHandlers)]
        #[handles($($handled)?)]
        #[emits($($emitted)?)]
        struct $session;

        impl Session for $session {
            type Auth = ();

            async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
                Ok(Self)
            }
        }
    };
}
session!(Names, emits Holding<TwoNames>);
session!(Cases, emits Holding<TwoCases>);
session!(Words, emits Holding<Word>);
session!(Texts, emits Holding<ByText>);
session!(Measures, emits Holding<Measured>);
session!(Parts, emits Partly);
session!(Notes, emits Holding<Noted>);
session!(Users, emits Holding<User>);
session!(Authors, handles Holding<Author>, ());
session!(Bares, emits Holding<Bare>);
session!(Steps, emits Holding<Step>);
session!(Asks, handles Holding<Asked>, ());
session!(Hours, handles Holding<Hour>, ());
session!(Nulls, emits Holding<Nullable>);
session!(Hiders, handles Holding<Hidden>, ());
session!(Hides, emits Holding<Hidden>);
session!(Flats, emits Holding<Flat>);
session!(Records, emits Holding<Record>);
session!(Tags, emits Holding<Tagged>);
session!(Hyphens, emits Holding<Hyphened>);
session!(Empties, emits Holding<Nameless>);
session!(Hands, emits Holding<ByHand>);
session!(Inlines, emits Inlined);
session!(Tries, handles Try, Outcome::Done(1));

fn refused<S: Session>() -> String {
    let hub = Hub::builder().namespace::<S>("/").build().unwrap();
    let error = hub.contract().typescript().unwrap_err();
    assert!(hub.contract().markdown().is_err());
    // serde and schemars know them all.
    hub.contract().asyncapi().unwrap();
    let name = |path: &str| path.rsplit("::").next().unwrap_or_default().to_owned();
    match error {
        ContractError::Disagreement {
            path, difference, ..
        } => format!("{}: {difference}", name(path)),
        ContractError::NoTypeScript { path, reason, .. } => format!("{}: {reason}", name(path)),
        ContractError::NameTaken { first, second, .. } => format!("{}: {second}", name(first)),
        ContractError::NoName { path, name: given } => format!("{}: {given}", name(path)),
        ContractError::LikeRejected { path, event, .. } => format!("{}: {event}", name(path)),
        other => other.to_string(),
    }
}

#[test]
fn what_typescript_would_tell_wrongly_is_refused() {
    let missing = "the field `note` may be missing, and TypeScript has it always; write \
                   `#[ts(optional)]` or `#[serde(default)]` at it";
    for (error, expected) in [
        (
            refused::<Names>(),
            "TwoNames: TypeScript does not have the field `written`",
        ),
        (
            refused::<Cases>(),
            "TwoCases: TypeScript does not have the field `firstName`",
        ),
        (
            refused::<Words>(),
            "Word: TypeScript has `\"Yes\"`, the JSON Schema `\"YES\"`",
        ),
        (
            refused::<Texts>(),
            "ByText: TypeScript has an object with `hour`, the JSON Schema string",
        ),
        (
            refused::<Measures>(),
            "Measured: TypeScript has a list, the JSON Schema number",
        ),
        (
            refused::<Parts>(),
            "Partly: TypeScript has 3 elements, 2 go over the wire",
        ),
        (refused::<Notes>(), &*format!("Noted: {missing}")),
        (refused::<Hides>(), &*format!("Noted: {missing}")),
        (
            refused::<Users>(),
            "User: only TypeScript has the field `password`",
        ),
        (
            refused::<Authors>(),
            "Author: only TypeScript has the field `since`",
        ),
        (
            refused::<Bares>(),
            "Bare: TypeScript has an object with `text`, the JSON Schema string",
        ),
        (
            refused::<Steps>(),
            "Step: TypeScript does not have an object with `kind: \"go\"`",
        ),
        (
            refused::<Asks>(),
            "Asked: only TypeScript has an object with `Internal`",
        ),
        (
            refused::<Hours>(),
            "Hour: in the field `hour` TypeScript has string, the JSON Schema number",
        ),
        (
            refused::<Nulls>(),
            "Nullable: in the field `maybe` TypeScript does not have null",
        ),
        (refused::<Flats>(), "Flat: Extra | null cannot be flattened"),
        (refused::<Records>(), "Record: a type of TypeScript"),
        // Right as it is, but serde does not ask for it, and the JSON Schema does not have it.
        (
            refused::<Tags>(),
            "Tagged: only TypeScript has the field `kind`",
        ),
        (refused::<Hyphens>(), "Hyphened: chat-message"),
        (refused::<Empties>(), "Nameless: a field has no name"),
        (
            refused::<Hands>(),
            "ByHand: a string does not end in its line",
        ),
        (refused::<Inlines>(), "Inlined: a field has no name"),
        (refused::<Tries>(), "Outcome: try"),
    ] {
        assert_eq!(error, expected);
    }
}

/// What clients send is another matter than what they get: there TypeScript asks for more than it must.
#[test]
fn what_is_only_read_may_be_missing() {
    let hub = Hub::builder().namespace::<Hiders>("/").build().unwrap();
    let typescript = hub.contract().typescript().unwrap();
    assert!(typescript.contains("export type Noted = { note: string | null, };"));
}
