//! Decides which events a session handles and emits. Whether two types have one event name is seen only where their
//! consts are evaluated: `expand` lets the compiler check that.

use std::collections::HashSet;

use quote::ToTokens;
use syn::{DeriveInput, Type};

use super::Handlers;
use crate::mistakes::Mistakes;

pub(super) fn validate<'a>(
    input: &'a DeriveInput,
    handles: Option<Vec<Type>>,
    emits: Option<Vec<Type>>,
    mistakes: &mut Mistakes,
) -> Handlers<'a> {
    if handles.is_none() {
        mistakes.at(
            &input.ident,
            "which events does this session handle? write `#[handles(Say, Join)]` above it, \
             or `#[handles()]` for none",
        );
    }
    Handlers {
        session: &input.ident,
        generics: &input.generics,
        events: each_once(handles.unwrap_or_default(), mistakes),
        emits: emits.map(|listed| each_once(listed, mistakes)),
    }
}

fn each_once(listed: Vec<Type>, mistakes: &mut Mistakes) -> Vec<Type> {
    let mut written = HashSet::new();
    let (events, repeated): (Vec<Type>, Vec<Type>) = listed
        .into_iter()
        .partition(|event| written.insert(event.to_token_stream().to_string()));
    for event in repeated {
        mistakes.at(event, "this event is listed twice: keep one of them");
    }
    events
}
