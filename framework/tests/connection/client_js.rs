//! The first-party client as the hub serves it. What it does is tested in a browser.

use crate::common::{
    http::{UPGRADE, assert_cached, request},
    listener::{Listener, builder, start},
    serve,
};
use roomcast::WebSocketMode;

const PATH: &str = "/socket.io/client.js";

#[actix_web::test]
async fn it_is_a_module_that_may_be_cached_but_is_asked_for_again() {
    let server = serve::<Listener>(WebSocketMode::Handoff);
    let answer = request(&server, "GET", PATH, &[]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("export"), "an ES module");
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("application/javascript; charset=utf-8"));
    let tag = answer.header("etag").expect("a tag");
    assert_cached(&server, PATH, tag).await;
}

#[actix_web::test]
async fn it_can_only_be_read() {
    let server = serve::<Listener>(WebSocketMode::Handoff);
    for method in ["POST", "PUT", "DELETE"] {
        assert_eq!(
            request(&server, method, PATH, &[]).await.status,
            405,
            "{method}"
        );
    }
}

#[actix_web::test]
async fn its_name_alone_is_taken_and_others_fall_to_the_engine() {
    let server = serve::<Listener>(WebSocketMode::Handoff);
    for name in ["client.jsx", "client", "socket.io.js", "a/client.js"] {
        let answer = request(&server, "GET", &format!("/socket.io/{name}"), &[]).await;
        assert_eq!(
            answer.text(),
            r#"{"code":0,"message":"Transport unknown"}"#,
            "{name}"
        );
    }
    let session = "/socket.io/client.jsx?EIO=4&transport=websocket";
    assert_eq!(request(&server, "GET", session, UPGRADE).await.status, 101);
}

#[actix_web::test]
async fn it_is_below_the_path_of_the_hub() {
    let server = start(builder(WebSocketMode::Handoff).path("/rt"));
    assert_eq!(
        request(&server, "GET", "/rt/client.js", &[]).await.status,
        200
    );
    assert_eq!(request(&server, "GET", PATH, &[]).await.status, 404);
}
