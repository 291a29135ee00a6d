//! `#[derive(Event)]`.

mod expand;
mod parse;
mod validate;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Expr, Generics, Ident, Member, Type};

use crate::mistakes::Mistakes;

/// What the derive has understood of an event; after a mistake, the best guess.
struct Event<'a> {
    ident: &'a Ident,
    generics: &'a Generics,
    name: String,
    args: Args,
    ack: Option<Type>,
    /// The data of rejections in its place.
    rejected: Option<Type>,
    slow_consumer: Option<SlowConsumer>,
    key: Option<Member>,
    /// What its doc comment says, line by line.
    docs: Vec<&'a Expr>,
}

#[derive(Debug, PartialEq)]
enum Args {
    None,
    One,
    Many(usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum SlowConsumer {
    Close,
    DropNewest,
    DropOldest,
    Latest,
}

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let attribute = parse::parse(&input.attrs, &mut mistakes);
    let event = validate::validate(input, attribute, &mut mistakes);
    let impls = expand::expand(&event);
    let errors = mistakes.into_compile_errors();
    quote!(#impls #errors)
}
