//! Compression of HTTP answers.

use std::io::Write;

use actix_web::http::header::{ContentEncoding, Encoding};
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};

/// What a client may ask for; it chooses.
pub(super) const OFFERED: [Encoding; 2] = [
    Encoding::Known(ContentEncoding::Gzip),
    Encoding::Known(ContentEncoding::Deflate),
];

/// The body in this encoding; `None` for one that is not offered.
pub(super) fn compress(encoding: ContentEncoding, body: &[u8]) -> Option<Vec<u8>> {
    let fast = Compression::fast();
    match encoding {
        ContentEncoding::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), fast);
            encoder.write_all(body).ok()?;
            encoder.finish().ok()
        }
        // HTTP's deflate is the zlib format (RFC 9110 section 8.4.1.2).
        ContentEncoding::Deflate => {
            let mut encoder = ZlibEncoder::new(Vec::new(), fast);
            encoder.write_all(body).ok()?;
            encoder.finish().ok()
        }
        _ => None,
    }
}
