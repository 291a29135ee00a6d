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
    /// What it emits; `None` when it may emit anything.
    emits: Option<Emitted>,
}

/// The same of what a session emits, no type in both lists.
#[derive(Default)]
struct Emitted {
    /// To one socket or to many.
    to_any: Vec<Type>,
    /// In broadcasts only.
    broadcasts: Vec<Type>,
}

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let handles = parse::parse(&input.attrs, &parse::HANDLES, &mut mistakes);
    let emits = parse::parse(&input.attrs, &parse::EMITS, &mut mistakes);
    let broadcasts = parse::parse(&input.attrs, &parse::BROADCASTS, &mut mistakes);
    let handlers = validate::validate(input, handles, (emits, broadcasts), &mut mistakes);
    let impls = expand::expand(&handlers);
    let errors = mistakes.into_compile_errors();
    quote!(#impls #errors)
}
