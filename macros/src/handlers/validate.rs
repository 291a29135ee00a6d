//! Decides which events a session handles, emits and broadcasts. Whether two types have one event name is seen only where
//! their consts are evaluated: `expand` lets the compiler check that.

use std::collections::HashSet;

use quote::ToTokens;
use syn::{DeriveInput, Type};

use super::{Emitted, Handlers};
use crate::mistakes::Mistakes;

const TWICE: &str = "this event is listed twice: keep one of them";

const IN_BOTH: &str =
    "`#[emits(..)]` lists this event, and allows broadcasting it, too: keep one of them";

pub(super) fn validate<'a>(
    input: &'a DeriveInput,
    handles: Option<Vec<Type>>,
    emitted: (Option<Vec<Type>>, Option<Vec<Type>>),
    mistakes: &mut Mistakes,
) -> Handlers<'a> {
    if handles.is_none() {
        mistakes.at(
            &input.ident,
            "which events does this session handle? write `#[handles(Say, Join)]` above it, \
             or `#[handles()]` for none",
        );
    }
    let emits = match emitted {
        (None, None) => None,
        (emits, broadcasts) => Some(told_apart(
            emits.unwrap_or_default(),
            broadcasts.unwrap_or_default(),
            mistakes,
        )),
    };
    Handlers {
        session: &input.ident,
        generics: &input.generics,
        events: once(
            handles.unwrap_or_default(),
            &mut HashSet::new(),
            TWICE,
            mistakes,
        ),
        emits,
    }
}

fn told_apart(emits: Vec<Type>, broadcasts: Vec<Type>, mistakes: &mut Mistakes) -> Emitted {
    let mut written = HashSet::new();
    let to_any = once(emits, &mut written, TWICE, mistakes);
    let broadcasts = once(broadcasts, &mut HashSet::new(), TWICE, mistakes);
    Emitted {
        to_any,
        broadcasts: once(broadcasts, &mut written, IN_BOTH, mistakes),
    }
}

/// Those that are not `written` yet; the others are a mistake.
fn once(
    listed: Vec<Type>,
    written: &mut HashSet<String>,
    otherwise: &str,
    mistakes: &mut Mistakes,
) -> Vec<Type> {
    let (events, repeated): (Vec<Type>, Vec<Type>) = listed
        .into_iter()
        .partition(|event| written.insert(event.to_token_stream().to_string()));
    for event in repeated {
        mistakes.at(event, otherwise);
    }
    events
}
