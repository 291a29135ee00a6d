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
    /// The same of what it emits; `None` when it may emit anything.
    emits: Option<Vec<Type>>,
}

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let handles = parse::parse(&input.attrs, &parse::HANDLES, &mut mistakes);
    let emits = parse::parse(&input.attrs, &parse::EMITS, &mut mistakes);
    let handlers = validate::validate(input, handles, emits, &mut mistakes);
    let impls = expand::expand(&handlers);
    let errors = mistakes.into_compile_errors();
    quote!(#impls #errors)
}
