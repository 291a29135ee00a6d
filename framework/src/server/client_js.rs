//! The first-party client, for pages that have nothing else installed.

use std::sync::LazyLock;

use bytes::Bytes;

use super::file::File;

/// An ES module with a subset of socket.io-client's calls; see the guide.
const SOURCE: &str = include_str!("client.js");

pub(super) const NAME: &str = "client.js";

pub(super) static FILE: LazyLock<File> = LazyLock::new(|| {
    let content = Bytes::from_static(SOURCE.as_bytes());
    File::new("application/javascript; charset=utf-8", content, None)
});
