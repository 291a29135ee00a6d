//! Writes the impls of an event.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit, Member, Type};

use super::{Args, Event, SlowConsumer};

pub(super) fn expand(event: &Event<'_>) -> TokenStream {
    let Event {
        ident,
        generics,
        name,
        args,
        ..
    } = event;
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let ack = match &event.ack {
        Some(ack) => ack.to_token_stream(),
        None => quote!(()),
    };
    let ack_args = ack_args(event.ack.as_ref());
    let slow_consumer = event.slow_consumer.map(slow_consumer);
    let key = event.key.as_ref().map(key);
    let rejected = event.rejected.as_ref().map(|data| {
        quote! {
            #[automatically_derived]
            impl #impl_generics ::roomcast::__private::Rejects for #ident #type_generics #where_clause {
                type Data = #data;
            }
        }
    });
    let docs = docs(&event.docs);
    quote! {
        #[automatically_derived]
        impl #impl_generics ::roomcast::__private::Event for #ident #type_generics #where_clause {
            const NAME: &'static str = #name;
            const ARGS: ::roomcast::__private::Args = #args;
            type Ack = #ack;
            const ACK_ARGS: ::roomcast::__private::Args = #ack_args;
            #slow_consumer
            #docs
            #key
        }

        #[automatically_derived]
        impl #impl_generics ::roomcast::__private::Message for #ident #type_generics #where_clause {
            type Result = ::core::result::Result<(), ::roomcast::__private::EmitError>;
        }

        #rejected
    }
}

/// A tuple answers with an argument for each element, anything else with one.
fn ack_args(ack: Option<&Type>) -> Args {
    match ack {
        None => Args::None,
        Some(Type::Group(group)) => ack_args(Some(&group.elem)),
        Some(Type::Paren(paren)) => ack_args(Some(&paren.elem)),
        Some(Type::Tuple(tuple)) if tuple.elems.is_empty() => Args::None,
        Some(Type::Tuple(tuple)) => Args::Many(tuple.elems.len()),
        Some(_) => Args::One,
    }
}

fn slow_consumer(policy: SlowConsumer) -> TokenStream {
    quote! {
        const SLOW_CONSUMER: ::core::option::Option<::roomcast::__private::SlowConsumer> =
            ::core::option::Option::Some(#policy);
    }
}

fn docs(lines: &[&Expr]) -> Option<TokenStream> {
    let lines = lines.iter().map(|line| match line {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if text.value().contains('\n') => without_stars(&text.value()).into_token_stream(),
        line => line.to_token_stream(),
    });
    let lines: Vec<_> = lines.collect();
    (!lines.is_empty()).then(|| {
        quote! {
            const DOCS: &'static str = ::core::concat!(#(#lines, "\n"),*);
        }
    })
}

/// What a comment between `/**` and `*/` says, where each of its lines begins with a `*`.
fn without_stars(comment: &str) -> String {
    let mut lines = comment.lines();
    let first = lines.next().unwrap_or_default();
    let rest = lines.map(|line| match line.trim_start() {
        "" => Some(""),
        line => line.strip_prefix('*'),
    });
    match rest.collect::<Option<Vec<_>>>() {
        Some(rest) => format!("{first}\n{}", rest.join("\n")),
        None => comment.to_owned(),
    }
}

/// At the place of the field's name, where a field that has no `Hash` is reported.
fn key(field: &Member) -> TokenStream {
    let key = quote_spanned! {field.span()=>
        ::roomcast::__private::key(<Self as ::roomcast::__private::Event>::NAME, &self.#field)
    };
    quote! {
        fn key(&self) -> ::core::option::Option<u64> {
            ::core::option::Option::Some(#key)
        }
    }
}

impl ToTokens for Args {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::None => quote!(::roomcast::__private::Args::None),
            Self::One => quote!(::roomcast::__private::Args::One),
            Self::Many(count) => quote!(::roomcast::__private::Args::Many(#count)),
        });
    }
}

impl ToTokens for SlowConsumer {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Close => quote!(::roomcast::__private::SlowConsumer::Close),
            Self::DropNewest => quote!(::roomcast::__private::SlowConsumer::DropNewest),
            Self::DropOldest => quote!(::roomcast::__private::SlowConsumer::DropOldest),
            Self::Latest => quote!(::roomcast::__private::SlowConsumer::Latest),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::without_stars;

    #[test]
    fn the_stars_of_a_block_are_no_part_of_what_it_says() {
        for (comment, said) in [
            ("\n     * One:\n     * * two\n     ", "\n One:\n * two\n"),
            (" One.\n * two", " One.\n two"),
            ("\n    One:\n    * two\n", "\n    One:\n    * two\n"),
        ] {
            assert_eq!(without_stars(comment), said);
        }
    }
}
