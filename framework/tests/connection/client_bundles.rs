//! The official client's bundles (Engine.IO v4, section 13).

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use crate::common::{
    http::{UPGRADE, assert_cached, request},
    listener::{self, start},
};
use flate2::read::{GzDecoder, ZlibDecoder};
use roomcast::{BuildError, HubBuilder, WebSocketMode, testing::TestServer};

const SCRIPT: &str = "application/javascript; charset=utf-8";

/// A package with bundles in its folder `dist`, named after the test that uses it.
fn package(name: &str, package: Option<&str>, files: &[(&str, &str)]) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let dist = root.join("dist");
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&dist).expect("a folder");
    if let Some(package) = package {
        fs::write(root.join("package.json"), package).expect("written");
    }
    for (file, content) in files {
        fs::write(dist.join(file), content).expect("written");
    }
    dist
}

fn builder(directory: &Path) -> HubBuilder {
    listener::builder(WebSocketMode::Handoff).serve_client(directory)
}

fn serve(directory: &Path) -> TestServer {
    start(builder(directory))
}

#[actix_web::test]
async fn the_bundles_carry_the_version_of_their_package() {
    let version = r#"{"name":"socket.io-client","version":"4.8.3","private":true}"#;
    let files = [
        ("socket.io.js", "plain"),
        ("socket.io.js.map", "{}"),
        ("socket.io.esm.min.js", "esm"),
    ];
    let server = serve(&package("versioned", Some(version), &files));
    for (name, content_type, content) in [
        ("socket.io.js", SCRIPT, "plain"),
        ("socket.io.js.map", "application/json", "{}"),
        ("socket.io.esm.min.js?t=1", SCRIPT, "esm"),
    ] {
        let target = format!("/socket.io/{name}");
        let answer = request(&server, "GET", &target, &[]).await;
        assert_eq!((answer.status, answer.text()), (200, content), "{name}");
        assert_eq!(answer.header("content-type"), Some(content_type), "{name}");
        assert_eq!(answer.header("content-encoding"), None);
        assert_cached(&server, &target, "\"4.8.3\"").await;
        assert_eq!(request(&server, "POST", &target, &[]).await.status, 405);
    }
}

#[actix_web::test]
async fn without_the_clients_package_each_has_a_tag_of_its_content() {
    let application = r#"{"name":"my-app","version":"1.0.0"}"#;
    let files = [("socket.io.js", "a"), ("socket.io.min.js", "b")];
    let tag = async |server: &TestServer, name: &str| {
        let answer = request(server, "GET", &format!("/socket.io/{name}"), &[]).await;
        answer.header("etag").expect("a tag").to_owned()
    };
    let mut tags = Vec::new();
    for (name, json) in [
        ("application", Some(application)),
        ("no-package", None),
        ("broken", Some("{")),
        ("odd", Some(r#"{"name":"socket.io","version":"4\n"}"#)),
    ] {
        let server = serve(&package(name, json, &files));
        tags.push((
            tag(&server, "socket.io.js").await,
            tag(&server, "socket.io.min.js").await,
        ));
    }
    let (a, b) = tags[0].clone();
    assert_ne!(a, b);
    assert!(
        tags.iter().all(|tags| *tags == (a.clone(), b.clone())),
        "{tags:?}"
    );
}

#[actix_web::test]
async fn they_are_compressed_as_the_client_wants_it() {
    let content = "socket ".repeat(1000);
    let server = serve(&package(
        "compressed",
        None,
        &[("socket.io.min.js", &content)],
    ));
    let fetch = async |name: &str, accept: &str| {
        let headers = [("Accept-Encoding", accept)];
        request(&server, "GET", &format!("/socket.io/{name}"), &headers).await
    };
    // Twice, as the second one is kept from the first.
    for _ in 0..2 {
        let answer = fetch("socket.io.min.js", "gzip, deflate, br").await;
        assert_eq!(answer.header("content-encoding"), Some("gzip"));
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
        let mut text = String::new();
        GzDecoder::new(&*answer.body)
            .read_to_string(&mut text)
            .expect("gzip");
        assert_eq!(text, content);
        assert!(answer.body.len() < content.len() / 10);
    }
    let answer = fetch("socket.io.min.js", "gzip;q=0.1, deflate").await;
    assert_eq!(answer.header("content-encoding"), Some("deflate"));
    let mut text = String::new();
    ZlibDecoder::new(&*answer.body)
        .read_to_string(&mut text)
        .expect("zlib");
    assert_eq!(text, content);

    for accept in ["br", "identity", "gzip;q=0", ""] {
        let answer = fetch("socket.io.min.js", accept).await;
        assert_eq!(answer.header("content-encoding"), None, "{accept}");
        answer.expect(200, &content);
    }
    let own = fetch("client.js", "gzip").await;
    assert_eq!(own.header("content-encoding"), Some("gzip"));
}

#[actix_web::test]
async fn no_other_name_is_served() {
    let secrets = [
        ("socket.io.js", "a"),
        ("secret.js", "s"),
        ("socket.io.esm.js", "s"),
    ];
    let server = serve(&package("names", None, &secrets));
    for name in [
        "secret.js",
        "socket.io.esm.js",
        "socket.io.min.js",
        "x/socket.io.js",
        "../package.json",
        "socket.io.js/",
        "SOCKET.IO.JS",
    ] {
        let answer = request(&server, "GET", &format!("/socket.io/{name}"), &[]).await;
        assert_ne!(answer.status, 200, "{name}");
    }
    let unknown = request(&server, "GET", "/socket.io/unknown.js", &[]).await;
    assert_eq!(
        unknown.text(),
        r#"{"code":0,"message":"Transport unknown"}"#
    );
    let session = "/socket.io/socket.io.min.js?EIO=4&transport=websocket";
    assert_eq!(request(&server, "GET", session, UPGRADE).await.status, 101);
}

#[actix_web::test]
async fn they_are_read_when_the_hub_is_built() {
    let directory = package("gone", None, &[("socket.io.js", "here")]);
    let server = serve(&directory);
    fs::remove_dir_all(&directory).expect("removed");
    let answer = request(&server, "GET", "/socket.io/socket.io.js", &[]).await;
    assert_eq!(answer.text(), "here");
}

#[test]
fn a_directory_without_a_bundle_is_refused_when_the_hub_is_built() {
    let empty = package("empty", None, &[("readme.md", "no client")]);
    for directory in [&empty, Path::new("/no/such/directory")] {
        let built = builder(directory).build();
        assert!(matches!(built, Err(BuildError::NoClient(of)) if of == *directory));
    }
    let unreadable = package("unreadable", None, &[]);
    fs::create_dir(unreadable.join("socket.io.js")).expect("a folder");
    let built = builder(&unreadable).build();
    assert!(
        matches!(built, Err(BuildError::Client { path, .. }) if path.ends_with("socket.io.js"))
    );
}
