//! Cross-origin requests (Engine.IO v4, section 10), and the check of origins for WebSockets.

use std::time::Duration;

use crate::common::{
    both,
    http::{Answer, POLLING, UPGRADE, WEBSOCKET, request},
    listener::{builder, start},
};
use roomcast::{Cors, Origins, WebSocketMode, testing::TestServer};

const REFUSED: &str = "/socket.io/?EIO=4&transport=abc";

fn serve(cors: Cors) -> TestServer {
    start(builder(WebSocketMode::Handoff).cors(cors))
}

/// Exactly these CORS headers, and `Vary` if it is among them.
#[track_caller]
fn assert_headers(answer: &Answer, expected: &[(&str, &str)]) {
    let mut found = answer.headers("access-control-");
    found.extend(answer.headers("vary"));
    let found: Vec<_> = found
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    assert_eq!(found, expected);
}

both! {
    a_fixed_origin_is_named_to_everyone,
    websockets_of_other_origins_are_refused_if_origins_are_checked,
}

async fn a_fixed_origin_is_named_to_everyone(mode: WebSocketMode) {
    let cors = Cors::new("http://allowed.example").credentials(true);
    let hub = builder(mode).cors(cors).build().expect("a hub");
    let server = TestServer::start(hub);
    let named = [
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-origin", "http://allowed.example"),
        ("vary", "Origin"),
    ];
    for origin in [
        Some("http://allowed.example"),
        Some("http://other.example"),
        None,
    ] {
        let headers: Vec<_> = origin
            .map(|origin| ("Origin", origin))
            .into_iter()
            .collect();
        let refused = request(&server, "GET", REFUSED, &headers).await;
        assert_eq!(refused.status, 400);
        assert_headers(&refused, &named);

        let file = request(&server, "GET", "/socket.io/client.js", &headers).await;
        assert_eq!(file.status, 200);
        let mut either = named;
        either[2].1 = "Accept-Encoding, Origin";
        assert_headers(&file, &either);

        let polling = request(&server, "GET", POLLING, &headers).await;
        assert_eq!(polling.status, 200, "CORS blocks nothing");
        assert_headers(&polling, &named);

        let upgrade = [UPGRADE, &headers].concat();
        let opened = request(&server, "GET", WEBSOCKET, &upgrade).await;
        assert_eq!(opened.status, 101, "CORS blocks no WebSocket");
        assert_headers(&opened, &named);
    }
}

#[actix_web::test]
async fn a_preflight_is_answered_before_anything_is_verified() {
    let server = serve(Cors::new("http://allowed.example").credentials(true));
    for target in [WEBSOCKET, REFUSED, "/socket.io/client.js"] {
        let asked = [
            ("Origin", "http://allowed.example"),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "my-header"),
        ];
        let answer = request(&server, "OPTIONS", target, &asked).await;
        assert_eq!((answer.status, answer.text()), (204, ""), "{target}");
        assert_headers(
            &answer,
            &[
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-headers", "my-header"),
                (
                    "access-control-allow-methods",
                    "GET,HEAD,PUT,PATCH,POST,DELETE",
                ),
                ("access-control-allow-origin", "http://allowed.example"),
                ("vary", "Origin, Access-Control-Request-Headers"),
            ],
        );
    }
    assert!(server.hub().stats().refused_handshakes.is_empty());
}

#[actix_web::test]
async fn any_origin_is_a_star_that_does_not_vary() {
    let server = serve(Cors::new("*"));
    let headers = [("Origin", "http://a.example")];
    let answer = request(&server, "GET", REFUSED, &headers).await;
    assert_headers(&answer, &[("access-control-allow-origin", "*")]);

    let answer = request(&server, "OPTIONS", REFUSED, &headers).await;
    assert_headers(
        &answer,
        &[
            (
                "access-control-allow-methods",
                "GET,HEAD,PUT,PATCH,POST,DELETE",
            ),
            ("access-control-allow-origin", "*"),
            ("vary", "Access-Control-Request-Headers"),
        ],
    );
}

#[actix_web::test]
async fn of_several_origins_the_one_that_asks_is_named() {
    for origins in [
        Origins::from(["http://a.example", "http://b.example"]),
        vec!["http://b.example".to_owned()].into(),
        Origins::matching(|origin| {
            assert_ne!(origin, "http://panic.example", "asked to");
            origin.starts_with("http://b.")
        }),
        Origins::reflected(),
    ] {
        let all = format!("{origins:?}") == "reflected";
        let panics = u64::from(format!("{origins:?}") == "matching");
        let server = serve(Cors::new(origins));
        let asked = [("Origin", "http://b.example")];
        let answer = request(&server, "GET", REFUSED, &asked).await;
        let named = ("access-control-allow-origin", "http://b.example");
        assert_headers(&answer, &[named, ("vary", "Origin")]);

        for other in ["http://c.example", "http://panic.example", "null"] {
            let answer = request(&server, "GET", REFUSED, &[("Origin", other)]).await;
            let named = ("access-control-allow-origin", other);
            let expected = [named, ("vary", "Origin")];
            assert_headers(&answer, if all { &expected } else { &expected[1..] });
        }
        let answer = request(&server, "GET", REFUSED, &[]).await;
        assert_headers(&answer, &[("vary", "Origin")]);
        assert_eq!(server.hub().stats().panics, panics);
    }
}

#[actix_web::test]
async fn what_a_preflight_allows_can_be_set() {
    let cors = Cors::new("*")
        .methods(["GET", "POST"])
        .allowed_headers(["x-a", "x-b"])
        .exposed_headers(["x-c"])
        .max_age(Duration::from_millis(90_500));
    let server = serve(cors);
    let asked = [("Access-Control-Request-Headers", "x-z")];
    let answer = request(&server, "OPTIONS", WEBSOCKET, &asked).await;
    assert_headers(
        &answer,
        &[
            ("access-control-allow-headers", "x-a,x-b"),
            ("access-control-allow-methods", "GET,POST"),
            ("access-control-allow-origin", "*"),
            ("access-control-expose-headers", "x-c"),
            ("access-control-max-age", "90"),
        ],
    );
    let answer = request(&server, "GET", REFUSED, &[]).await;
    assert_headers(
        &answer,
        &[
            ("access-control-allow-origin", "*"),
            ("access-control-expose-headers", "x-c"),
        ],
    );
    let none = serve(Cors::new("*").allowed_headers([]).exposed_headers([]));
    let answer = request(&none, "OPTIONS", WEBSOCKET, &asked).await;
    assert_headers(
        &answer,
        &[
            (
                "access-control-allow-methods",
                "GET,HEAD,PUT,PATCH,POST,DELETE",
            ),
            ("access-control-allow-origin", "*"),
        ],
    );
}

#[actix_web::test]
async fn without_the_option_there_is_nothing_of_it() {
    let hub = builder(WebSocketMode::Handoff).build().expect("a hub");
    let server = TestServer::start(hub);
    let headers = [("Origin", "http://a.example")];
    let answer = request(&server, "GET", REFUSED, &headers).await;
    assert_headers(&answer, &[]);
    let answer = request(&server, "OPTIONS", WEBSOCKET, &headers).await;
    assert_eq!(
        answer.text(),
        r#"{"code":2,"message":"Bad handshake method"}"#
    );
    assert_headers(&answer, &[]);
}

async fn websockets_of_other_origins_are_refused_if_origins_are_checked(mode: WebSocketMode) {
    let hub = builder(mode).check_origin("https://app.example").build();
    let server = TestServer::start(hub.expect("a hub"));
    let open = async |origin: &[(&'static str, &'static str)]| {
        let headers = [UPGRADE, origin].concat();
        request(&server, "GET", WEBSOCKET, &headers).await
    };
    assert_eq!(open(&[("Origin", "https://app.example")]).await.status, 101);
    assert_eq!(open(&[]).await.status, 101, "not a browser");
    let polling = request(
        &server,
        "GET",
        POLLING,
        &[("Origin", "https://other.example")],
    )
    .await;
    assert_eq!(polling.status, 200, "CORS keeps the page from reading it");
    for other in ["https://app.example.evil", "http://app.example", "null", ""] {
        let answer = open(&[("Origin", other)]).await;
        assert_eq!((answer.status, answer.text()), (400, "Forbidden"));
    }
    let refused = server.hub().stats().refused_handshakes;
    assert_eq!(refused.get("forbidden"), Some(&4));
}
