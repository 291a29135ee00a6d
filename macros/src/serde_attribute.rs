//! What the derives must know of serde's attributes: those that change how many values a struct is.

use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

/// Whether `#[serde(word)]` is among `attributes`. What serde itself would refuse is left for serde to report.
pub(crate) fn has_word(attributes: &[Attribute], word: &str) -> bool {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
        .filter_map(|attribute| {
            attribute
                .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .ok()
        })
        .flatten()
        .any(|meta| matches!(meta, Meta::Path(path) if path.is_ident(word)))
}
