//! Who is let in.

use std::time::Duration;

use futures_util::future::join_all;
use roomcast::{
    admin::{Admin, Auth, Mode, RedisStore},
    testing::{Frame, RawClient, TestClient, TestServer},
};
use serde_json::{Value, json};

use crate::{
    common::redis::RedisServer,
    page::{HASH, serve},
};

fn locked() -> Admin {
    Admin::new(Auth::basic("admin", HASH)).mode(Mode::Production)
}

async fn enter(server: &TestServer, auth: &Value) -> Result<TestClient, String> {
    let page = TestClient::builder(server).namespace("/admin").auth(auth);
    page.connect().await.map_err(|refused| refused.to_string())
}

/// The id of the session that a login brings.
async fn login(server: &TestServer) -> String {
    let auth = json!({"username": "admin", "password": "changeit"});
    let page = enter(server, &auth).await.unwrap();
    let told = page.next().await;
    assert_eq!(told.name(), "session");
    let [id]: [String; 1] = serde_json::from_str(&told.json()).unwrap();
    assert!(
        id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{id}"
    );
    assert_eq!(page.next().await.name(), "config");
    id
}

async fn is_known(server: &TestServer, id: &str) -> bool {
    match enter(server, &json!({"sessionId": id})).await {
        // No other session is begun.
        Ok(page) => page.next().await.name() == "config",
        Err(_) => false,
    }
}

#[actix_web::test]
async fn only_the_right_credentials_are_let_in() {
    let server = serve(locked());
    for auth in [
        json!({}),
        json!({"username": "admin"}),
        json!({"username": "admin", "password": "bad"}),
        json!({"username": "x", "password": "changeit"}),
        json!({"username": "admin", "password": HASH}),
        json!({"username": "admin", "password": ["changeit"]}),
        json!({"username": {"$ne": 1}, "password": {"$ne": 1}}),
        json!({"username": "admin", "password": "x".repeat(10_000)}),
        json!({"username": "admin", "password": "changeit\u{0}"}),
        json!({"sessionId": "nope"}),
        json!({"sessionId": ""}),
        json!({"sessionId": "0000000000000000"}),
        json!({"sessionId": ["0000000000000000"]}),
    ] {
        let refused = enter(&server, &auth).await.err().unwrap();
        assert!(refused.contains("invalid credentials"), "{auth}: {refused}");
    }
    let id = login(&server).await;
    assert!(is_known(&server, &id).await);
    let stale = json!({"sessionId": "nope", "username": "admin", "password": "changeit"});
    assert_eq!(
        enter(&server, &stale).await.unwrap().next().await.name(),
        "session"
    );
}

#[actix_web::test]
async fn the_password_is_right_whichever_program_has_hashed_it() {
    let auth = json!({"username": "admin", "password": "changeit"});
    for version in ["$2a", "$2b", "$2y"] {
        let hash = HASH.replace("$2b", version);
        let server = serve(Admin::new(Auth::basic("admin", &hash)));
        let page = enter(&server, &auth).await.expect(version);
        assert_eq!(page.next().await.name(), "session");
        let wrong = json!({"username": "admin", "password": "changeIt"});
        let refused = enter(&server, &wrong).await.err().unwrap();
        assert!(refused.contains("invalid credentials"), "{version}");
    }
}

#[actix_web::test]
async fn a_flood_of_logins_is_refused_and_the_others_go_on() {
    let server = serve(Admin::new(Auth::basic(
        "admin",
        &HASH.replace("$04$", "$06$"),
    )));
    let guest = TestClient::connect(&server).await.unwrap();
    let wrong = json!({"username": "admin", "password": "bad"});
    let flood = join_all((0..150).map(|_| enter(&server, &wrong)));
    let (refused, ()) = tokio::join!(flood, async {
        for _ in 0..20 {
            guest.emit_raw_with_ack("join", &["a"]).await;
        }
    });
    let refused: Vec<_> = refused.into_iter().map(|it| it.err().unwrap()).collect();
    let count = |text| refused.iter().filter(|it| it.contains(text)).count();
    let (invalid, busy) = (count("invalid credentials"), count("too many logins"));
    assert_eq!(invalid + busy, 150, "{refused:?}");
    assert!(invalid >= 1 && busy >= 1, "{invalid} {busy}");
}

#[actix_web::test]
async fn one_connection_does_not_guess_for_ever() {
    let server = serve(locked());
    let mut raw = RawClient::open(&server).await;
    let mut hashed = 0;
    for _ in 0..30 {
        raw.send(r#"40/admin,{"username":"admin","password":"x"}"#)
            .await;
        let Frame::Text(refused) = raw.next().await else {
            panic!("the connection has ended");
        };
        hashed += usize::from(refused.contains("invalid credentials"));
        assert!(refused.starts_with("44/admin,"), "{refused}");
    }
    assert!((10..=12).contains(&hashed), "{hashed}");
    let right = json!({"username": "admin", "password": "changeit"});
    let refused = enter(&server, &right).await.err().unwrap();
    assert!(
        refused.contains("too many logins"),
        "another connection: {refused}"
    );
    let refused = server.hub().stats().admin_logins_refused;
    assert_eq!(refused["credentials"], hashed as u64);
    assert_eq!(refused["rate"], 31 - hashed as u64);
}

#[actix_web::test]
async fn logins_in_redis_are_shared_and_expire() {
    let redis = RedisServer::start();
    let store = || RedisStore::new(redis.url()).prefix("pages");
    let a = serve(locked().store(store().session_duration(Duration::from_secs(3))));
    let b = serve(locked().store(store()));
    let long = login(&b).await;
    let short = login(&a).await;
    assert!(is_known(&b, &short).await, "both know it");
    assert_eq!(
        redis.command(&["GET", &format!("pages#{long}")]).trim(),
        "1"
    );
    let ttl = redis.command(&["TTL", &format!("pages#{long}")]);
    assert!(
        (86_390..=86_400).contains(&ttl.trim().parse::<u32>().unwrap()),
        "{ttl}"
    );
    crate::common::until("it has expired", || {
        redis.command(&["EXISTS", &format!("pages#{short}")]).trim() == "0"
    })
    .await;
    assert!(!is_known(&a, &short).await);
    assert!(is_known(&a, &long).await);
}

#[actix_web::test]
async fn without_redis_nobody_is_let_in_and_with_it_again() {
    let mut redis = RedisServer::start();
    let server = serve(locked().store(RedisStore::new(redis.url())));
    let id = login(&server).await;
    redis.kill();
    for auth in [
        json!({"sessionId": id}),
        json!({"username": "admin", "password": "changeit"}),
    ] {
        let refused = enter(&server, &auth).await.err().unwrap();
        assert!(
            refused.contains("the session store cannot be reached"),
            "{refused}"
        );
    }
    redis.restart();
    assert!(login(&server).await.len() == 16);
}
