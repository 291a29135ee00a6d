//! What a server answers where it refuses: the contract's types of that are written by hand.

use roomcast::{
    Rate,
    prelude::*,
    testing::{TestClient, TestServer},
};
use serde_json::{Value, json};

use super::shop::Shop;

async fn client(server: &TestServer) -> TestClient {
    let login = json!({ "userName": "ann" });
    let client = TestClient::builder(server).auth(&login);
    client.connect().await.unwrap()
}

/// The answer to an `add`.
async fn answer(client: &TestClient, add: Value) -> Value {
    let answer = client.emit_raw_with_ack("add", &[add]).await;
    let (answer,): (Value,) = serde_json::from_str(&answer.json()).unwrap();
    answer
}

/// The answers to `add`: refused by its handler, beyond a limit, and where the payload does not fit.
pub(super) async fn rejected() -> [Value; 3] {
    let hub = || Hub::builder().namespace::<Shop>("/");
    let server = TestServer::start(hub().build().unwrap());
    let strict = TestServer::start(hub().event_rate(Rate::per_minute(1)).build().unwrap());
    let (unlimited, limited) = (client(&server).await, client(&strict).await);
    let add = json!({ "articleNo": 7, "type": "single_piece", "page": "/" });
    let by_the_handler = answer(&limited, add.clone()).await;
    let mut by_the_limit = answer(&limited, add).await;
    // The milliseconds until the next are others each time.
    let wait = &mut by_the_limit["error"]["data"]["retryAfter"];
    assert!(wait.take().as_u64().is_some_and(|wait| wait > 0));
    *wait = json!(59_000);
    let unfit = answer(&unlimited, json!({ "articleNo": "seven" })).await;
    [by_the_handler, by_the_limit, unfit]
}

/// What a client gets whose auth does not fit.
pub(super) async fn refused() -> Value {
    let hub = Hub::builder().namespace::<Shop>("/").build().unwrap();
    let server = TestServer::start(hub);
    let login = json!({ "user_name": "ann" });
    let refused = TestClient::builder(&server).auth(&login).connect().await;
    let refused = refused.map(drop).unwrap_err();
    match refused.data {
        Some(data) => json!({ "message": refused.message, "data": data }),
        None => json!({ "message": refused.message }),
    }
}
