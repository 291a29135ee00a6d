use actix_web::{
    HttpResponse,
    http::header,
    web::{self, ServiceConfig},
};

/// The page loads its own files only, and no other site may frame it.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

/// Part of the binary, so that it runs from any directory.
const FILES: [(&str, &str, &str); 3] = [
    ("/", "text/html; charset=utf-8", include_str!("../static/index.html")),
    ("/chat.js", "text/javascript; charset=utf-8", include_str!("../static/chat.js")),
    ("/style.css", "text/css; charset=utf-8", include_str!("../static/style.css")),
];

pub(crate) fn pages(config: &mut ServiceConfig) {
    for (path, content_type, content) in FILES {
        let answer = move || async move {
            HttpResponse::Ok()
                .content_type(content_type)
                .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
                .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
                .insert_header((header::CACHE_CONTROL, "no-cache"))
                .body(content)
        };
        config.route(path, web::get().to(answer));
    }
}
