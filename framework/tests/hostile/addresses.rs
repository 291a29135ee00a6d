//! Floods of handshakes on both transports, against what limits them by address and for all: those who are there are
//! served, and whoever comes from elsewhere is let in.

use std::cell::Cell;

use futures_util::future::{join, join_all};
use roomcast::{HubBuilder, Rate, TrustProxy, testing::TestServer};

use crate::{
    common::{
        http::{Answer, POLLING, UPGRADE, WEBSOCKET, request},
        polling::Poller,
    },
    crowd::Crowd,
    stage::MIB,
    well_behaved::WELL_BEHAVED,
    wire::Wire,
};

/// Of one address, at once.
const KNOCKING: usize = 8;

/// From other addresses, one after the other.
const NEWCOMERS: usize = 20;

/// What one address may have, or may ask for.
const SHARE: usize = 5;

const THEIRS: &str = "192.0.2.1";

/// A handshake of a client of which a proxy says that it comes from `address`, on one of the transports.
async fn knock(server: &TestServer, address: &str, number: usize) -> Answer {
    let from = [("X-Forwarded-For", address)];
    match number % 2 {
        0 => request(server, "GET", WEBSOCKET, &[UPGRADE, &from].concat()).await,
        _ => request(server, "GET", POLLING, &from).await,
    }
}

/// A client comes from `address`, is answered, and goes.
async fn visit(server: &TestServer, address: &str, number: usize) {
    if number.is_multiple_of(2) {
        let header = format!("X-Forwarded-For: {address}");
        let (mut wire, _) = Wire::upgrade_with(server, &header).await;
        wire.opened().await;
        wire.connect().await;
        wire.text(r#"421["echo",1]"#).await;
        wire.expect("431[1]").await;
    } else {
        let open = knock(server, address, number).await.text().to_owned();
        let sid = open.split('"').nth(3).expect("a sid").to_owned();
        let poller = Poller { server, sid, open };
        poller.post("40").await.expect(200, "ok");
        poller.poll().await;
        poller.post(r#"421["echo",1]"#).await.expect(200, "ok");
        poller.poll().await.expect(200, "431[1]");
        poller.post("1").await.expect(200, "ok");
    }
}

/// Many come again and again from one address, which has had its share, and meanwhile some from others.
async fn floods_from_one_address(
    options: impl FnOnce(HubBuilder) -> HubBuilder,
    reason: &str,
    told: &str,
) {
    let crowd = Crowd::gather(|hub| options(hub.trust_proxy(TrustProxy::hops(1)))).await;
    let server = &crowd.server;
    let header = format!("X-Forwarded-For: {THEIRS}");
    let inside = (0..SHARE).map(|_| Wire::upgrade_with(server, &header));
    let inside = join_all(inside).await;
    let (come, refused) = (Cell::new(0), Cell::new(0));
    let flood = async {
        let coming = async {
            for number in 0..NEWCOMERS {
                visit(server, &format!("198.51.100.{number}"), number).await;
                come.set(number + 1);
            }
        };
        let knocking = (0..KNOCKING).map(async |_| {
            for number in crowd.flood_until(40..=2_000, || come.get() == NEWCOMERS) {
                knock(server, THEIRS, number).await.expect(429, told);
                refused.set(refused.get() + 1);
            }
        });
        join(coming, join_all(knocking)).await;
    };
    crowd.endures(2 * MIB, flood).await;
    let counted = crowd.stats().refused_handshakes;
    assert_eq!(counted, [(reason, refused.get())].into());
    drop(inside);
    crowd.has_gone().await;
}

/// What is refused to the address uses up nothing of what all may ask for.
#[actix_web::test]
async fn an_address_that_comes_too_often_takes_no_turn_of_others() {
    let options = |hub: HubBuilder| {
        let share = u32::try_from(SHARE).unwrap();
        let all = u32::try_from(WELL_BEHAVED + NEWCOMERS).unwrap() + share;
        hub.handshake_rate_per_address(Rate::per_minute(1).burst(share))
            .handshake_rate(Rate::per_minute(1).burst(all))
    };
    let told = "too many handshakes from this address";
    floods_from_one_address(options, "handshake_rate_per_address", told).await;
}

#[actix_web::test]
async fn an_address_that_has_its_share_takes_no_place_of_others() {
    let options = |hub: HubBuilder| hub.max_connections_per_address(SHARE);
    let told = "too many connections from this address";
    floods_from_one_address(options, "max_connections_per_address", told).await;
}

#[actix_web::test]
async fn handshakes_beyond_the_rate_of_all_disturb_nobody_who_is_there() {
    let all = u32::try_from(WELL_BEHAVED).unwrap();
    let rate = Rate::per_minute(1).burst(all);
    let crowd = Crowd::gather(|hub| hub.handshake_rate(rate)).await;
    let refused = Cell::new(0);
    let flood = async {
        let knocking = (0..KNOCKING).map(async |_| {
            for number in crowd.flood(40..=2_000) {
                let answer = knock(&crowd.server, THEIRS, number).await;
                answer.expect(429, "too many handshakes");
                assert!(answer.header("retry-after").is_some());
                refused.set(refused.get() + 1);
            }
        });
        join_all(knocking).await;
    };
    crowd.endures(2 * MIB, flood).await;
    let counted = crowd.stats().refused_handshakes;
    assert_eq!(counted, [("handshake_rate", refused.get())].into());
    crowd.has_gone().await;
}
