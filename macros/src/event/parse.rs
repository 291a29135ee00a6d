//! Reads `#[event(..)]`: which words are given, with values of the right kind.

use syn::{Attribute, LitStr, Member, Type};

use crate::attribute::{self, Given, Word};
use crate::mistakes::Mistakes;

const EXAMPLE: &str = "#[event(name = \"chat message\")]";

const NAME: &str = "name";
const ACK: &str = "ack";
const REJECTED: &str = "rejected";
const SLOW_CONSUMER: &str = "slow_consumer";
const KEY: &str = "key";

const WORDS: [Word; 5] = [
    Word {
        name: NAME,
        takes: "a string",
        example: "name = \"chat message\"",
    },
    Word {
        name: ACK,
        takes: "a type, without quotes",
        example: "ack = Receipt",
    },
    Word {
        name: REJECTED,
        takes: "a type, without quotes",
        example: "rejected = Invalid",
    },
    Word {
        name: SLOW_CONSUMER,
        takes: "a policy in quotes",
        example: "slow_consumer = \"latest\"",
    },
    Word {
        name: KEY,
        takes: "a field, without quotes",
        example: "key = user_id",
    },
];

/// The words of `#[event(..)]` that are given.
#[derive(Default)]
pub(super) struct EventAttribute {
    pub(super) name: Option<Given<LitStr>>,
    pub(super) ack: Option<Given<Type>>,
    pub(super) rejected: Option<Given<Type>>,
    pub(super) slow_consumer: Option<Given<LitStr>>,
    pub(super) key: Option<Given<Member>>,
}

pub(super) fn parse(attributes: &[Attribute], mistakes: &mut Mistakes) -> EventAttribute {
    let mut event = EventAttribute::default();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("event"))
    {
        attribute::read_items(attribute, EXAMPLE, mistakes, |input| {
            let (given, word) = attribute::read_word(input, &WORDS)?;
            match word.name {
                NAME => attribute::read_value(input, word, given, &mut event.name),
                ACK => attribute::read_value(input, word, given, &mut event.ack),
                REJECTED => attribute::read_value(input, word, given, &mut event.rejected),
                SLOW_CONSUMER => {
                    attribute::read_value(input, word, given, &mut event.slow_consumer)
                }
                KEY => attribute::read_value(input, word, given, &mut event.key),
                other => unreachable!("`{other}` is not among WORDS"),
            }
        });
    }
    event
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use quote::ToTokens;
    use syn::parse_quote;

    use super::*;

    fn parsed(attribute: Attribute) -> (EventAttribute, Vec<String>) {
        let mut mistakes = Mistakes::default();
        let event = parse(&[attribute], &mut mistakes);
        (event, mistakes.messages())
    }

    #[test]
    fn all_words_are_read() {
        let (event, messages) = parsed(parse_quote! {
            #[event(name = "moved", ack = Result<HashMap<u8, Receipt>, Failed>, slow_consumer = "latest", key = 0,)]
        });
        assert!(messages.is_empty(), "{messages:?}");
        assert_eq!(event.name.unwrap().value.unwrap().value(), "moved");
        let ack: Type = parse_quote!(Result<HashMap<u8, Receipt>, Failed>);
        assert_eq!(
            event.ack.unwrap().value.to_token_stream().to_string(),
            ack.to_token_stream().to_string()
        );
        assert_eq!(
            event.slow_consumer.unwrap().value.unwrap().value(),
            "latest"
        );
        assert!(event.key.unwrap().value.unwrap() == Member::from(0));
    }

    #[test]
    fn attributes_add_up() {
        let mut mistakes = Mistakes::default();
        let event = parse(
            &[
                parse_quote!(#[doc = "Not ours."]),
                parse_quote!(#[event(name = "a")]),
                parse_quote!(#[event()]),
                parse_quote!(#[event(ack = u8)]),
            ],
            &mut mistakes,
        );
        assert!(mistakes.messages().is_empty());
        assert!(event.name.is_some() && event.ack.is_some());
    }

    #[test]
    fn reading_goes_on_after_each_mistake() {
        let (event, messages) = parsed(parse_quote! {
            #[event(name = 5, "say", nam = "a", ack, key = "id" extra, , slow_consumer = "close" "latest")]
        });
        assert_eq!(
            messages,
            [
                "`name` takes a string: write `name = \"chat message\"`",
                "expected one of `name`, `ack`, `rejected`, `slow_consumer` and `key`",
                "unknown word `nam`: did you mean `name`?",
                "`ack` needs a value, a type, without quotes: write `ack = Receipt`",
                "`key` takes a field, without quotes: write `key = user_id`",
                "expected one of `name`, `ack`, `rejected`, `slow_consumer` and `key`",
                "expected `,`",
            ]
        );
        assert!(event.slow_consumer.unwrap().value.is_some());
    }

    #[test]
    fn of_a_word_given_twice_the_first_stays() {
        let (event, messages) = parsed(parse_quote!(#[event(name = "a", name = "b")]));
        assert_eq!(messages, ["`name` is given twice: keep one of them"]);
        assert_eq!(event.name.unwrap().value.unwrap().value(), "a");
    }

    #[test]
    fn an_attribute_without_a_list_is_refused() {
        for attribute in [parse_quote!(#[event]), parse_quote!(#[event = "say"])] {
            let (_, messages) = parsed(attribute);
            assert_eq!(
                messages,
                [
                    "this attribute takes a list in parentheses: write `#[event(name = \"chat message\")]`"
                ]
            );
        }
    }
}
