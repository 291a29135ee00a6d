//! The static files of the admin page.

#![cfg(feature = "admin")]

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use actix_web::{
    App,
    body::to_bytes,
    dev::ServiceResponse,
    http::{Method, StatusCode, header},
    test::{TestRequest, call_service, init_service},
    web,
};
use roomcast::{BuildError, admin::Admin};

/// A folder with these files, named after the test that uses it.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("admin-page")
        .join(name);
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&root).expect("a folder");
    for (file, content) in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("written");
    }
    root
}

const PAGE: &[(&str, &str)] = &[
    ("index.html", "<script src=\"js/app.1f.js\"></script>"),
    ("js/app.1f.js", "start()"),
    ("js/app.1f.js.map", "{}"),
    ("css/app.css", "body {}"),
    ("img/logo.svg", "<svg/>"),
    ("favicon.png", "png"),
];

async fn ask(directory: &Path, request: TestRequest) -> ServiceResponse {
    let page = Admin::serve(directory).expect("a page");
    let scope = web::scope("/ops/admin-page").configure(page.mount());
    let app = init_service(App::new().service(scope)).await;
    call_service(&app, request.to_request()).await
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

fn header_of(response: &ServiceResponse, name: header::HeaderName) -> Option<&str> {
    let value = response.headers().get(name)?;
    Some(value.to_str().expect("text"))
}

async fn text(response: ServiceResponse) -> String {
    let body = to_bytes(response.into_body()).await.expect("a body");
    String::from_utf8(body.to_vec()).expect("text")
}

#[actix_web::test]
async fn every_file_has_its_type() {
    let directory = folder("types", PAGE);
    for (path, kind, content) in [
        ("", "text/html; charset=utf-8", PAGE[0].1),
        ("index.html", "text/html; charset=utf-8", PAGE[0].1),
        ("js/app.1f.js", "text/javascript; charset=utf-8", "start()"),
        ("js/app.1f.js.map", "application/json", "{}"),
        ("css/app.css?v=1", "text/css; charset=utf-8", "body {}"),
        ("img/logo.svg", "image/svg+xml", "<svg/>"),
        ("favicon.png", "image/png", "png"),
    ] {
        let response = ask(&directory, get(&format!("/ops/admin-page/{path}"))).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header_of(&response, header::CONTENT_TYPE), Some(kind));
        let sniff = header_of(&response, header::X_CONTENT_TYPE_OPTIONS);
        assert_eq!(sniff, Some("nosniff"));
        let policy = header_of(&response, header::CONTENT_SECURITY_POLICY);
        let policies = [
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'none'",
        ];
        assert_eq!(policy, Some(&*policies.join("; ")));
        assert_eq!(text(response).await, content, "{path}");
    }
}

#[actix_web::test]
async fn without_the_last_slash_the_links_would_lead_elsewhere() {
    let directory = folder("slash", PAGE);
    for (from, to) in [
        ("/ops/admin-page", "./admin-page/"),
        ("/ops/admin-page?a=1&b", "./admin-page/?a=1&b"),
    ] {
        let response = ask(&directory, get(from)).await;
        assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(header_of(&response, header::LOCATION), Some(to));
    }
    let page = Admin::serve(&directory).expect("a page");
    let alone = init_service(App::new().configure(page.mount())).await;
    let response = call_service(&alone, get("/").to_request()).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[actix_web::test]
async fn a_browser_that_has_a_file_is_not_sent_it_again() {
    let directory = folder("cached", PAGE);
    let path = "/ops/admin-page/js/app.1f.js";
    let first = ask(&directory, get(path)).await;
    assert_eq!(
        header_of(&first, header::CACHE_CONTROL),
        Some("public, max-age=0")
    );
    let tag = header_of(&first, header::ETAG).expect("a tag").to_owned();
    let again = get(path).insert_header((header::IF_NONE_MATCH, tag));
    let response = ask(&directory, again).await;
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(text(response).await, "");
}

#[actix_web::test]
async fn only_get_and_head_are_answered() {
    let directory = folder("methods", PAGE);
    for path in [
        "/ops/admin-page",
        "/ops/admin-page/",
        "/ops/admin-page/index.html",
    ] {
        let post = TestRequest::default().method(Method::POST).uri(path);
        let response = ask(&directory, post).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    let head = TestRequest::default()
        .method(Method::HEAD)
        .uri("/ops/admin-page/");
    let response = ask(&directory, head).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(header_of(&response, header::ETAG).is_some());
}

#[actix_web::test]
async fn nothing_outside_of_the_folder_is_served() {
    let directory = folder("outside/page", PAGE);
    let secret = directory.with_file_name("secret.html");
    fs::write(&secret, "secret").expect("written");
    fs::write(directory.join(".env"), "secret").expect("written");
    symlink(&secret, directory.join("link.html")).expect("a link");
    symlink(directory.with_file_name(""), directory.join("up")).expect("a link");
    symlink("index.html", directory.join("home.html")).expect("a link");
    for path in [
        "../secret.html",
        "%2e%2e/secret.html",
        "..%2fsecret.html",
        "js/../../secret.html",
        "js//../../secret.html",
        "..\\secret.html",
        "..%5csecret.html",
        "link.html",
        "up/secret.html",
        ".env",
        "%2eenv",
        "js",
        "js/",
        "missing.js",
        "index.html/",
        "index.html%00",
    ] {
        let response = ask(&directory, get(&format!("/ops/admin-page/{path}"))).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let inside = ask(&directory, get("/ops/admin-page/home.html")).await;
    assert_eq!(inside.status(), StatusCode::OK, "a link that stays inside");
}

#[test]
fn a_folder_that_is_not_the_page_is_refused() {
    let missing = folder("no-index", &[("js/app.js", "start()")]);
    let Err(BuildError::NoAdminPage(path)) = Admin::serve(&missing).map(drop) else {
        panic!("taken for the page");
    };
    assert_eq!(path, missing);
    let nowhere = missing.join("nowhere");
    let error = Admin::serve(&nowhere).map(drop).expect_err("no folder");
    let told = error.to_string();
    assert!(told.contains(&*nowhere.to_string_lossy()), "{told}");
}

#[test]
fn a_folder_with_too_much_in_it_is_refused() {
    let many = folder("many", PAGE);
    for number in 0..256 {
        fs::write(many.join(format!("{number}.js")), "").expect("written");
    }
    let large = folder("large", PAGE);
    let file = fs::File::create(large.join("large.bin")).expect("a file");
    file.set_len((32 << 20) + 1).expect("a length");
    for directory in [many, large] {
        let error = Admin::serve(&directory).map(drop).expect_err("too much");
        assert!(matches!(error, BuildError::AdminPageSize(_)), "{error}");
    }
}
