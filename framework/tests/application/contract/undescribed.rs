//! Types that do not say what they look like: nobody asks them to, until someone wants a contract.

use roomcast::{
    contract::{ContractError, JsonSchema, TS},
    prelude::*,
};

#[derive(Deserialize)]
struct Secret {
    _token: Option<String>,
}

#[derive(Deserialize, Event, TS, JsonSchema)]
#[event(ack = Opaque)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Ask(u8);

#[derive(Serialize)]
struct Opaque;

#[derive(Deserialize, Event, TS, JsonSchema)]
#[event(ack = u8, rejected = Opaque)]
#[ts(crate = "roomcast::contract::ts_rs")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Dared(u8);

#[derive(Deserialize, Event)]
struct Plain(u8);

/// Handles one event of any type, and takes an auth of any type.
macro_rules! session {
    ($session:ident, $auth:ty, $event:ty, $ack:expr) => {
        #[derive(EventHandlers)]
        #[handles($event)]
        struct $session;

        impl Session for $session {
            type Auth = $auth;

            async fn connect(_: $auth, _: &Socket) -> Result<Self, Refusal> {
                Ok(Self)
            }
        }

        impl Handle<$event> for $session {
            async fn handle(
                &mut self,
                event: $event,
                _: &Socket,
            ) -> Result<<$event as Event>::Ack, Rejection> {
                let _ = event.0;
                Ok($ack)
            }
        }
    };
}
session!(Guarded, Secret, Ask, Opaque);
session!(Asked, (), Ask, Opaque);
session!(Told, (), Plain, ());
session!(Refused, (), Dared, 0);

mod elsewhere {
    use super::*;

    #[derive(Deserialize, Event, TS, JsonSchema)]
    #[event(name = "ask elsewhere")]
    #[ts(crate = "roomcast::contract::ts_rs")]
    #[schemars(crate = "roomcast::contract::schemars")]
    pub(super) struct Ask(pub(super) u8);
}
use elsewhere::Ask as AskElsewhere;
session!(Doubled, (), AskElsewhere, ());

fn refused<S: Session>() -> String {
    let hub = Hub::builder().namespace::<S>("/").build().unwrap();
    let contract = hub.contract();
    let error = contract.typescript().unwrap_err();
    assert!(contract.markdown().is_err() && contract.asyncapi().is_err());
    error.to_string()
}

#[test]
fn a_type_that_is_not_described_is_named_with_its_place() {
    let derive = "derive `roomcast::contract::TS` and `roomcast::contract::JsonSchema` for it";
    for (error, path, place) in [
        (refused::<Guarded>(), "Secret", "auth of `/`"),
        (refused::<Asked>(), "Opaque", "ack of event `ask`"),
        (refused::<Told>(), "Plain", "event `plain`"),
        (
            refused::<Refused>(),
            "Opaque",
            "rejections of event `dared`",
        ),
    ] {
        let path = format!("application::contract::undescribed::{path}");
        assert_eq!(
            error,
            format!("`{path}` ({place}) is not described: {derive}")
        );
    }
}

#[test]
fn two_types_of_one_name_are_told_apart_by_their_paths() {
    let hub = Hub::builder()
        .namespace::<Doubled>("/a")
        .namespace::<Twice>("/b");
    let error = hub.build().unwrap().contract().typescript().unwrap_err();
    assert!(
        matches!(&error, ContractError::NameTaken { name, .. } if name == "Ask"),
        "{error}"
    );
}

#[derive(EventHandlers)]
#[handles()]
#[emits(Asking)]
struct Twice;

impl Session for Twice {
    type Auth = ();

    async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

#[derive(Serialize, Event, TS, JsonSchema)]
#[ts(crate = "roomcast::contract::ts_rs", rename = "Ask")]
#[schemars(crate = "roomcast::contract::schemars")]
struct Asking(u8);
