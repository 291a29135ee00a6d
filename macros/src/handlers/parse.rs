//! Reads `#[handles(..)]`, `#[emits(..)]` and `#[broadcasts(..)]`: the types that are listed.

use syn::{Attribute, Type};

use crate::attribute;
use crate::mistakes::Mistakes;

/// An attribute that lists events.
pub(super) struct List {
    name: &'static str,
    /// The attribute as to be written.
    example: &'static str,
}

pub(super) const HANDLES: List = List {
    name: "handles",
    example: "#[handles(Say, Join)]",
};

pub(super) const EMITS: List = List {
    name: "emits",
    example: "#[emits(Said, Joined)]",
};

pub(super) const BROADCASTS: List = List {
    name: "broadcasts",
    example: "#[broadcasts(Said, Joined)]",
};

/// The types in the order they are written; none when there is no such attribute at all.
pub(super) fn parse(
    attributes: &[Attribute],
    list: &List,
    mistakes: &mut Mistakes,
) -> Option<Vec<Type>> {
    let List { name, example } = list;
    let mut listed = None;
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(name))
    {
        let types = listed.get_or_insert_with(Vec::new);
        attribute::read_items(attribute, example, mistakes, |input| {
            let place = input.span();
            let listed = input.parse().map_err(|_| {
                let message = format!("expected the type of an event, as in `{example}`");
                syn::Error::new(place, message)
            })?;
            types.push(listed);
            Ok(())
        });
    }
    listed
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;
    use syn::parse_quote;

    use super::*;

    fn parsed(attributes: &[Attribute]) -> (Option<Vec<String>>, Vec<String>) {
        let mut mistakes = Mistakes::default();
        let listed = parse(attributes, &HANDLES, &mut mistakes).map(|types| {
            let name = |listed: &Type| listed.to_token_stream().to_string().replace(' ', "");
            types.iter().map(name).collect()
        });
        (listed, mistakes.messages())
    }

    fn types(types: &[&str]) -> Option<Vec<String>> {
        Some(types.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn types_are_read_in_their_order() {
        let (listed, messages) = parsed(&[
            parse_quote!(#[handles(Say, room::Join)]),
            parse_quote!(#[handles(Wrapped<u8, u8>,)]),
        ]);
        assert_eq!(listed, types(&["Say", "room::Join", "Wrapped<u8,u8>"]));
        assert!(messages.is_empty(), "{messages:?}");
    }

    #[test]
    fn an_empty_list_is_not_a_missing_one() {
        assert_eq!(parsed(&[parse_quote!(#[handles()])]).0, types(&[]));
        assert_eq!(parsed(&[parse_quote!(#[doc = "Not ours."])]).0, None);
    }

    #[test]
    fn reading_goes_on_after_each_mistake() {
        let (listed, messages) =
            parsed(&[parse_quote!(#[handles("say", Say, Join Leave, Typing)])]);
        assert_eq!(listed, types(&["Say", "Join", "Typing"]));
        assert_eq!(
            messages,
            [
                "expected the type of an event, as in `#[handles(Say, Join)]`",
                "expected `,`",
            ]
        );
    }

    #[test]
    fn an_attribute_without_a_list_is_refused() {
        let (listed, messages) = parsed(&[parse_quote!(#[handles])]);
        assert_eq!(listed, types(&[]));
        assert_eq!(
            messages,
            ["this attribute takes a list in parentheses: write `#[handles(Say, Join)]`"]
        );
    }
}
