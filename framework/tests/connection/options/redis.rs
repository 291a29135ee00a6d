//! Options of the adapters on Redis.

#![cfg(feature = "redis")]

use roomcast::{
    BuildError, Emitter,
    adapter::{IntoAdapter, Redis},
};

use super::{NOTHING, hub, refused};

const URL: &str = "redis://127.0.0.1/";

#[track_caller]
fn assert_refused(option: &str, adapter: impl IntoAdapter + 'static) {
    let error = refused(hub().adapter(adapter));
    assert!(matches!(error, BuildError::Adapter(_)), "{error}");
    let told = format!("the `adapter` cannot be made: `{option}` must not be zero");
    assert_eq!(error.to_string(), told);
}

#[track_caller]
fn assert_told(told: &str, adapter: impl IntoAdapter + 'static) {
    let error = refused(hub().adapter(adapter));
    assert!(matches!(error, BuildError::Adapter(_)), "{error}");
    assert_eq!(
        error.to_string(),
        format!("the `adapter` cannot be made: {told}")
    );
}

#[test]
fn an_adapter_that_could_never_do_anything_is_refused() {
    let pub_sub = || Redis::pub_sub(URL);
    assert_refused("response_timeout", pub_sub().response_timeout(NOTHING));
    assert_refused("connection_timeout", pub_sub().connection_timeout(NOTHING));
    assert_refused("max_outbox_bytes", pub_sub().max_outbox_bytes(0));
    assert_refused(
        "response_timeout",
        Redis::sharded(URL).response_timeout(NOTHING),
    );
    let streams = || Redis::streams(URL);
    assert_refused("connection_timeout", streams().connection_timeout(NOTHING));
    assert_refused("stream_count", streams().stream_count(0));
    assert_refused("max_len", streams().max_len(0));
    assert_refused("read_count", streams().read_count(0));
    assert_refused("block_time", streams().block_time(NOTHING));
    assert_refused("hold", streams().hold(NOTHING));
}

#[test]
fn names_and_prefixes_that_are_empty_are_refused() {
    let streams = || Redis::streams(URL);
    assert_told("`key` must not be empty", Redis::pub_sub(URL).key(""));
    assert_told(
        "`channel_prefix` must not be empty",
        Redis::sharded(URL).channel_prefix(""),
    );
    assert_told("`stream_name` must not be empty", streams().stream_name(""));
    assert_told(
        "`session_key_prefix` must not be empty",
        streams().session_key_prefix(""),
    );
    assert_told(
        "`channel_prefix` must not be empty",
        streams().channel_prefix(""),
    );
}

#[test]
fn a_master_that_nobody_can_be_asked_for_is_refused() {
    let told = "`sentinel` must have the name of a master, and at least one sentinel";
    let nobody: [&str; 0] = [];
    assert_told(told, Redis::pub_sub(URL).sentinel("main", nobody));
    assert_told(told, Redis::streams(URL).sentinel("", [URL]));
    assert!(
        hub()
            .adapter(Redis::sharded(URL).sentinel("main", [URL]))
            .build()
            .is_ok()
    );
}

#[actix_web::test]
async fn an_emitter_with_such_options_is_refused_before_it_connects() {
    let refused = Emitter::connect(Redis::streams(URL).stream_name("")).await;
    let told = refused.err().map(|error| error.to_string());
    assert_eq!(told.as_deref(), Some("`stream_name` must not be empty"));
    let refused = Emitter::connect(Redis::pub_sub(URL).key("")).await;
    let told = refused.err().map(|error| error.to_string());
    assert_eq!(told.as_deref(), Some("`key` must not be empty"));
}
