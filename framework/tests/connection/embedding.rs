//! The hub in an application that was there before: with routes, a scope, sessions and auth of its
//! own.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::common::{
    both,
    http::{UPGRADE, post, request},
};
use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::ErrorUnauthorized,
    http::header::{self, HeaderValue},
    middleware::{Compress, Logger, Next, from_fn},
    web,
};
use roomcast::{
    Forbidden, Handshake, WebSocketMode,
    prelude::*,
    testing::{TestClient, TestServer},
};

/// Who is signed in, by the session's cookie.
#[derive(Default)]
struct Sessions(Mutex<HashMap<String, String>>);

impl Sessions {
    fn sign_in(&self, user: &str) -> String {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = format!("key-{}", sessions.len());
        sessions.insert(key.clone(), user.to_owned());
        key
    }

    fn user(&self, cookies: &str) -> Option<User> {
        let cookie = cookies
            .split("; ")
            .find_map(|pair| pair.strip_prefix("app="));
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(cookie?).cloned().map(User)
    }
}

#[derive(Clone)]
struct User(String);

/// The middleware for sessions: finds the user.
async fn session(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let cookies = req.headers().get(header::COOKIE);
    let cookies = cookies.and_then(|cookies| cookies.to_str().ok());
    let sessions = req
        .app_data::<web::Data<Hub>>()
        .map(|hub| hub.state::<Sessions>());
    let user = sessions
        .zip(cookies)
        .and_then(|(sessions, cookies)| sessions.user(cookies));
    if let Some(user) = user {
        req.extensions_mut().insert(user);
    }
    next.call(req).await
}

/// The middleware for auth: nobody else gets further.
async fn signed_in(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if !req.extensions().contains::<User>() {
        return Err(ErrorUnauthorized("sign in first"));
    }
    next.call(req).await
}

async fn sign_in(hub: web::Data<Hub>, name: web::Path<String>) -> HttpResponse {
    let key = hub.state::<Sessions>().sign_in(&name);
    HttpResponse::Ok()
        .insert_header((header::SET_COOKIE, format!("app={key}; HttpOnly")))
        .finish()
}

async fn me(req: HttpRequest) -> String {
    let user = req.extensions().get::<User>().cloned();
    user.map_or_else(String::new, |User(name)| name)
}

async fn announce(hub: web::Data<Hub>, text: web::Path<String>) -> Result<HttpResponse, Error> {
    let emitted = hub.everyone().emit_raw("news", &[text.into_inner()]);
    emitted.map_err(actix_web::error::ErrorServiceUnavailable)?;
    Ok(HttpResponse::Accepted().finish())
}

#[derive(EventHandlers)]
#[handles()]
struct Member;

impl Session for Member {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        let cookies = socket.handshake().header("cookie").unwrap_or_default();
        let User(name) = socket
            .state::<Sessions>()
            .user(cookies)
            .ok_or_else(|| Refusal::new("the session has ended"))?;
        socket.emit_raw("welcome", &[name])?;
        Ok(Self)
    }
}

/// The application: a page, a route to sign in, and the scope `/app` for members, where the hub is.
fn serve(mode: WebSocketMode) -> TestServer {
    let hub = Hub::builder()
        .namespace::<Member>("/")
        .websocket_mode(mode)
        .path("/live")
        .state(Sessions::default())
        .allow_request(async |_: &Handshake, request: &HttpRequest| {
            match request.extensions().get::<User>() {
                Some(User(name)) if name != "mallory" => Ok(()),
                _ => Err(Forbidden::new("not you")),
            }
        })
        .headers(|headers, request| {
            let user = request.extensions().get::<User>().cloned();
            if let Some(value) = user.and_then(|User(name)| HeaderValue::try_from(name).ok()) {
                headers.insert(header::HeaderName::from_static("x-user"), value);
            }
        })
        .build()
        .expect("a hub");
    let mounted = hub.clone();
    TestServer::builder(hub)
        .workers(2)
        .configure(move |config| {
            let members = web::scope("/app")
                .wrap(from_fn(signed_in))
                .wrap(from_fn(session))
                .wrap(Compress::default())
                .wrap(Logger::default())
                .route("/me", web::get().to(me))
                .route("/announce/{text}", web::post().to(announce))
                .configure(mounted.mount())
                .route("/{rest:.*}", web::get().to(|| async { "members' page" }));
            config
                .app_data(web::Data::new(mounted.clone()))
                .route("/", web::get().to(|| async { "public" }))
                .route("/sign-in/{name}", web::post().to(sign_in))
                .service(members);
        })
        .start()
}

async fn cookie_of(server: &TestServer, name: &str) -> String {
    let signed = request(server, "POST", &format!("/sign-in/{name}"), &[]).await;
    let cookie = signed
        .header("set-cookie")
        .and_then(|set| set.split(';').next());
    cookie.expect("a cookie").to_owned()
}

#[actix_web::test]
async fn every_request_of_a_polling_session_passes_the_middleware() {
    let server = serve(WebSocketMode::Handoff);
    let alice = cookie_of(&server, "alice").await;
    let member = [("Cookie", alice.as_str())];
    let polling = "/app/live/?EIO=4&transport=polling";
    assert_eq!(request(&server, "GET", polling, &[]).await.status, 401);
    let mallory = cookie_of(&server, "mallory").await;
    let refused = request(&server, "GET", polling, &[("Cookie", &mallory)]).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.text(), r#"{"code":4,"message":"not you"}"#);

    let opened = request(&server, "GET", polling, &member).await;
    assert_eq!(
        (opened.status, opened.header("x-user")),
        (200, Some("alice"))
    );
    let sid = opened.text().split('"').nth(3).expect("a sid");
    let session = format!("{polling}&sid={sid}");
    let connect = [member[0], ("Content-Length", "2")];
    let posted = post(&server, &session, &connect, "40").await;
    assert_eq!((posted.status, posted.text()), (200, "ok"));
    let stranger = request(&server, "GET", &session, &[]).await;
    assert_eq!(stranger.status, 401, "with the id, but not signed in");
    let polled = request(&server, "GET", &session, &member).await;
    assert!(
        polled.text().contains(r#"42["welcome","alice"]"#),
        "{}",
        polled.text()
    );
}

both! {
    members_are_let_in_with_their_session_and_others_are_not,
    the_applications_routes_go_on_beside_it,
}

async fn members_are_let_in_with_their_session_and_others_are_not(mode: WebSocketMode) {
    let server = serve(mode);
    let connect = |cookie: &str| {
        TestClient::builder(&server)
            .path("/app/live")
            .header("Cookie", &format!("theme=dark; {cookie}"))
            .connect()
    };
    let alice = cookie_of(&server, "alice").await;
    let client = connect(&alice).await.expect("alice is a member");
    assert_eq!(client.next().await.json(), r#"["alice"]"#);

    let stranger = connect("app=forged").await.expect_err("not signed in");
    assert_eq!(stranger.message, "sign in first", "the middleware's word");
    let mallory = cookie_of(&server, "mallory").await;
    let mallory = connect(&mallory).await.expect_err("not let in");
    assert_eq!(mallory.message, "not you", "the hub's");
    assert_eq!(
        server.hub().stats().refused_handshakes.get("forbidden"),
        Some(&1)
    );

    let posted = request(
        &server,
        "POST",
        "/app/announce/hello",
        &[("Cookie", &alice)],
    )
    .await;
    assert_eq!(posted.status, 202);
    assert_eq!(client.next().await.json(), r#"["hello"]"#, "from a route");
}

async fn the_applications_routes_go_on_beside_it(mode: WebSocketMode) {
    let server = serve(mode);
    assert_eq!(request(&server, "GET", "/", &[]).await.text(), "public");
    let alice = cookie_of(&server, "alice").await;
    let member = [("Cookie", alice.as_str())];
    for (path, body) in [
        ("/app/me", "alice"),
        ("/app/livestream", "members' page"),
        ("/app/live", "members' page"),
        ("/app/liv", "members' page"),
    ] {
        assert_eq!(
            request(&server, "GET", path, &member).await.text(),
            body,
            "{path}"
        );
        assert_eq!(
            request(&server, "GET", path, &[]).await.status,
            401,
            "{path}"
        );
    }
    for (path, status) in [
        ("/app/live/client.js", 200),
        ("/app/live/?EIO=4", 400),
        ("/live/?EIO=4&transport=websocket", 404),
        ("/socket.io/?EIO=4&transport=websocket", 404),
    ] {
        let answer = request(&server, "GET", path, &member).await;
        assert_eq!(answer.status, status, "{path}");
        let user = answer.header("x-user");
        assert_eq!(user, (status != 404).then_some("alice"), "{path}");
    }
    let upgrade = [UPGRADE, &member].concat();
    let opened = request(
        &server,
        "GET",
        "/app/live/?EIO=4&transport=websocket",
        &upgrade,
    )
    .await;
    assert_eq!(
        (opened.status, opened.header("x-user")),
        (101, Some("alice"))
    );
}
