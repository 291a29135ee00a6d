//! What a contract tells generators of other languages: the types of payloads, acks, rejections and auth.

use roomcast::{
    contract::{EventContract, NamespaceContract, TypeContract},
    event::Args,
    prelude::*,
};
use serde_json::{Value, json};

use super::shop;

/// The shop itself, of which all that follows tells.
fn with_shop(tell: impl FnOnce(&NamespaceContract)) {
    let contract = shop::hub().contract();
    tell(&contract.namespaces()[0]);
}

fn event<'a>(events: &'a [EventContract], name: &str) -> &'a EventContract {
    events.iter().find(|event| event.name() == name).unwrap()
}

fn schema(of: &TypeContract) -> Value {
    of.json_schema().unwrap().to_value()
}

#[test]
fn types_are_told_in_rust_in_typescript_and_as_a_schema() {
    with_shop(|shop| {
        let add = event(shop.receives(), "add");
        let payload = add.payload().unwrap();
        assert!(payload.rust().ends_with("::shop::Add"), "{payload:?}");
        assert_eq!(payload.args(), Args::One);
        let typescript = r#"Optional<Add, "count" | "note">"#;
        assert_eq!(payload.typescript().unwrap(), typescript);
        let told = schema(payload);
        assert_eq!(told["title"], "Add");
        assert_eq!(told["required"], json!(["articleNo", "type", "page"]));
        assert_eq!(told["properties"]["type"]["$ref"], "#/definitions/Kind");
        assert_eq!(
            told["definitions"]["Kind"]["enum"],
            json!(["single_piece", "by_weight"])
        );

        let ack = add.ack().unwrap();
        assert_eq!(ack.typescript().unwrap(), "Basket");
        assert_eq!(schema(ack)["title"], "Basket");
        let rejected = add.rejected().unwrap();
        assert_eq!(rejected.typescript().unwrap(), "NotForSale");

        let auth = shop.auth().unwrap();
        assert_eq!(auth.typescript().unwrap(), r#"Optional<Login, "token">"#);
        assert_eq!(schema(auth)["required"], json!(["userName"]));
    });
}

#[test]
fn a_type_is_told_as_it_goes_in_its_direction() {
    with_shop(|shop| {
        let received = event(shop.receives(), "pointing").payload().unwrap();
        assert_eq!(
            received.typescript().unwrap(),
            r#"Without<Pointing, "who">"#
        );
        assert_eq!(schema(received)["required"], json!(["line"]));
        let emitted = event(shop.broadcasts(), "pointing").payload().unwrap();
        assert_eq!(emitted.typescript().unwrap(), "Pointing");
        assert_eq!(schema(emitted)["required"], json!(["line", "who"]));
        // Who is sent an event answers it: the ack is received.
        let answer = event(shop.emits().unwrap(), "add").ack().unwrap();
        assert_eq!(answer.typescript().unwrap(), "Basket");
    });
}

#[test]
fn several_arguments_are_a_list_and_none_are_nothing() {
    with_shop(|shop| {
        let moved = event(shop.receives(), "move line");
        let payload = moved.payload().unwrap();
        assert_eq!(payload.args(), Args::Many(3));
        assert_eq!(
            payload.typescript().unwrap(),
            "[number, number | null, Kind]"
        );
        assert_eq!(schema(payload)["maxItems"], 3);
        assert_eq!(moved.ack().unwrap().args(), Args::Many(2));

        let clear = event(shop.receives(), "clear");
        assert!(clear.payload().is_none());
        assert!(clear.ack().is_none());
        assert!(clear.rejected().is_none());
    });
}

#[derive(Serialize, Deserialize, Event)]
struct Plain {
    text: String,
}

#[derive(EventHandlers)]
#[handles()]
#[broadcasts(Plain)]
struct Undescribed;

impl Session for Undescribed {
    type Auth = ();

    async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

#[test]
fn a_type_that_is_not_described_has_its_path_alone() {
    let hub = Hub::builder().namespace::<Undescribed>("/").build();
    let contract = hub.unwrap().contract();
    let namespace = &contract.namespaces()[0];
    assert!(namespace.auth().is_none());
    assert_eq!(namespace.emits().map(<[_]>::len), Some(0));
    let payload = namespace.broadcasts()[0].payload().unwrap();
    assert!(payload.rust().ends_with("::Plain"));
    for error in [payload.json_schema().err(), payload.typescript().err()] {
        let message = error.unwrap().to_string();
        assert!(
            message.contains("(event `plain`) is not described"),
            "{message}"
        );
    }
}
