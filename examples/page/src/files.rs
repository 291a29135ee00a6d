//! The files of a page: those of the example, and those that all pages share.

use actix_web::{HttpRequest, HttpResponse, http::header};

use crate::Page;

/// The Content-Security-Policy of all pages: nothing from other servers, and no script in the markup. Sockets may go to
/// another port of this machine, as those of a page behind a [`Line`](crate::Line) do.
pub const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws://127.0.0.1:*; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What every page can include.
const SHARED: &[File] = &[
    File::new("style.css", include_str!("../static/style.css")),
    File::new("page.js", include_str!("../static/page.js")),
    File::new("icon.svg", include_str!("../static/icon.svg")),
];

/// A file that is part of the binary.
#[derive(Clone, Copy, Debug)]
pub struct File {
    name: &'static str,
    content: &'static str,
}

impl File {
    /// A file and its content; the name's end tells its type.
    #[must_use]
    pub const fn new(name: &'static str, content: &'static str) -> Self {
        Self { name, content }
    }
}

/// What a file is, by the end of its name.
#[must_use]
pub fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

impl Page {
    /// Answers a request for one of the files, or with 404: the service of all paths that have no other.
    ///
    /// ```ignore
    /// App::new().configure(hub.mount()).default_service(web::to(move |request| page.answer(request)))
    /// ```
    #[must_use]
    pub fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let wanted = match request.path() {
            "/" => "index.html",
            path => path.trim_start_matches('/'),
        };
        let mut files = self.files.iter().chain(SHARED);
        let Some(file) = files.find(|file| file.name == wanted) else {
            return HttpResponse::NotFound().finish();
        };
        HttpResponse::Ok()
            .content_type(content_type(file.name))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .body(file.content)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{http::StatusCode, test::TestRequest};

    use super::*;

    const PAGE: Page = Page {
        name: "any",
        about: "",
        files: &[File::new("index.html", "<p>hi")],
    };

    #[test]
    fn only_named_files_are_served() {
        let status = |path| PAGE.answer(&TestRequest::with_uri(path).to_http_request());
        for path in ["/", "/index.html", "/style.css", "/page.js"] {
            assert_eq!(status(path).status(), StatusCode::OK, "{path}");
        }
        for path in ["/Cargo.toml", "/../Cargo.toml", "/static/index.html"] {
            assert_eq!(status(path).status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
