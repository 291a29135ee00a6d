//! The little of Engine.IO and Socket.IO that a client in the namespace `/` needs, over WebSocket.

/// What a server says. Attachments of binary packets are messages of their own, and nothing that is looked at here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// The connection is there: now the client asks to be let in.
    Open,
    /// To be answered with `PONG`, or the server takes us for dead.
    Ping,
    Connected,
    /// Not let in, and why, as JSON.
    Refused(&'a str),
    Event,
    Ack {
        id: u64,
        is_error: bool,
    },
    Disconnected,
    Other,
}

pub(crate) const PONG: &str = "3";

impl<'a> Packet<'a> {
    pub(crate) fn read(text: &'a str) -> Self {
        match text.as_bytes() {
            [b'0', ..] => Self::Open,
            [b'2'] => Self::Ping,
            [b'1', ..] | [b'4', b'1', ..] => Self::Disconnected,
            [b'4', b'0', ..] => Self::Connected,
            [b'4', b'4', ..] => Self::Refused(&text[2..]),
            [b'4', b'2' | b'5', ..] => Self::Event,
            [b'4', b'3', ..] => Self::ack(&text[2..]),
            // The number of attachments is between.
            [b'4', b'6', ..] => text
                .split_once('-')
                .map_or(Self::Other, |(_, ack)| Self::ack(ack)),
            _ => Self::Other,
        }
    }

    fn ack(text: &str) -> Self {
        let digits = text.find('[').unwrap_or(text.len());
        let (id, data) = text.split_at(digits);
        id.parse().map_or(Self::Other, |id| Self::Ack {
            id,
            is_error: data.starts_with(r#"[{"error":"#),
        })
    }
}

/// Asks to be let in; `auth` may be empty.
pub(crate) fn connect(auth: &str) -> String {
    format!("40{auth}")
}

/// An event, with its arguments as a JSON list, that wants an answer.
pub(crate) fn event(id: u64, list: &str) -> String {
    format!("42{id}{list}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_read() {
        let ack = |id, is_error| Packet::Ack { id, is_error };
        for (text, packet) in [
            (r#"0{"sid":"x"}"#, Packet::Open),
            ("2", Packet::Ping),
            (r#"40{"sid":"x"}"#, Packet::Connected),
            (
                r#"44{"message":"no"}"#,
                Packet::Refused(r#"{"message":"no"}"#),
            ),
            (r#"42["said","hi"]"#, Packet::Event),
            ("4317[]", ack(17, false)),
            (r#"437[{"error":{"message":"no"}}]"#, ack(7, true)),
            (r#"461-5[{"_placeholder":true,"num":0}]"#, ack(5, false)),
            ("43", Packet::Other),
            ("46", Packet::Other),
            ("41", Packet::Disconnected),
            ("", Packet::Other),
        ] {
            assert_eq!(Packet::read(text), packet, "{text}");
        }
    }
}
