//! The descriptions of the shop, and of all forms of types, are those in `tests/fixtures/contract`, which
//! tests of Node.js compile and validate.

use roomcast::prelude::*;

use super::{forms, quoted, shop};

fn fixture(name: &str) -> String {
    format!("../tests/fixtures/contract/{name}")
}

#[test]
fn the_descriptions_are_current() {
    let contract = shop::hub().contract().titled("Shop", "0.1.0");
    for name in ["shop.ts", "shop.asyncapi.json", "shop.md"] {
        contract.assert_current(fixture(name));
    }
    let contract = forms::hub().contract().titled("Forms", "0.1.0");
    for name in ["forms.ts", "forms.asyncapi.json", "forms.md"] {
        contract.assert_current(fixture(name));
    }
    let contract = quoted::hub().contract().titled("Quoted", "0.1.0");
    for name in ["quoted.ts", "quoted.asyncapi.json", "quoted.md"] {
        contract.assert_current(fixture(name));
    }
}

#[test]
fn the_model_tells_namespaces_and_events() {
    let contract = shop::hub().contract();
    let [shop, till, tenants] = contract.namespaces() else {
        panic!("{contract:?}");
    };
    assert_eq!((shop.name(), shop.is_dynamic()), ("/", false));
    assert_eq!((till.name(), till.is_dynamic()), ("/till-{number}", true));
    assert_eq!((tenants.name(), tenants.is_dynamic()), ("tenants", true));
    let received: Vec<_> = shop.receives().iter().map(|it| it.name()).collect();
    assert_eq!(
        received,
        [
            "cut-ack",
            "add",
            "move line",
            "upload",
            "clear",
            "pointing",
            "draw",
            "count",
            "add_input",
            "replace",
            "rate",
            "cut"
        ]
    );
    let emitted: Vec<_> = shop.emits().unwrap().iter().map(|it| it.name()).collect();
    assert_eq!(
        emitted,
        [
            "changed",
            "confirm",
            "upload",
            "count",
            "add",
            "replace",
            "rated",
            "presence_state",
        ]
    );
    let broadcasts: Vec<_> = shop.broadcasts().iter().map(|it| it.name()).collect();
    assert_eq!(broadcasts, ["pointing", "draw", "presence_diff", "restock"]);
    assert!(shop.broadcasts().iter().all(|it| it.is_broadcast()));
    assert!(!shop.emits().unwrap().iter().any(|it| it.is_broadcast()));
    assert!(till.emits().is_none());
    let answered = shop.receives().iter().filter(|it| it.has_ack());
    let answered: Vec<_> = answered.map(|it| it.name()).collect();
    assert_eq!(answered, ["add", "move line", "rate", "cut"]);
    let docs = "Puts something into the basket.\n\nOf what is there already, the count grows.";
    assert_eq!(shop.receives()[1].docs(), docs);
    let docs = "No argument, and no need to say what it looks like.";
    assert_eq!(shop.receives()[4].docs(), docs);
}

#[test]
fn namespaces_can_be_left_out() {
    let contract = shop::hub().contract().only(|name| name == "/");
    assert_eq!(contract.namespaces().len(), 1);
    assert!(!contract.typescript().unwrap().contains("Till"));
}

/// Does two things:
/// * one
///   - in two parts
/// * another
#[derive(Serialize, Deserialize, Event)]
struct Listed;

/**
 * In a block:
 * * one
 */
#[derive(Serialize, Deserialize, Event)]
struct InABlock;

/** In one line. */
#[derive(Serialize, Deserialize, Event)]
struct InOneLine;

#[derive(EventHandlers)]
#[handles()]
#[emits(Listed, InABlock, InOneLine)]
struct Documented;

impl Session for Documented {
    type Auth = ();

    async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

#[test]
fn documentation_keeps_its_lists() {
    let hub = Hub::builder().namespace::<Documented>("/").build();
    let contract = hub.unwrap().contract();
    let emitted = contract.namespaces()[0].emits().unwrap();
    let docs: Vec<_> = emitted.iter().map(|event| event.docs()).collect();
    assert_eq!(
        docs,
        [
            "Does two things:\n* one\n  - in two parts\n* another",
            "In a block:\n* one",
            "In one line."
        ]
    );
}

#[test]
fn no_message_of_a_document_takes_the_place_of_another() {
    let contract = shop::hub().contract();
    let document: serde_json::Value = serde_json::from_str(&contract.asyncapi().unwrap()).unwrap();
    let messages = &document["channels"]["main"]["messages"];
    assert_eq!(messages["receive-cut-ack"]["name"], "cut-ack");
    assert_eq!(messages["receive-cut-ack2"]["name"], "cut");
    let schema = |name: &str| &document["components"]["schemas"][name]["properties"];
    assert!(schema("AddInput")["device"].is_object());
    assert!(schema("AddInput2")["articleNo"].is_object());
}

#[test]
fn channels_say_what_is_not_known_of_them() {
    let document = shop::hub().contract().asyncapi().unwrap();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let channels = &document["channels"];
    assert_eq!(channels["main"]["address"], "/");
    assert_eq!(channels["main"]["description"], serde_json::Value::Null);
    let undeclared = "What the server sends here is not declared.";
    assert_eq!(channels["till-_number_"]["address"], "/till-{number}");
    assert_eq!(channels["till-_number_"]["description"], undeclared);
    // Nobody knows which names a predicate takes.
    assert!(channels["tenants"]["address"].is_null());
    assert_eq!(channels["tenants"]["title"], "Namespace tenants");
    let carried = document["info"]["description"].as_str().unwrap();
    assert!(carried.contains("Socket.IO"), "{carried}");
}

#[test]
fn operations_of_broadcasts_are_tagged_and_no_others() {
    let document = shop::hub().contract().asyncapi().unwrap();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let operations = document["operations"].as_object().unwrap();
    let is_tagged = |operation: &serde_json::Value| operation["tags"][0]["name"] == "broadcast";
    let tagged = operations
        .iter()
        .filter(|(_, operation)| is_tagged(operation));
    let tagged: Vec<_> = tagged.map(|(name, _)| name.as_str()).collect();
    let broadcasts = [
        "main-send-draw",
        "main-send-pointing",
        "main-send-presence_diff",
        "main-send-restock",
    ];
    assert_eq!(tagged, broadcasts);
}

#[test]
#[should_panic(expected = "is not current; run this test with ROOMCAST_CONTRACT_RENEW=1")]
fn a_file_that_is_another_is_told() {
    // Whoever renews the files of this crate renews none here.
    if std::env::var_os("ROOMCAST_CONTRACT_RENEW").is_some() {
        panic!("is not current; run this test with ROOMCAST_CONTRACT_RENEW=1");
    }
    shop::hub().contract().assert_current(fixture("shop.md"));
}
