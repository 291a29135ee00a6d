//! What the derives must know of serde's attributes: those that change how many values a struct is.

use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, MetaNameValue, Token};

/// Whether `#[serde(word)]` is among `attributes`. What serde itself would refuse is left for serde to report.
pub(crate) fn has_word(attributes: &[Attribute], word: &str) -> bool {
    words(attributes).any(|meta| matches!(meta, Meta::Path(path) if path.is_ident(word)))
}

/// What gives the word a value, as in `#[serde(word = "..")]`.
pub(crate) fn given(attributes: &[Attribute], word: &str) -> Option<MetaNameValue> {
    words(attributes).find_map(|meta| match meta {
        Meta::NameValue(given) if given.path.is_ident(word) => Some(given),
        _ => None,
    })
}

fn words(attributes: &[Attribute]) -> impl Iterator<Item = Meta> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
        .filter_map(|attribute| {
            attribute
                .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .ok()
        })
        .flatten()
}
