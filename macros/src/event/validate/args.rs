//! The arguments of an event: its fields, as serde will write them.

use syn::{DeriveInput, Field, Fields, FieldsUnnamed};

use crate::event::Args;
use crate::mistakes::Mistakes;
use crate::serde_attribute;

/// How many arguments the event has, as serde will write the struct.
pub(super) fn args(input: &DeriveInput, fields: Option<&Fields>, mistakes: &mut Mistakes) -> Args {
    match fields {
        None | Some(Fields::Named(_)) => Args::One,
        Some(Fields::Unit) => Args::None,
        Some(Fields::Unnamed(_)) if serde_attribute::has_word(&input.attrs, "transparent") => {
            Args::One
        }
        Some(Fields::Unnamed(fields)) => match fields.unnamed.len() {
            0 => Args::None,
            1 => Args::One,
            _ => {
                keep_their_places(fields, mistakes);
                Args::Many(
                    fields
                        .unnamed
                        .iter()
                        .filter(|field| is_written(field))
                        .count(),
                )
            }
        },
    }
}

/// Serde leaves such a field out of the list, whatever is behind it.
fn keep_their_places(fields: &FieldsUnnamed, mistakes: &mut Mistakes) {
    for field in &fields.unnamed {
        if let Some(given) = serde_attribute::given(&field.attrs, "skip_serializing_if") {
            mistakes.at(
                given,
                "an argument that is left out gives its place to the next one, or to the callback: leave this attribute \
                 out, so that an `Option` is sent as `null`, or name the fields",
            );
        }
    }
}

fn is_written(field: &Field) -> bool {
    !serde_attribute::has_word(&field.attrs, "skip")
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::super::tests::validated;
    use super::*;

    #[test]
    fn the_form_of_the_struct_decides_the_arguments() {
        for (input, args) in [
            (
                parse_quote!(
                    struct A {
                        x: u8,
                        y: u8,
                    }
                ),
                Args::One,
            ),
            (
                parse_quote!(
                    struct A {}
                ),
                Args::One,
            ),
            (
                parse_quote!(
                    struct A(u8);
                ),
                Args::One,
            ),
            (
                parse_quote!(
                    struct A(u8, u8, u8);
                ),
                Args::Many(3),
            ),
            (
                parse_quote!(
                    struct A();
                ),
                Args::None,
            ),
            (
                parse_quote!(
                    struct A;
                ),
                Args::None,
            ),
            (
                parse_quote!(
                    #[serde(rename_all = "camelCase", transparent)]
                    struct A {
                        x: u8,
                    }
                ),
                Args::One,
            ),
            (
                parse_quote!(
                    #[serde(transparent)]
                    struct A<T>(u8, PhantomData<T>);
                ),
                Args::One,
            ),
            (
                parse_quote!(
                    struct A(u8, #[serde(skip)] u8, u8);
                ),
                Args::Many(2),
            ),
        ] {
            let (seen, messages) = validated(input, |event| event.args);
            assert_eq!(seen, args);
            assert!(messages.is_empty(), "{messages:?}");
        }
    }

    #[test]
    fn an_argument_that_may_be_left_out_is_refused() {
        let ((), messages) = validated(
            parse_quote!(
                struct Said(
                    u8,
                    #[serde(default, skip_serializing_if = "none")] Option<u8>,
                    u8,
                );
            ),
            |_| (),
        );
        assert!(
            messages[0].contains("gives its place to the next one"),
            "{messages:?}"
        );
        // There is no place to give: serde looks at the type alone.
        let ((), messages) = validated(
            parse_quote!(
                struct Said(#[serde(skip_serializing_if = "none")] Option<u8>);
            ),
            |_| (),
        );
        assert!(messages.is_empty(), "{messages:?}");
    }
}
