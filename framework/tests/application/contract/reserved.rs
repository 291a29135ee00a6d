//! A type has a name that TypeScript keeps for itself.

use roomcast::{
    contract::{ContractError, JsonSchema, TS},
    prelude::*,
};

/// Holds what is looked at.
#[derive(Serialize, Deserialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Holding<T> {
    held: T,
}

macro_rules! called {
    ($($session:ident: $kind:ident is $name:literal),* $(,)?) => {$(
        #[derive(Serialize, Deserialize, TS, JsonSchema)]
        #[serde(rename = $name)]
        #[ts(crate = "roomcast::contract::ts_rs")]
        #[schemars(crate = "roomcast::contract::schemars")]
        struct $kind {
            page: u8,
        }

        #[derive(EventHandlers)]
        #[handles()]
        #[emits(Holding<$kind>)]
        struct $session;

        impl Session for $session {
            type Auth = ();

            async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
                Ok(Self)
            }
        }
    )*};
}
called! {
    Things: Thing is "object",
    Texts: Text is "string",
    Defaults: ByDefault is "default",
    Keys: Key is "keyof",
    Types: Type is "type",
}

fn typescript<S: Session>() -> Result<String, ContractError> {
    let hub = Hub::builder().namespace::<S>("/").build().unwrap();
    hub.contract().typescript()
}

#[test]
fn no_type_is_called_as_typescript_does_not_let_it() {
    for (written, expected) in [
        (typescript::<Things>(), "object"),
        (typescript::<Texts>(), "string"),
        (typescript::<Defaults>(), "default"),
        (typescript::<Keys>(), "keyof"),
    ] {
        let Err(ContractError::NoName { name, .. }) = &written else {
            panic!("{expected}: {written:?}");
        };
        assert_eq!(name, expected);
    }
    let written = typescript::<Types>().unwrap();
    assert!(written.contains("export type type = { page: number, };"));
}
