//! The official client's bundles (Engine.IO v4, section 13).

mod common;

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use common::http::{UPGRADE, request};
use flate2::read::{GzDecoder, ZlibDecoder};
use roomcast::{BuildError, HubBuilder, prelude::*, testing::TestServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const SCRIPT: &str = "application/javascript; charset=utf-8";

#[derive(EventHandlers)]
#[handles()]
struct Listener;

impl Session for Listener {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

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
    Hub::builder()
        .namespace::<Listener>("/")
        .serve_client(directory)
}

fn serve(directory: &Path) -> TestServer {
    TestServer::start(builder(directory).build().expect("a hub"))
}

/// The head and the bytes behind it.
async fn fetch(server: &TestServer, name: &str, accept: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(server.addr()).await.expect("a server");
    let request = format!(
        "GET /socket.io/{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Accept-Encoding: {accept}\r\n\r\n"
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a server that reads");
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.expect("an answer");
    let end = received.windows(4).position(|four| four == b"\r\n\r\n");
    let body = received.split_off(end.expect("a head") + 4);
    let head = String::from_utf8(received).expect("text");
    (head.to_ascii_lowercase(), body)
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
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, content),
            "{name}"
        );
        assert_eq!(answer.header("content-type"), Some(content_type), "{name}");
        assert_eq!(answer.header("etag"), Some("\"4.8.3\""), "{name}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=0"));
        assert_eq!(answer.header("content-encoding"), None);

        for known in ["\"4.8.3\"", "W/\"4.8.3\"", "\"4.8.2\", \"4.8.3\""] {
            let answer = request(&server, "GET", &target, &[("If-None-Match", known)]).await;
            assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{known}");
        }
        let answer = request(&server, "GET", &target, &[("If-None-Match", "\"4.8.2\"")]).await;
        assert_eq!(answer.status, 200);
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
    // Twice, as the second one is kept from the first.
    for _ in 0..2 {
        let (head, body) = fetch(&server, "socket.io.min.js", "gzip, deflate, br").await;
        assert!(head.contains("content-encoding: gzip\r\n"), "{head}");
        assert!(head.contains("vary: accept-encoding"), "{head}");
        let mut text = String::new();
        GzDecoder::new(&*body)
            .read_to_string(&mut text)
            .expect("gzip");
        assert_eq!(text, content);
        assert!(body.len() < content.len() / 10);
    }
    let (head, body) = fetch(&server, "socket.io.min.js", "gzip;q=0.1, deflate").await;
    assert!(head.contains("content-encoding: deflate\r\n"), "{head}");
    let mut text = String::new();
    ZlibDecoder::new(&*body)
        .read_to_string(&mut text)
        .expect("zlib");
    assert_eq!(text, content);

    for accept in ["br", "identity", "gzip;q=0", ""] {
        let (head, body) = fetch(&server, "socket.io.min.js", accept).await;
        assert!(!head.contains("content-encoding"), "{accept}: {head}");
        assert_eq!(body, content.as_bytes(), "{accept}");
    }
    let (head, _) = fetch(&server, "client.js", "gzip").await;
    assert!(head.contains("content-encoding: gzip\r\n"), "{head}");
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
    assert_eq!(unknown.body, r#"{"code":0,"message":"Transport unknown"}"#);
    let session = "/socket.io/socket.io.min.js?EIO=4&transport=websocket";
    assert_eq!(request(&server, "GET", session, UPGRADE).await.status, 101);
}

#[actix_web::test]
async fn they_are_read_when_the_hub_is_built() {
    let directory = package("gone", None, &[("socket.io.js", "here")]);
    let server = serve(&directory);
    fs::remove_dir_all(&directory).expect("removed");
    let answer = request(&server, "GET", "/socket.io/socket.io.js", &[]).await;
    assert_eq!(answer.body, "here");
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
