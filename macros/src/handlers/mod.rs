//! `#[derive(EventHandlers)]`.

mod expand;
mod parse;
mod validate;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Generics, Ident, Type};

use crate::mistakes::Mistakes;

/// What the derive has understood of a session; after a mistake, the best guess.
struct Handlers<'a> {
    session: &'a Ident,
    generics: &'a Generics,
    /// Each type once, in the order of the list.
    events: Vec<Type>,
}

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let listed = parse::parse(&input.attrs, &mut mistakes);
    let handlers = validate::validate(input, listed, &mut mistakes);
    let impls = expand::expand(&handlers);
    let errors = mistakes.into_compile_errors();
    quote!(#impls #errors)
}
