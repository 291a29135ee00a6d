//! The first-party client, for pages that have nothing else installed.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{self, CacheDirective, EntityTag, Header, IfNoneMatch},
    },
};

/// An ES module with a subset of socket.io-client's calls; see the guide.
const SOURCE: &str = include_str!("client.js");

static TAG: LazyLock<EntityTag> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    SOURCE.hash(&mut hasher);
    EntityTag::new_strong(format!("{:016x}", hasher.finish()))
});

pub(super) fn serve(req: &HttpRequest) -> HttpResponse {
    if req.method() != Method::GET && req.method() != Method::HEAD {
        return HttpResponse::MethodNotAllowed().finish();
    }
    let known = match IfNoneMatch::parse(req) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&TAG)),
        Err(_) => false,
    };
    let mut response = match known {
        true => HttpResponse::NotModified(),
        false => HttpResponse::Ok(),
    };
    response
        .insert_header(header::ETag(TAG.clone()))
        .insert_header(header::CacheControl(vec![
            CacheDirective::Public,
            CacheDirective::MaxAge(0),
        ]));
    match known {
        true => response.finish(),
        false => response
            .content_type("application/javascript; charset=utf-8")
            .body(SOURCE),
    }
}
