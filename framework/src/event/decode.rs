//! From the argument list of a packet to typed values, without a JSON tree in between.

use bytes::Bytes;
use serde::{
    Deserialize,
    de::{DeserializeOwned, DeserializeSeed, IntoDeserializer, SeqAccess, Visitor, value},
    forward_to_deserialize_any,
};
use serde_json::value::RawValue;

use super::{Args, Event, Rejection, RejectionKind};
use crate::protocol::socket_io;

/// The arguments of a received event or ack: validated JSON values with commas between them, and
/// the attachments that they refer to.
#[derive(Clone, Copy)]
pub(crate) struct Payload<'a> {
    pub(crate) args: &'a str,
    pub(crate) attachments: &'a [Bytes],
}

/// The typed event. Arguments beyond those it declares are ignored, as a JavaScript handler does.
pub(crate) fn decode<E: Event + DeserializeOwned>(payload: Payload<'_>) -> Result<E, Rejection> {
    let decoded = socket_io::with_attachments(payload.attachments, || match E::ARGS {
        // `struct A;` reads a unit, `struct A();` an empty list.
        Args::None => E::deserialize(().into_deserializer())
            .or_else(|_: value::Error| E::deserialize(&mut List::new("")))
            .map_err(|e| Fault::new(0, e)),
        Args::One => {
            first(payload.args).map_err(|e| Fault::named(0, e, || trace::<E>(payload.args)))
        }
        Args::Many(_) => {
            let mut args = List::new(payload.args);
            E::deserialize(&mut args).map_err(|e| Fault::new(args.index, e))
        }
    });
    decoded.map_err(|fault| {
        let Fault { index, text } = fault;
        let text = format!("event `{}`, argument {}: {text}", E::NAME, index + 1);
        Rejection::by_kind(RejectionKind::Payload, text)
    })
}

/// The arguments of an event that has no type.
pub(crate) fn decode_list<T: DeserializeOwned>(
    event: &str,
    payload: Payload<'_>,
) -> Result<T, Rejection> {
    list(payload).map_err(|(index, error)| {
        let Fault { index, text } = Fault::new(index, error);
        let text = format!("event `{event}`, argument {}: {text}", index + 1);
        Rejection::by_kind(RejectionKind::Payload, text)
    })
}

/// An argument list as one value, or the argument that does not fit and why.
pub(super) fn list<T: DeserializeOwned>(
    payload: Payload<'_>,
) -> Result<T, (usize, serde_json::Error)> {
    socket_io::with_attachments(payload.attachments, || {
        let mut args = List::new(payload.args);
        T::deserialize(&mut args).map_err(|error| (args.index, error))
    })
}

/// The answer to an event, as its type declares. A missing first argument is read as null.
pub(crate) fn decode_ack<E>(payload: Payload<'_>) -> Result<E::Ack, serde_json::Error>
where
    E: Event,
    E::Ack: DeserializeOwned,
{
    socket_io::with_attachments(payload.attachments, || match E::ACK_ARGS {
        Args::None => first("null"),
        Args::One if payload.args.is_empty() => first("null"),
        Args::One => first(payload.args),
        Args::Many(_) => E::Ack::deserialize(&mut List::new(payload.args)),
    })
}

/// One value that is not in an argument list: the auth of a CONNECT. The error names the field.
pub(crate) fn decode_value<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    first(json).map_err(|error| Fault::named(0, error, || trace::<T>(json)).text)
}

fn first<T: DeserializeOwned>(args: &str) -> Result<T, serde_json::Error> {
    T::deserialize(&mut serde_json::Deserializer::from_str(args))
}

/// Decodes again to learn at which field it fails; only ever runs on a payload that does not fit.
fn trace<T: DeserializeOwned>(args: &str) -> Option<String> {
    let mut json = serde_json::Deserializer::from_str(args);
    let error = serde_path_to_error::deserialize::<_, T>(&mut json).err()?;
    let path = error.path().to_string();
    (path != ".").then_some(path)
}

struct Fault {
    index: usize,
    text: String,
}

impl Fault {
    fn new(index: usize, error: impl std::fmt::Display) -> Self {
        let text = error.to_string();
        // The position counts from the start of the argument, which the client does not know.
        let end = text.find(" at line ").unwrap_or(text.len());
        Self {
            index,
            text: text[..end].to_owned(),
        }
    }

    fn named(
        index: usize,
        error: serde_json::Error,
        field: impl FnOnce() -> Option<String>,
    ) -> Self {
        if error.is_eof() {
            return Self::new(index, "missing");
        }
        let mut fault = Self::new(index, error);
        if let Some(field) = field() {
            fault.text = format!("field `{field}`: {}", fault.text);
        }
        fault
    }
}

/// The arguments as a serde sequence: tuple structs take theirs from it.
struct List<'de> {
    rest: &'de str,
    index: usize,
}

impl<'de> List<'de> {
    fn new(args: &'de str) -> Self {
        Self {
            rest: args,
            index: 0,
        }
    }
}

impl<'de> serde::Deserializer<'de> for &mut List<'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_seq(self)
    }

    // `()` is no argument, or none that anyone asks for.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'de> SeqAccess<'de> for List<'de> {
    type Error = serde_json::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Self::Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let raw = <&RawValue>::deserialize(&mut serde_json::Deserializer::from_str(self.rest))?;
        let value = seed.deserialize(&mut serde_json::Deserializer::from_str(raw.get()))?;
        // `raw` is a part of `rest`; white space may surround it.
        let end = raw.get().as_ptr() as usize - self.rest.as_ptr() as usize + raw.get().len();
        let rest = self.rest.get(end..).unwrap_or_default().trim_start();
        self.rest = rest.strip_prefix(',').unwrap_or(rest);
        self.index += 1;
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Named {
        room: String,
        at: Option<u8>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Pair(u8, String);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Unit;

    struct Maybe;

    macro_rules! event {
        ($($name:ident $args:expr, $ack:ty, $form:expr;)*) => {$(
            impl Event for $name {
                const NAME: &'static str = stringify!($name);
                const ARGS: Args = $args;
                type Ack = $ack;
                const ACK_ARGS: Args = $form;
            }
        )*};
    }
    event! {
        Named Args::One, u8, Args::One;
        Pair Args::Many(2), (u8, String), Args::Many(2);
        Unit Args::None, (), Args::None;
        Maybe Args::One, Option<u8>, Args::One;
    }

    fn payload(args: &str) -> Payload<'_> {
        Payload {
            args,
            attachments: &[],
        }
    }

    fn refused<E: Event + DeserializeOwned + std::fmt::Debug>(args: &str) -> String {
        decode::<E>(payload(args)).unwrap_err().message().to_owned()
    }

    #[test]
    fn typed_values_come_out_and_more_arguments_are_ignored() {
        let named = Named {
            room: "a".into(),
            at: None,
        };
        assert_eq!(decode::<Named>(payload(r#"{"room":"a"}"#)).unwrap(), named);
        assert_eq!(
            decode::<Named>(payload(r#"{"room":"a"},7"#)).unwrap(),
            named
        );
        let pair = Pair(1, "x,]".into());
        assert_eq!(
            decode::<Pair>(payload(r#" 1 , "x,]" , null"#)).unwrap(),
            pair
        );
        assert_eq!(decode::<Unit>(payload("")).unwrap(), Unit);
        assert_eq!(decode::<Unit>(payload("1")).unwrap(), Unit);
    }

    #[test]
    fn a_payload_that_does_not_fit_names_event_argument_and_field() {
        assert_eq!(
            refused::<Named>(r#"{"room":"a","at":"x"}"#),
            "event `Named`, argument 1: field `at`: invalid type: string \"x\", expected u8"
        );
        assert_eq!(
            refused::<Named>("{}"),
            "event `Named`, argument 1: missing field `room`"
        );
        assert_eq!(refused::<Named>(""), "event `Named`, argument 1: missing");
        assert_eq!(
            refused::<Pair>("1,2"),
            "event `Pair`, argument 2: invalid type: integer `2`, expected a string"
        );
        assert_eq!(
            refused::<Pair>("1"),
            "event `Pair`, argument 2: invalid length 1, expected tuple struct Pair with 2 elements"
        );
    }

    #[test]
    fn an_ack_takes_the_arguments_that_its_type_declares() {
        assert_eq!(decode_ack::<Named>(payload("7,8")).unwrap(), 7);
        assert!(decode_ack::<Named>(payload("")).is_err());
        assert_eq!(decode_ack::<Maybe>(payload("")).unwrap(), None);
        assert_eq!(
            decode_ack::<Pair>(payload(r#"7,"x""#)).unwrap(),
            (7, "x".into())
        );
        decode_ack::<Unit>(payload("7")).unwrap();
    }
}
