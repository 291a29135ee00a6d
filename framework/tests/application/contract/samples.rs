//! Values as serde writes them: tests of Node.js validate them against the schemas, and compile them
//! against the types.

use roomcast::{PresenceDiff, PresenceState, contract::Contract, prelude::*};
use serde_json::{Value, json};

use super::shop::{
    Add, AddInput, Basket, Changed, Confirm, Count, Cut, Draft, Draw, Kind, Line, Login, MoveLine,
    Origin, Outline, Pointing, Price, Rate, Rated, Replace, Restock,
};
use super::{
    answers,
    forms::{self, Forms},
    quoted::{self, Mark, Odd, Several, Tagged},
    shop,
};

fn basket() -> Basket {
    let line = |price, note: Option<&str>| Line {
        article: 7,
        price,
        note: note.map(ToOwned::to_owned),
    };
    Basket {
        lines: vec![
            line(Price::Euro { cents: -5 }, None),
            line(Price::Points { points: 9 }, Some("fragile")),
        ],
        by_kind: [("single".to_owned(), 2)].into(),
    }
}

fn add() -> Add {
    Add {
        article_no: 7,
        count: 2,
        note: None,
        kind: Kind::ByWeight,
        checked: true,
        origin: Origin {
            page: "/offers".to_owned(),
        },
    }
}

fn drawn() -> Draw {
    Draw {
        note: None,
        by: Some("wZX3oN0bSVIhsaknAAAI".parse().unwrap()),
        shape: Outline::Square { side: 2 },
    }
}

fn count() -> Count {
    Count {
        total: 3,
        open: 1,
        by_article: [("pens".to_owned(), 2)].into(),
    }
}

fn replaced() -> Replace {
    Replace(Draft {
        article: 7,
        count: 0,
    })
}

fn written(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

/// What is read, which is there to be refused if it does not fit.
fn read<T: for<'de> Deserialize<'de>>(value: Value) -> Value {
    serde_json::from_value::<T>(value.clone()).unwrap();
    value
}

fn sample(direction: &str, event: &str, payload: Value) -> Value {
    json!({ "direction": direction, "event": event, "payload": payload })
}

fn samples() -> Value {
    let login = Login {
        user_name: "ann".to_owned(),
        token: None,
    };
    let present = json!({ "key": "ann", "connections": 2, "metas": [{ "device": "phone" }] });
    let pointing = Pointing {
        line: 1,
        who: "ann".to_owned(),
    };
    let least = json!({ "articleNo": 7, "type": "single_piece", "page": "/" });
    json!([
        sample("connect", "connect", written(&login)),
        sample(
            "connect",
            "connect",
            read::<Login>(json!({ "userName": "ann" }))
        ),
        sample("receive", "add", written(&add())),
        sample("receive", "add", read::<Add>(least)),
        sample("receive", "add-ack", written(&basket())),
        sample(
            "receive",
            "move line",
            written(&MoveLine(1, None, Kind::SinglePiece))
        ),
        sample("receive", "move line-ack", written(&(1, [2, 3]))),
        sample(
            "receive",
            "pointing",
            read::<Pointing>(json!({ "line": 1 }))
        ),
        sample(
            "receive",
            "draw",
            read::<Draw>(json!({ "kind": "circle", "radius": 1 }))
        ),
        sample("send", "draw", written(&drawn())),
        sample(
            "receive",
            "count",
            read::<Count>(json!({ "open": 1, "pens": 2 }))
        ),
        sample("send", "count", written(&count())),
        sample(
            "receive",
            "add_input",
            read::<AddInput>(json!({ "device": "scanner" }))
        ),
        sample("send", "add", written(&add())),
        sample(
            "receive",
            "replace",
            read::<Replace>(json!({ "article": 7 }))
        ),
        sample("send", "replace", written(&replaced())),
        sample("receive", "rate", read::<Rate>(json!([5, "well"]))),
        sample("receive", "rate-ack", written(&true)),
        sample("send", "rated", written(&Rated(5, Some("well".to_owned())))),
        sample("receive", "cut", written(&Cut(1, 2))),
        sample(
            "send",
            "presence_state",
            read::<PresenceState>(json!({ "room": "lobby", "total": 1, "present": [present] }))
        ),
        sample(
            "send",
            "presence_diff",
            read::<PresenceDiff>(
                json!({ "room": "lobby", "joins": [present], "updates": [], "leaves": ["ben"] })
            )
        ),
        sample("send", "pointing", written(&pointing)),
        sample("send", "changed", written(&Changed { to: basket() })),
        sample("send", "confirm", written(&Confirm("sure?"))),
        sample("send", "confirm-ack", written(&true)),
        sample("send", "restock", written(&Restock { article: 7 })),
        sample("send", "restock-ack", read::<u32>(json!(3))),
    ])
}

/// The least of it that is read.
fn of_forms() -> Value {
    let all = written(&forms::sample());
    let mut least = all.clone();
    let tree = json!({ "children": [], "next": null });
    least["tree"] = tree.clone();
    least["internal"] = json!([{ "kind": "Tree", "children": [tree], "next": null }]);
    json!([
        sample("receive", "forms", all.clone()),
        sample("receive", "forms", read::<Forms>(least)),
        sample("receive", "forms-ack", all.clone()),
        sample("send", "forms", all),
    ])
}

fn of_quoted() -> Value {
    let hub = quoted::hub().contract();
    let names: Vec<_> = hub.namespaces()[0]
        .receives()
        .iter()
        .map(|it| it.name())
        .collect();
    let [odd, several] = names[..] else {
        panic!("{names:?}");
    };
    let all = written(&quoted::sample());
    let mut least = all.clone();
    least.as_object_mut().unwrap().remove("two\nlines");
    let arguments = Several(quoted::sample().within.remove(0), Mark::Backslash);
    let (odd_ack, several_ack) = (format!("{odd}-ack"), format!("{several}-ack"));
    json!([
        sample("connect", "connect", all["within"][0].clone()),
        sample("receive", odd, all.clone()),
        sample("receive", odd, read::<Odd>(least)),
        sample("receive", &odd_ack, all.clone()),
        sample("send", odd, all),
        sample("receive", several, written(&arguments)),
        sample(
            "receive",
            &several_ack,
            written(&(Mark::Quote, Tagged::Tab))
        ),
        sample("send", several, written(&arguments)),
    ])
}

#[actix_web::test]
async fn the_samples_are_current() {
    let mut shop = samples();
    let all = shop.as_array_mut().unwrap();
    for rejected in answers::rejected().await {
        all.push(sample("receive", "add-rejected", rejected));
    }
    all.push(sample("connect", "refused", answers::refused().await));
    is_current("shop", &shop);
    is_current("forms", &of_forms());
    is_current("quoted", &of_quoted());
}

/// But for attachments, of which samples have none, and for the one whose name would be that of an ack's sample.
#[test]
fn each_event_with_a_payload_has_a_sample_in_each_direction() {
    let samples = samples();
    let has = |direction: &str, event: &str| {
        let mut all = samples.as_array().unwrap().iter();
        all.any(|it| it["direction"] == direction && it["event"] == event)
    };
    let contract = shop::hub().contract();
    let shop = &contract.namespaces()[0];
    let sent = shop.emits().unwrap().iter().chain(shop.broadcasts());
    let sent = sent.map(|event| ("send", event));
    let received = shop.receives().iter().map(|event| ("receive", event));
    let without = sent
        .chain(received)
        .filter(|(direction, event)| event.payload().is_some() && !has(direction, event.name()));
    let without: Vec<_> = without
        .map(|(direction, event)| (direction, event.name()))
        .collect();
    assert_eq!(
        without,
        [
            ("send", "upload"),
            ("receive", "cut-ack"),
            ("receive", "upload")
        ]
    );
}

fn is_current(name: &str, samples: &Value) {
    let text = format!("{samples:#}\n");
    let path = format!("../tests/fixtures/contract/{name}.samples.json");
    if std::env::var_os("ROOMCAST_CONTRACT_RENEW").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap();
    assert_eq!(known.replace('\r', ""), text, "renew it as the contract");
}

#[test]
fn a_contract_is_the_same_each_time() {
    let contract: Contract = shop::hub().contract();
    assert_eq!(
        contract.typescript().unwrap(),
        shop::hub().contract().typescript().unwrap()
    );
}
