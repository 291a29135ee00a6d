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

/// Holds what is looked at.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Holding<T> {
    held: Vec<T>,
}

/// Emits one event of any type.
macro_rules! session {
    ($session:ident, $event:ty) => {
        #[derive(EventHandlers)]
        #[handles()]
        #[emits($event)]
        struct $session;

        impl Session for $session {
            type Auth = ();

            async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
                Ok(Self)
            }
        }
    };
}
session!(Names, Holding<TwoNames>);
session!(Cases, Holding<TwoCases>);
session!(Words, Holding<Word>);
session!(Texts, Holding<ByText>);
session!(Measures, Holding<Measured>);
session!(Parts, Partly);

fn refused<S: Session>() -> String {
    let hub = Hub::builder().namespace::<S>("/").build().unwrap();
    let error = hub.contract().typescript().unwrap_err();
    assert!(hub.contract().markdown().is_err());
    // serde and schemars know them all.
    hub.contract().asyncapi().unwrap();
    match error {
        ContractError::Disagreement {
            path, difference, ..
        } => {
            let name = path.rsplit("::").next().unwrap_or_default();
            format!("{name}: {difference}")
        }
        other => other.to_string(),
    }
}

#[test]
fn what_typescript_would_tell_wrongly_is_refused() {
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
            "Word: only one of them has the variant `YES`",
        ),
        (
            refused::<Texts>(),
            "ByText: TypeScript has an object, the JSON Schema string",
        ),
        (
            refused::<Measures>(),
            "Measured: TypeScript has a list, the JSON Schema no type of this name",
        ),
        (
            refused::<Parts>(),
            "Partly: TypeScript has 3 arguments, 2 go over the wire",
        ),
    ] {
        assert_eq!(error, expected);
    }
}
