use std::panic::catch_unwind;

use super::run::{each, parse};

/// The text of the panic with which it ends.
fn failure(test: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = catch_unwind(test).expect_err("a failure");
    *panic.downcast().expect("a text")
}

#[test]
fn the_first_seed_that_fails_is_named_with_how_to_replay_it() {
    let this = "cargo test testing::virtual_cluster::run_tests::the_first_seed_that_fails_is_named_with_how_to_replay_it";
    let told = failure(|| each(0..10, |seed| async move { assert!(seed < 3, "too great") }));
    let expected = format!("seed 3: too great\nreplay it with ROOMCAST_SEEDS=3 {this}");
    assert_eq!(told, expected);
    let told = failure(|| each(5..6, |_| async { Err::<(), _>("refused") }));
    let expected =
        format!("seed 5: the test returned an error\nreplay it with ROOMCAST_SEEDS=5 {this}");
    assert_eq!(told, expected);
}

#[test]
fn the_environment_names_one_seed_or_a_range() {
    assert_eq!(parse("17"), 17..18);
    assert_eq!(parse("0..100000"), 0..100_000);
    for text in ["", "many", "3..", "-1", "5..5"] {
        let told = failure(|| assert!(parse(text).is_empty()));
        let expected = format!("ROOMCAST_SEEDS={text} is neither a seed nor a range of them");
        assert_eq!(told, expected);
    }
}
