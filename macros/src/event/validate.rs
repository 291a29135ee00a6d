//! Decides what a struct and its `#[event(..)]` mean, and refuses what means nothing.

use syn::ext::IdentExt;
use syn::{
    Attribute, Data, DeriveInput, Expr, Field, Fields, FieldsUnnamed, Ident, LitStr, Member, Meta,
    Type,
};

use super::parse::EventAttribute;
use super::{Args, Event, SlowConsumer};
use crate::attribute::Given;
use crate::mistakes::Mistakes;
use crate::{names, serde_attribute};

const POLICIES: [(&str, SlowConsumer); 4] = [
    ("close", SlowConsumer::Close),
    ("drop_newest", SlowConsumer::DropNewest),
    ("drop_oldest", SlowConsumer::DropOldest),
    ("latest", SlowConsumer::Latest),
];

pub(super) fn validate<'a>(
    input: &'a DeriveInput,
    attribute: EventAttribute,
    mistakes: &mut Mistakes,
) -> Event<'a> {
    let fields = fields(input, mistakes);
    let rejected = rejected(attribute.rejected, attribute.ack.is_some(), mistakes);
    let keeps_latest = keeps_latest(attribute.slow_consumer.as_ref());
    Event {
        ident: &input.ident,
        generics: &input.generics,
        name: name(&input.ident, attribute.name, mistakes),
        args: args(input, fields, mistakes),
        ack: attribute.ack.and_then(|ack| ack.value),
        rejected,
        slow_consumer: slow_consumer(attribute.slow_consumer, mistakes),
        key: key(attribute.key, keeps_latest, fields, mistakes),
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

/// How many arguments the event has, as serde will write the struct.
fn args(input: &DeriveInput, fields: Option<&Fields>, mistakes: &mut Mistakes) -> Args {
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

fn slow_consumer(given: Option<Given<LitStr>>, mistakes: &mut Mistakes) -> Option<SlowConsumer> {
    let literal = given?.value?;
    let policy = policy(&literal);
    if policy.is_none() {
        let known = POLICIES.map(|(word, _)| word);
        let quoted = known.map(|word| format!("`\"{word}\"`"));
        let message = match names::nearest(&literal.value(), &known) {
            Some(nearest) => format!("unknown policy: did you mean `\"{nearest}\"`?"),
            None => format!(
                "unknown policy: the policies are {}",
                names::sentence(&quoted)
            ),
        };
        mistakes.at(&literal, message);
    }
    policy
}

fn policy(literal: &LitStr) -> Option<SlowConsumer> {
    let word = literal.value();
    POLICIES
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, policy)| *policy)
}

/// Whether a key has a use. A policy that is wrong gets the benefit of the doubt: it is reported itself.
fn keeps_latest(given: Option<&Given<LitStr>>) -> bool {
    given.is_some_and(|given| {
        let policy = given.value.as_ref().and_then(policy);
        policy.is_none_or(|policy| policy == SlowConsumer::Latest)
    })
}

fn key(
    given: Option<Given<Member>>,
    keeps_latest: bool,
    fields: Option<&Fields>,
    mistakes: &mut Mistakes,
) -> Option<Member> {
    let Given { word, value } = given?;
    if !keeps_latest {
        mistakes.at(
            &word,
            "`key` says of what the latest is kept: it needs `slow_consumer = \"latest\"`",
        );
    }
    let key = value?;
    let known: Vec<Member> = fields?.members().collect();
    if known.contains(&key) {
        return Some(key);
    }
    mistakes.at(&key, no_such_field(&key, &known));
    None
}

fn no_such_field(key: &Member, known: &[Member]) -> String {
    let key = displayed(key);
    if known.is_empty() {
        return format!("there is no field {key}: this struct has none, and thus no key");
    }
    let known: Vec<String> = known.iter().map(displayed).collect();
    format!(
        "there is no field {key}: this struct has {}",
        names::sentence(&known)
    )
}

fn displayed(member: &Member) -> String {
    match member {
        Member::Named(ident) => format!("`{ident}`"),
        Member::Unnamed(index) => format!("`{}`", index.index),
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;
    use crate::event::parse;

    fn validated<T>(input: DeriveInput, look: impl FnOnce(Event<'_>) -> T) -> (T, Vec<String>) {
        let mut mistakes = Mistakes::default();
        let attribute = parse::parse(&input.attrs, &mut mistakes);
        let seen = look(validate(&input, attribute, &mut mistakes));
        (seen, mistakes.messages())
    }

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

    #[test]
    fn every_policy_has_its_word() {
        for (word, policy) in POLICIES {
            let (seen, messages) = validated(
                parse_quote!(
                    #[event(slow_consumer = #word)]
                    struct A;
                ),
                |event| event.slow_consumer,
            );
            assert_eq!(seen, Some(policy));
            assert!(messages.is_empty());
        }
    }
}
