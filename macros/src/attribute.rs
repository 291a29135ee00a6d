//! Reads the derives' own attributes, `#[event(..)]` and `#[handles(..)]`, past a mistake to the next item, so that
//! one compilation shows them all.

use proc_macro2::TokenTree;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, Meta, Token};

use crate::mistakes::Mistakes;
use crate::names;

/// A word that an attribute knows, told to whoever gets its value wrong.
pub(crate) struct Word {
    pub(crate) name: &'static str,
    /// What the value is, in words.
    pub(crate) takes: &'static str,
    /// The word with a value, as to be written.
    pub(crate) example: &'static str,
}

/// A word that was given, with its value.
pub(crate) struct Given<T> {
    pub(crate) word: Ident,
    /// None when the value was wrong, which is reported already: nothing may be concluded from it.
    pub(crate) value: Option<T>,
}

/// Calls `read` at each of the comma-separated items of `attribute`. An item that cannot be read is reported, and
/// reading goes on behind the next comma.
pub(crate) fn read_items(
    attribute: &Attribute,
    example: &str,
    mistakes: &mut Mistakes,
    mut read: impl FnMut(ParseStream<'_>) -> syn::Result<()>,
) {
    let Meta::List(list) = &attribute.meta else {
        mistakes.at(
            attribute.path(),
            format!("this attribute takes a list in parentheses: write `{example}`"),
        );
        return;
    };
    let outcome = list.parse_args_with(|input: ParseStream<'_>| {
        while !input.is_empty() {
            if let Err(mistake) = read(input).and_then(|()| expect_item_end(input)) {
                mistakes.add(mistake);
                skip_to_comma(input)?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    });
    if let Err(mistake) = outcome {
        mistakes.add(mistake);
    }
}

/// Reads the word that an item begins with and finds it among `known`.
pub(crate) fn read_word<'a>(
    input: ParseStream<'_>,
    known: &'a [Word],
) -> syn::Result<(Ident, &'a Word)> {
    let names: Vec<&str> = known.iter().map(|word| word.name).collect();
    if !input.peek(Ident::peek_any) {
        return Err(input.error(format!("expected one of {}", all_of(&names))));
    }
    let given = input.call(Ident::parse_any)?;
    match known.iter().find(|word| given == word.name) {
        Some(word) => Ok((given, word)),
        None => Err(syn::Error::new(given.span(), unknown(&given, &names))),
    }
}

/// Reads the `= value` of `word` into `slot`. Where a word is given twice, the first value stays.
pub(crate) fn read_value<T: Parse>(
    input: ParseStream<'_>,
    word: &Word,
    given: Ident,
    slot: &mut Option<Given<T>>,
) -> syn::Result<()> {
    if slot.is_some() {
        let message = format!("`{}` is given twice: keep one of them", word.name);
        return Err(syn::Error::new(given.span(), message));
    }
    let value = parse_value(input, word, &given);
    let (value, outcome) = match value {
        Ok(value) => (Some(value), Ok(())),
        Err(mistake) => (None, Err(mistake)),
    };
    *slot = Some(Given { word: given, value });
    outcome
}

fn parse_value<T: Parse>(input: ParseStream<'_>, word: &Word, given: &Ident) -> syn::Result<T> {
    let Word {
        name,
        takes,
        example,
    } = word;
    let has_value = input.parse::<Option<Token![=]>>()?.is_some() && !at_item_end(input);
    if !has_value {
        let message = format!("`{name}` needs a value, {takes}: write `{example}`");
        return Err(syn::Error::new(given.span(), message));
    }
    let place = input.span();
    input
        .parse()
        .map_err(|_| syn::Error::new(place, format!("`{name}` takes {takes}: write `{example}`")))
}

fn at_item_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

fn expect_item_end(input: ParseStream<'_>) -> syn::Result<()> {
    if at_item_end(input) {
        Ok(())
    } else {
        Err(input.error("expected `,`"))
    }
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !at_item_end(input) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

fn unknown(given: &Ident, known: &[&str]) -> String {
    match names::nearest(&given.to_string(), known) {
        Some(nearest) => format!("unknown word `{given}`: did you mean `{nearest}`?"),
        None => format!("unknown word `{given}`: the words are {}", all_of(known)),
    }
}

fn all_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names::sentence(&quoted)
}
