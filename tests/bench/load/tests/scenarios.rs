//! Every scenario against our own server in this process: that it counts right and comes to its end.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

mod faulty;

use std::fmt::Display;

use bench_load::{Options, Report, run};
use bench_server::Client;
use faulty::{EACH, Faulty};
use roomcast::Hub;
use roomcast::adapter::InProcess;
use roomcast::testing::{PATIENCE, TestServer};

fn server() -> TestServer {
    TestServer::start(Hub::builder().namespace::<Client>("/").build().unwrap())
}

fn load(scenario: &str, url: impl Display) -> Report {
    let own = std::process::id();
    let words = format!("{scenario} --url {url} --pid {own} --settle 0");
    run(&Options::parse(words.split(' ')).unwrap()).unwrap()
}

fn count(report: &Report, name: &str) -> u64 {
    let figure = report.get(name);
    figure.unwrap_or_else(|| panic!("no {name} in {report}")) as u64
}

/// All that was sent came, to so many each, and more was sent than once.
fn assert_all_came(report: &Report, receivers: u64) {
    assert!(report.is_clean(), "{report}");
    assert!(count(report, "sent") > 0, "{report}");
    assert_eq!(count(report, "expected") % receivers, 0, "{report}");
    assert_eq!(
        count(report, "received"),
        count(report, "expected"),
        "{report}"
    );
    assert!(
        report.get("server_cpu_us_per_delivery") > Some(0.0),
        "{report}"
    );
    assert!(report.get("p50_us") > Some(0.0), "{report}");
}

#[test]
fn idle_connections_are_opened_and_held() {
    let server = server();
    let report = load("idle --connections 100 --seconds 0", server.addr());
    assert!(report.is_clean(), "{report}");
    assert!(
        report.get("server_cpu_us_per_handshake") > Some(0.0),
        "{report}"
    );
    assert!(report.get("pss_bytes_per_conn").is_some(), "{report}");
}

#[test]
fn a_broadcast_reaches_all_one_after_the_other_and_several_at_once() {
    let server = server();
    let load = |options: &str| {
        let scenario = format!("broadcast --connections 20 --seconds 0.2 --warm-up 0.1 {options}");
        load(&scenario, server.addr())
    };
    assert_all_came(&load("--window 1"), 20);
    assert_all_came(&load("--window 8"), 20);
}

#[test]
fn a_paced_broadcast_sends_as_many_as_asked_for() {
    let server = server();
    let scenario = "broadcast --connections 20 --rate 100 --seconds 0.2 --warm-up 0.1";
    let report = load(scenario, server.addr());
    assert_all_came(&report, 20);
    assert_eq!(count(&report, "sent"), 20, "{report}");
    assert_eq!(count(&report, "expected"), 30 * 20, "{report}");
}

#[test]
fn rooms_send_as_many_as_asked_for() {
    let server = server();
    let scenario = "rooms --connections 40 --group 10 --rate 10 --seconds 0.2 --warm-up 0.1";
    let report = load(scenario, server.addr());
    assert_all_came(&report, 10);
    assert_eq!(count(&report, "sent"), 80, "{report}");
    assert_eq!(count(&report, "expected"), 120 * 10, "{report}");
}

#[test]
fn every_echo_comes_back() {
    let server = server();
    for outstanding in [1, 16] {
        let scenario =
            format!("ack --connections 10 --seconds 0.2 --warm-up 0.1 --outstanding {outstanding}");
        let report = load(&scenario, server.addr());
        assert!(report.is_clean(), "{report}");
        // Those of the warm-up and of the measurement.
        assert!(
            count(&report, "received") >= 2 * 10 * outstanding,
            "{report}"
        );
        assert!(
            report.get("server_cpu_us_per_round_trip") > Some(0.0),
            "{report}"
        );
    }
}

#[test]
fn a_broadcast_over_two_nodes_has_latencies_of_each() {
    let cluster = InProcess::new();
    let nodes: Vec<_> = (0..2)
        .map(|_| {
            let hub = Hub::builder().namespace::<Client>("/");
            TestServer::start(hub.adapter(cluster.clone()).build().unwrap())
        })
        .collect();
    let started = std::time::Instant::now();
    let connected = |node: &TestServer| node.hub().cluster().unwrap().is_connected();
    while !nodes.iter().all(connected) {
        assert!(started.elapsed() < PATIENCE, "the nodes are not connected");
        std::thread::yield_now();
    }
    let url = format!("{},{}", nodes[0].addr(), nodes[1].addr());
    let report = load(
        "broadcast --connections 20 --seconds 0.2 --warm-up 0.1",
        url,
    );
    assert_all_came(&report, 20);
    for name in ["local_p50_us", "remote_p50_us"] {
        assert!(report.get(name) > Some(0.0), "{report}");
    }
}

#[test]
fn what_a_server_loses_repeats_or_reorders_is_told() {
    let server = TestServer::start(Hub::builder().namespace::<Faulty>("/").build().unwrap());
    let scenario = "broadcast --connections 5 --rate 100 --seconds 0.4 --warm-up 0";
    let report = load(scenario, server.addr());
    assert!(!report.is_clean(), "{report}");
    // Of 40 messages.
    let each = 5 * 40 / EACH;
    assert_eq!(count(&report, "lost"), each, "{report}");
    assert_eq!(count(&report, "duplicates"), each, "{report}");
    assert_eq!(count(&report, "reordered"), each, "{report}");
    assert_eq!(count(&report, "gaps"), 2 * each, "{report}");
    assert_eq!(
        count(&report, "misrouted") + count(&report, "closed"),
        0,
        "{report}"
    );
}

#[test]
fn a_lost_message_does_not_hold_the_closed_loop_for_ever() {
    let server = TestServer::start(Hub::builder().namespace::<Faulty>("/").build().unwrap());
    let scenario = "broadcast --connections 5 --seconds 3 --warm-up 0";
    let report = load(scenario, server.addr());
    assert!(!report.is_clean() && count(&report, "lost") > 0, "{report}");
}
