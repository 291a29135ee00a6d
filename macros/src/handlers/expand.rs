//! Writes the impls of a session's routes and of what it emits.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::{Emitted, Handlers};

pub(super) fn expand(handlers: &Handlers<'_>) -> TokenStream {
    let Handlers {
        session,
        generics,
        events,
        emits,
    } = handlers;
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let names: Vec<_> = events.iter().map(name).collect();
    let routes = events.iter().map(route);
    let mut checks = all_distinct(&events.iter().collect::<Vec<_>>());
    let nothing = Emitted::default();
    let Emitted { to_any, broadcasts } = emits.as_ref().unwrap_or(&nothing);
    let (socket, emitted) = match emits {
        None => (quote!(::roomcast::__private::Socket), None),
        Some(_) => (
            quote!(::roomcast::__private::TypedSocket<Self>),
            Some(quote!(emits [#(#to_any),*] broadcasts [#(#broadcasts),*])),
        ),
    };
    let all_emitted: Vec<_> = to_any.iter().chain(broadcasts).collect();
    checks.extend(all_distinct(&all_emitted));
    let emits = to_any
        .iter()
        .map(|event| quote_spanned!(word(event)=> ::roomcast::__private::Emits<#event>));
    let broadcasts = all_emitted
        .iter()
        .map(|event| quote_spanned!(word(event)=> ::roomcast::__private::Broadcasts<#event>));
    let emits = emits.chain(broadcasts).map(|declared| {
        quote! {
            #[automatically_derived]
            impl #impl_generics #declared for #session #type_generics #where_clause {}
        }
    });
    // A const item cannot name the parameters of a generic session; a const block can, but is evaluated only where
    // the session is used.
    let (items, blocks) = if generics.params.is_empty() {
        (quote!(#(const _: () = #checks;)*), quote!())
    } else {
        (quote!(), quote!(#(const { #checks };)*))
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics ::roomcast::__private::EventHandlers for #session #type_generics #where_clause {
            const EVENTS: &'static [&'static str] = &[#(#names),*];

            type Socket = #socket;

            fn route(
                name: &str,
            ) -> ::core::option::Option<::roomcast::__private::Route<Self>> {
                #blocks
                match name {
                    #(#routes)*
                    _ => ::core::option::Option::None,
                }
            }

            ::roomcast::__describe! { handles [#(#events),*] #emitted }
        }

        #(#emits)*

        #items
    }
}

fn name(event: &Type) -> TokenStream {
    quote_spanned!(word(event)=> <#event as ::roomcast::__private::Event>::NAME)
}

/// At the place of the event's word, where a missing handler is reported.
///
/// A guard and not a pattern: patterns may not name generic parameters.
fn route(event: &Type) -> TokenStream {
    let name = name(event);
    let route = quote_spanned!(word(event)=> ::roomcast::__private::Route::<Self>::to::<#event>());
    quote!(name if name == #name => ::core::option::Option::Some(#route),)
}

fn all_distinct(events: &[&Type]) -> Vec<TokenStream> {
    let names: Vec<_> = events.iter().map(|event| name(event)).collect();
    (0..events.len())
        .map(|index| distinct(events[index], &names[index], &names[..index]))
        .collect()
}

/// At the place of the event's word, where a name that another event has is reported.
fn distinct(event: &Type, name: &TokenStream, earlier: &[TokenStream]) -> TokenStream {
    quote_spanned!(word(event)=> ::roomcast::__private::distinct(&[#(#earlier),*], #name))
}

/// The last word of a path: stable Rust cannot join spans, and the first may be a mere module.
fn word(event: &Type) -> Span {
    match event {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map_or_else(|| event.span(), |segment| segment.ident.span()),
        _ => event.span(),
    }
}
