//! A file that the hub serves from memory.

use std::sync::OnceLock;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{
            self, AcceptEncoding, CacheDirective, ContentEncoding, Encoding, EntityTag, Header,
            IfNoneMatch,
        },
    },
};
use bytes::Bytes;

use super::compress;

pub(super) struct File {
    content_type: &'static str,
    tag: EntityTag,
    content: Bytes,
    /// Compressed when somebody first asks for it, and kept.
    gzip: OnceLock<Bytes>,
    deflate: OnceLock<Bytes>,
}

impl File {
    /// With the version as its tag, or without one a hash of its content.
    pub(super) fn new(content_type: &'static str, content: Bytes, version: Option<&str>) -> Self {
        let tag = version.map_or_else(|| hash(&content), ToOwned::to_owned);
        Self {
            content_type,
            tag: EntityTag::new_strong(tag),
            content,
            gzip: OnceLock::new(),
            deflate: OnceLock::new(),
        }
    }

    pub(super) fn serve(&self, req: &HttpRequest) -> HttpResponse {
        if req.method() != Method::GET && req.method() != Method::HEAD {
            return HttpResponse::MethodNotAllowed().finish();
        }
        let known = match IfNoneMatch::parse(req) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&self.tag)),
            Err(_) => false,
        };
        let mut response = match known {
            true => HttpResponse::NotModified(),
            false => HttpResponse::Ok(),
        };
        response
            .insert_header(header::ETag(self.tag.clone()))
            .insert_header((header::VARY, "Accept-Encoding"))
            .insert_header(header::CacheControl(vec![
                CacheDirective::Public,
                CacheDirective::MaxAge(0),
            ]));
        if known {
            return response.finish();
        }
        response.content_type(self.content_type);
        match self.compressed(req) {
            Some((encoding, content)) => response
                .insert_header((header::CONTENT_ENCODING, encoding))
                .body(content),
            None => response.body(self.content.clone()),
        }
    }

    /// The content as the client wants it best. Browsers name gzip before brotli, and so get it from
    /// Node as well, which takes their order for a preference; so there is no brotli here.
    fn compressed(&self, req: &HttpRequest) -> Option<(ContentEncoding, Bytes)> {
        let accepted = AcceptEncoding::parse(req).ok()?;
        let Some(Encoding::Known(encoding)) = accepted.negotiate(compress::OFFERED.iter()) else {
            return None;
        };
        let cell = match encoding {
            ContentEncoding::Gzip => &self.gzip,
            ContentEncoding::Deflate => &self.deflate,
            _ => return None,
        };
        if let Some(content) = cell.get() {
            return Some((encoding, content.clone()));
        }
        let content = Bytes::from(compress::compress(encoding, &self.content)?);
        Some((encoding, cell.get_or_init(|| content).clone()))
    }
}

/// FNV-1a. Not the hasher of the standard library: its output may change with the compiler, and the
/// nodes of a cluster have to agree on the tag while some run the next build.
fn hash(content: &[u8]) -> String {
    let hash = content
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn the_hash_of_a_content_is_the_same_for_ever() {
        // The test vectors of the algorithm's authors.
        assert_eq!(hash(b""), "cbf29ce484222325");
        assert_eq!(hash(b"a"), "af63dc4c8601ec8c");
        assert_eq!(hash(b"foobar"), "85944171f73967e8");
    }
}
