//! From typed values to packets.

use bytes::Bytes;
use serde::Serialize;

use super::{Args, Event};
use crate::{
    error::EmitError,
    protocol::socket_io::{encode, is_reserved},
};

/// The attachments that the text just written refers to.
pub(crate) type Encoded = Result<Vec<Bytes>, EmitError>;

/// Appends the EVENT packet of a typed event.
pub(crate) fn encode<E: Event + Serialize>(
    event: &E,
    nsp: &str,
    id: Option<u64>,
    out: &mut Vec<u8>,
) -> Encoded {
    named(E::NAME, nsp, id, E::ARGS, event, out)
}

/// Appends the EVENT packet of an untyped event, whose arguments serialize to a list.
pub(crate) fn encode_raw<A: Serialize + ?Sized>(
    name: &str,
    nsp: &str,
    id: Option<u64>,
    args: &A,
    out: &mut Vec<u8>,
) -> Encoded {
    named(name, nsp, id, Args::Many(0), args, out)
}

fn named<T: Serialize + ?Sized>(
    name: &str,
    nsp: &str,
    id: Option<u64>,
    form: Args,
    value: &T,
    out: &mut Vec<u8>,
) -> Encoded {
    if is_reserved(name) {
        return Err(EmitError::Reserved(name.to_owned()));
    }
    encode::event(out, nsp, id, name, |args| push(args, form, value)).map_err(|source| {
        EmitError::Encode {
            event: name.to_owned(),
            source,
        }
    })
}

/// The arguments of a typed event as a JSON list; what does not serialize is an empty one.
pub(crate) fn json<E: Event + Serialize>(event: &E) -> String {
    arguments(E::ARGS, event)
}

/// The arguments of an untyped event as a JSON list; what does not serialize is an empty one.
pub(crate) fn json_raw<A: Serialize + ?Sized>(args: &A) -> String {
    arguments(Args::Many(0), args)
}

fn arguments<T: Serialize + ?Sized>(form: Args, value: &T) -> String {
    let mut out = Vec::new();
    // An ACK is an argument list and nothing else, behind a header without a bracket.
    if encode::ack(&mut out, "/", 0, |args| push(args, form, value)).is_err() {
        return "[]".to_owned();
    }
    let start = out.iter().position(|byte| *byte == b'[').unwrap_or(0);
    String::from_utf8_lossy(out.get(start..).unwrap_or_default()).into_owned()
}

/// Appends the ACK packet that answers an event as its type declares.
pub(crate) fn encode_ack<E>(nsp: &str, id: u64, ack: &E::Ack, out: &mut Vec<u8>) -> Encoded
where
    E: Event,
    E::Ack: Serialize,
{
    answer(E::NAME, nsp, id, E::ACK_ARGS, ack, out)
}

/// Appends the ACK packet that answers `event`.
pub(crate) fn answer<A: Serialize>(
    event: &str,
    nsp: &str,
    id: u64,
    form: Args,
    value: &A,
    out: &mut Vec<u8>,
) -> Encoded {
    let written = encode::ack(out, nsp, id, |args| push(args, form, value));
    written.map_err(|source| EmitError::Encode {
        event: event.to_owned(),
        source,
    })
}

fn push<T: Serialize + ?Sized>(
    args: &mut encode::Args<'_>,
    form: Args,
    value: &T,
) -> serde_json::Result<()> {
    match form {
        Args::None => Ok(()),
        Args::One => args.push(value),
        Args::Many(_) => args.push_list(value),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn typed(args: Args, value: &impl Serialize) -> String {
        let mut out = Vec::new();
        named("e", "/", None, args, value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_form_lies_in_the_list_as_declared() {
        assert_eq!(typed(Args::None, &()), r#"2["e"]"#);
        assert_eq!(typed(Args::One, &(1, 2)), r#"2["e",[1,2]]"#);
        assert_eq!(typed(Args::Many(2), &(1, "x")), r#"2["e",1,"x"]"#);
        assert_eq!(typed(Args::Many(0), &[0_u8; 0]), r#"2["e"]"#);
        assert_eq!(typed(Args::Many(0), &()), r#"2["e"]"#);
    }

    #[test]
    fn an_ack_has_the_arguments_that_its_type_declares() {
        let mut out = Vec::new();
        answer("e", "/", 1, Args::None, &(), &mut out).unwrap();
        answer("e", "/", 2, Args::One, &None::<u8>, &mut out).unwrap();
        answer("e", "/", 3, Args::Many(2), &(1, "x"), &mut out).unwrap();
        assert_eq!(out, br#"31[]32[null]33[1,"x"]"#);
    }

    #[test]
    fn untyped_arguments_must_be_a_list_and_reserved_names_are_refused() {
        let mut out = Vec::new();
        assert!(matches!(
            encode_raw("e", "/", None, &7, &mut out),
            Err(EmitError::Encode { .. })
        ));
        assert!(matches!(
            encode_raw("disconnect", "/", None, &[7], &mut out),
            Err(EmitError::Reserved(_))
        ));
        assert!(out.is_empty(), "nothing half-written is left");
    }
}
