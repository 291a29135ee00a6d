//! The page. The style is that of the example `chat`.

use actix_web::{HttpRequest, HttpResponse, http::header};

/// The files are part of the binary, so that it runs from any directory.
pub(crate) async fn page(request: HttpRequest) -> HttpResponse {
    let (kind, content) = match request.path() {
        "/" => ("html", include_str!("../static/index.html")),
        "/cluster.js" => ("javascript", include_str!("../static/cluster.js")),
        "/cluster.css" => ("css", include_str!("../static/cluster.css")),
        "/style.css" => ("css", include_str!("../../chat/static/style.css")),
        "/client.js" => {
            let to = (header::LOCATION, "/socket.io/client.js");
            return HttpResponse::Found().insert_header(to).finish();
        }
        _ => return HttpResponse::NotFound().finish(),
    };
    let kind = format!("text/{kind}; charset=utf-8");
    HttpResponse::Ok().content_type(kind).body(content)
}
