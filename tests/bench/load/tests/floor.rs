//! The floor's program: that it counts right and comes to its end.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

fn floor(words: &str) -> serde_json::Value {
    let program = env!("CARGO_BIN_EXE_bench-floor");
    let run = Command::new(program)
        .args(words.split(' '))
        .output()
        .unwrap();
    assert!(run.status.success(), "{words}: {run:?}");
    serde_json::from_slice(&run.stdout).unwrap()
}

#[test]
fn a_fan_out_counts_all_deliveries_but_those_of_the_first_fifth() {
    for (words, deliveries) in [
        ("fanout 20 128 50", 20 * 40),
        ("fanout 20 128 50 batch=8", 20 * 40 * 8),
        ("fanout 10 128 50 rate=1000", 10 * 40),
    ] {
        let figures = floor(words);
        assert_eq!(figures["deliveries"], deliveries, "{words}");
        assert!(
            figures["cpu_us_per_delivery"].as_f64() > Some(0.0),
            "{figures}"
        );
    }
}

#[test]
fn echoes_go_to_and_fro() {
    let figures = floor("echo 10 128 1");
    assert!(figures["round_trips"].as_u64() > Some(0), "{figures}");
    assert!(
        figures["cpu_us_per_round_trip"].as_f64() > Some(0.0),
        "{figures}"
    );
}

#[test]
fn what_it_does_not_know_is_refused() {
    for words in [
        "fly",
        "fanout 20 128",
        "fanout 20 128 5 batch=0",
        "echo 0 128 1",
    ] {
        let program = env!("CARGO_BIN_EXE_bench-floor");
        let run = Command::new(program)
            .args(words.split(' '))
            .output()
            .unwrap();
        assert!(!run.status.success() && !run.stderr.is_empty(), "{words}");
    }
}
