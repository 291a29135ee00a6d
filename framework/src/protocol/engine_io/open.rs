//! The open packet, the first of every session.

use serde::Serialize;
use std::time::Duration;

/// What the server tells the client about their session.
///
/// The order of the fields is the order of the keys on the wire.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Open<'a> {
    pub(crate) sid: &'a str,
    /// The transports that the client may change to.
    pub(crate) upgrades: &'a [&'a str],
    #[serde(serialize_with = "milliseconds")]
    pub(crate) ping_interval: Duration,
    #[serde(serialize_with = "milliseconds")]
    pub(crate) ping_timeout: Duration,
    /// Bytes of one message or one polling body; clients size their POST bodies by it.
    pub(crate) max_payload: usize,
}

impl Open<'_> {
    /// Appends the packet in text form, its type included.
    ///
    /// # Errors
    ///
    /// None in practice: strings and integers always serialize.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        out.push(b'0');
        serde_json::to_writer(out, self)
    }
}

fn milliseconds<S: serde::Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_the_engine_io_server() {
        let open = Open {
            sid: "lv_VI97HAXpY6yYWAAAC",
            upgrades: &["websocket"],
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            max_payload: 1_000_000,
        };
        let mut out = Vec::new();
        assert!(open.encode(&mut out).is_ok());
        assert_eq!(
            String::from_utf8_lossy(&out),
            r#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        );
    }
}
