//! `Forwarded` (RFC 7239), of which only what the nearest proxies appended is known to be well formed.

use std::borrow::Cow;

use actix_web::http::header::{self, HeaderMap, HeaderValue};

/// The elements of the header from the nearest proxy's outwards, those of all its lines.
///
/// A line is read from its end. Read from its start, a quote that a client opened would swallow what a proxy
/// appended; split within quotes, a host that a proxy repeats would become an element of its own.
pub(super) fn elements(headers: &HeaderMap) -> Vec<&[u8]> {
    let lines = headers
        .get_all(header::FORWARDED)
        .map(HeaderValue::as_bytes);
    let lines: Vec<_> = lines.collect();
    let lines = lines.into_iter().rev();
    lines.flat_map(|line| backwards(line, b',')).collect()
}

/// The value of a parameter of an element, without its quotes. Empty if it is not there, and if it is there more than
/// once (section 4 forbids that), as one of them may be a client's.
pub(super) fn parameter<'a>(element: &'a [u8], name: &str) -> Cow<'a, str> {
    let pairs = backwards(element, b';').filter_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        Some((pair.get(..at)?, pair.get(at + 1..)?))
    });
    let mut found = pairs
        .filter(|(known, _)| known.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, value)| value.trim_ascii());
    let value = match (found.next(), found.next()) {
        (Some(value), None) => value,
        _ => b"",
    };
    let bare = value.strip_prefix(b"\"");
    let bare = bare.and_then(|value| value.strip_suffix(b"\""));
    String::from_utf8_lossy(bare.unwrap_or(value))
}

/// What is between separators, the last one first. A separator within quotes is none; before a quote that is never
/// opened, nothing is believed.
fn backwards(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut left = Some(text);
    std::iter::from_fn(move || {
        let text = left?;
        let mut quoted = false;
        let at = (0..text.len()).rev().find(|&at| {
            let byte = text.get(at).copied();
            // One that ends a string is never escaped.
            quoted ^= byte == Some(b'"') && !(quoted && is_escaped(text, at));
            !quoted && byte == Some(separator)
        });
        let (before, last) = match at {
            Some(at) => (text.get(..at), text.get(at + 1..)),
            None if quoted => (None, Some(&b""[..])),
            None => (None, Some(text)),
        };
        left = before;
        last.map(<[u8]>::trim_ascii)
    })
}

/// Whether an odd number of backslashes is before this byte.
fn is_escaped(text: &[u8], at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    backslashes.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn nearest(lines: &[&str]) -> (String, String) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::FORWARDED, HeaderValue::from_str(line).unwrap());
        }
        let element = elements(&headers)[0];
        let of = |name| parameter(element, name).into_owned();
        (of("for"), of("proto"))
    }

    #[test]
    fn a_host_that_a_proxy_repeats_names_no_client() {
        for host in [
            "a, for=6.6.6.6",
            "a, for=6.6.6.6;proto=http, b",
            "a;for=6.6.6.6;proto=http",
            r"a\\, for=6.6.6.6;x=\\",
            r#"a\", for=6.6.6.6;x=\"b"#,
            r"a\, for=6.6.6.6;x=\",
        ] {
            for line in [
                format!(r#"for=1.2.3.4;host="{host}";proto=https"#),
                format!(r#"host="{host}";for=1.2.3.4;proto=https"#),
                format!(r#"proto=https;for=1.2.3.4;host="{host}""#),
                format!(r#"for="6.6.6.6, host="{host}";for="1.2.3.4";proto=https"#),
            ] {
                let said = ("1.2.3.4".to_owned(), "https".to_owned());
                assert_eq!(nearest(&["for=6.6.6.6;host=\"", &line]), said, "{line}");
            }
        }
    }

    #[test]
    fn what_is_not_well_formed_names_nobody() {
        for line in [
            "for=1.2.3.4;host=a;for=6.6.6.6",
            "for=6.6.6.6;For=1.2.3.4",
            "for=1.2.3.4;host=\"a\"\"",
            "for=6.6.6.6, for=1.2.3.4\"",
            "for",
            ",",
            "",
        ] {
            assert_eq!(
                nearest(&[line]).0.parse::<std::net::IpAddr>().ok(),
                None,
                "{line}"
            );
        }
        let twice = nearest(&["proto=https;for=1.2.3.4;proto=http"]);
        assert_eq!(twice, ("1.2.3.4".to_owned(), String::new()));
    }
}
