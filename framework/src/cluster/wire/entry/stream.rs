use std::borrow::Cow;

/// The stream that holds the entries of a namespace, of `count` under one name.
///
/// Node takes the remainder of a hash that may be negative: it then writes to a stream that none of
/// its nodes reads. To be understood by those that do, the name is the same here.
pub(crate) fn stream_name<'a>(name: &'a str, count: u32, namespace: &str) -> Cow<'a, str> {
    match i64::from(count) {
        0 | 1 => Cow::Borrowed(name),
        count => Cow::Owned(format!("{name}-{}", i64::from(hash(namespace)) % count)),
    }
}

/// Java's `String.hashCode`, over UTF-16.
fn hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(unit.into())
    })
}
