//! Decides what a struct and its `#[event(..)]` mean, and refuses what means nothing.

mod args;
mod slow_consumer;

use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Expr, Fields, Ident, LitStr, Meta, Type};

use super::Event;
use super::parse::EventAttribute;
use crate::attribute::Given;
use crate::mistakes::Mistakes;
use crate::names;

pub(super) fn validate<'a>(
    input: &'a DeriveInput,
    attribute: EventAttribute,
    mistakes: &mut Mistakes,
) -> Event<'a> {
    let fields = fields(input, mistakes);
    let rejected = rejected(attribute.rejected, attribute.ack.is_some(), mistakes);
    let keeps_latest = slow_consumer::keeps_latest(attribute.slow_consumer.as_ref());
    Event {
        ident: &input.ident,
        generics: &input.generics,
        name: name(&input.ident, attribute.name, mistakes),
        args: args::args(input, fields, mistakes),
        ack: attribute.ack.and_then(|ack| ack.value),
        rejected,
        slow_consumer: slow_consumer::slow_consumer(attribute.slow_consumer, mistakes),
        key: slow_consumer::key(attribute.key, keeps_latest, fields, mistakes),
        docs: docs(&input.attrs),
    }
}

/// Those of `///`, of `/** */` and of `#[doc = include_str!(..)]`, but none of `#[doc(hidden)]`.
fn docs(attributes: &[Attribute]) -> Vec<&Expr> {
    let docs = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(doc) if doc.path.is_ident("doc") => Some(&doc.value),
            _ => None,
        });
    docs.collect()
}

/// The fields of a struct; none, with the mistake reported, of what is no struct.
fn fields<'a>(input: &'a DeriveInput, mistakes: &mut Mistakes) -> Option<&'a Fields> {
    let wrap = |what| {
        let ident = &input.ident;
        format!("an event is a struct: wrap this {what} in one, as in `struct Moved({ident});`")
    };
    match &input.data {
        Data::Struct(data) => return Some(&data.fields),
        Data::Enum(data) => mistakes.at(data.enum_token, wrap("enum")),
        Data::Union(data) => mistakes.at(data.union_token, wrap("union")),
    }
    None
}

fn name(ident: &Ident, given: Option<Given<LitStr>>, mistakes: &mut Mistakes) -> String {
    let Some(given) = given else {
        let name = names::snake_case(&ident.unraw().to_string());
        if names::RESERVED.contains(&name.as_str()) {
            mistakes.at(
                ident,
                format!(
                    "`{name}`, the event's name by default, is reserved by Socket.IO: \
                     give it another with `#[event(name = \"..\")]`"
                ),
            );
        }
        return name;
    };
    let Some(literal) = given.value else {
        return String::new();
    };
    let name = literal.value();
    if name.is_empty() {
        mistakes.at(
            &literal,
            "an event's name is not empty: write one, as in `name = \"chat message\"`",
        );
    } else if names::RESERVED.contains(&name.as_str()) {
        mistakes.at(
            &literal,
            format!("`{name}` is reserved by Socket.IO: choose another name"),
        );
    }
    name
}

fn rejected(given: Option<Given<Type>>, has_ack: bool, mistakes: &mut Mistakes) -> Option<Type> {
    let Given { word, value } = given?;
    if !has_ack {
        mistakes.at(
            &word,
            "`rejected` says what clients are told in the place of an ack: it needs `ack = ..`",
        );
    }
    value
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;
    use crate::event::parse;

    pub(super) fn validated<T>(
        input: DeriveInput,
        look: impl FnOnce(Event<'_>) -> T,
    ) -> (T, Vec<String>) {
        let mut mistakes = Mistakes::default();
        let attribute = parse::parse(&input.attrs, &mut mistakes);
        let seen = look(validate(&input, attribute, &mut mistakes));
        (seen, mistakes.messages())
    }

    #[test]
    fn a_raw_identifier_is_named_without_its_prefix() {
        let (name, messages) = validated(
            parse_quote!(
                struct r#Type;
            ),
            |event| event.name,
        );
        assert_eq!(name, "type");
        assert!(messages.is_empty());
    }

    #[test]
    fn every_reserved_name_is_refused() {
        for name in names::RESERVED {
            let (_, messages) = validated(
                parse_quote!(
                    #[event(name = #name)]
                    struct Say;
                ),
                |_| (),
            );
            assert_eq!(
                messages,
                [format!(
                    "`{name}` is reserved by Socket.IO: choose another name"
                )]
            );
        }
    }

    #[test]
    fn what_follows_from_a_mistake_is_no_mistake() {
        let (_, messages) = validated(
            parse_quote!(
                #[event(slow_consumer = "lates", key = x)]
                struct A {
                    x: u8,
                }
            ),
            |_| (),
        );
        assert_eq!(messages, ["unknown policy: did you mean `\"latest\"`?"]);

        let (_, messages) = validated(
            parse_quote!(
                #[event(name = 1)]
                struct Connect;
            ),
            |_| (),
        );
        assert_eq!(
            messages,
            ["`name` takes a string: write `name = \"chat message\"`"]
        );

        let (_, messages) = validated(
            parse_quote!(
                #[event(slow_consumer = "latest", key = x)]
                enum A {
                    X,
                }
            ),
            |_| (),
        );
        assert_eq!(
            messages,
            ["an event is a struct: wrap this enum in one, as in `struct Moved(A);`"]
        );
    }

    #[test]
    fn a_rejection_is_told_in_the_place_of_an_ack() {
        let (seen, messages) = validated(
            parse_quote!(
                #[event(rejected = Invalid)]
                struct A;
            ),
            |event| event.rejected.is_some(),
        );
        assert!(seen);
        assert_eq!(
            messages,
            ["`rejected` says what clients are told in the place of an ack: it needs `ack = ..`"]
        );
    }
}
