//! Options of the adapters on Redis.

#![cfg(feature = "redis")]

use roomcast::{
    BuildError,
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
