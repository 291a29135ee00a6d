//! The query parameters of an Engine.IO request.

use std::borrow::Cow;

/// The parameters that the engine reads; all others are the application's. Not supported and so
/// ignored are `j` (JSONP) and `b64`, for browsers that revision 4 has left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query<'a> {
    /// The protocol revision; see [`is_v4`](Self::is_v4).
    pub(crate) eio: Option<Cow<'a, str>>,
    pub(crate) transport: Option<Cow<'a, str>>,
    /// The session's id. Absent or empty in a handshake, which both give `None`.
    pub(crate) sid: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    /// Reads a query string without its `?`. Of a repeated parameter the last one counts.
    pub(crate) fn parse(query: &'a str) -> Self {
        let mut parsed = Self::default();
        for (name, value) in split(query) {
            let value = || unescape(value);
            match unescape(name).as_ref() {
                "EIO" => parsed.eio = Some(value()),
                "transport" => parsed.transport = Some(value()),
                "sid" => parsed.sid = Some(value()).filter(|sid| !sid.is_empty()),
                _ => {}
            }
        }
        parsed
    }

    /// Whether the client speaks revision 4; anything but exactly `4` is taken for revision 3.
    pub(crate) fn is_v4(&self) -> bool {
        self.eio.as_deref() == Some("4")
    }
}

/// The names and values of a query string without its `?`, their escapes undone.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let pairs = split(query).filter(|pair| *pair != ("", ""));
    pairs.map(|(name, value)| (unescape(name), unescape(value)))
}

fn split(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&');
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Undoes percent encoding as Node's `querystring` does: `+` is a space, a broken escape stays as
/// it is, and bytes that are not UTF-8 become U+FFFD.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        bytes.push(match (*first, tail) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            (other, _) => other,
        });
    }
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => String::from_utf8_lossy(error.as_bytes())
            .into_owned()
            .into(),
    }
}

fn hex(digit: u8) -> Option<u8> {
    // A hexadecimal digit is below 16 and so fits.
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn handshake_of_the_javascript_client() {
        let query = Query::parse("EIO=4&transport=polling&t=Oxs3vWl");
        assert!(query.is_v4());
        assert_eq!(query.transport.as_deref(), Some("polling"));
        assert_eq!(query.sid, None);
    }

    #[test]
    fn only_a_plain_4_is_revision_4() {
        for eio in [
            "",
            "EIO",
            "EIO=",
            "EIO=3",
            "EIO=44",
            "EIO=4.0",
            "EIO=%204",
            "eio=4",
            "EIO=4&EIO=3",
        ] {
            assert!(!Query::parse(eio).is_v4(), "{eio}");
        }
        for eio in ["EIO=4", "EIO=%34", "%45IO=4", "EIO=3&EIO=4", "&&EIO=4&"] {
            assert!(Query::parse(eio).is_v4(), "{eio}");
        }
    }

    #[test]
    fn the_last_of_a_repeated_parameter_counts() {
        let query = Query::parse("sid=a&transport=polling&sid=b&transport=websocket");
        assert_eq!(query.sid.as_deref(), Some("b"));
        assert_eq!(query.transport.as_deref(), Some("websocket"));
        assert_eq!(Query::parse("sid=a&sid=").sid, None);
    }

    #[test]
    fn percent_escapes_are_undone_and_broken_ones_kept() {
        let transport = |query| Query::parse(query).transport.map(Cow::into_owned);
        assert_eq!(transport("transport=p%6Flling").as_deref(), Some("polling"));
        assert_eq!(transport("transport=a+b%2Bc").as_deref(), Some("a b+c"));
        assert_eq!(transport("transport=%").as_deref(), Some("%"));
        assert_eq!(transport("transport=%4").as_deref(), Some("%4"));
        assert_eq!(transport("transport=%zz%41").as_deref(), Some("%zzA"));
        assert_eq!(
            transport("transport=%ff%E2%82").as_deref(),
            Some("\u{fffd}\u{fffd}")
        );
        assert_eq!(transport("transport=a=b").as_deref(), Some("a=b"));
    }

    /// As the strictest of clients would: every byte but letters and digits is escaped.
    fn escape(text: &str, query: &mut String) {
        for byte in text.bytes() {
            match byte {
                b' ' => query.push('+'),
                byte if byte.is_ascii_alphanumeric() => query.push(byte.into()),
                byte => query.push_str(&format!("%{byte:02x}")),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_read_as_it_was(
            parameters in prop::collection::vec(("\\PC{1,8}", ".{0,8}"), 0..5),
        ) {
            let mut query = String::new();
            for (name, value) in &parameters {
                query.push('&');
                escape(name, &mut query);
                query.push('=');
                escape(value, &mut query);
            }
            let read: Vec<_> = pairs(&query)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
            prop_assert_eq!(read, parameters);
        }

        #[test]
        fn any_query_is_read_in_its_own_memory(
            query in prop_oneof!["[EIOtransidj64=&%+0-9a-fé]{0,60}", any::<String>()],
        ) {
            let measured = allocation_counter::measure(|| {
                let _ = Query::parse(&query).is_v4();
                pairs(&query).for_each(drop);
            });
            // A byte that is not UTF-8 becomes a character of three.
            prop_assert!(measured.bytes_max as usize <= 4 * query.len());
        }
    }
}
