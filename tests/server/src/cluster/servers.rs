//! Events between servers.

use std::sync::{Arc, Mutex, PoisonError};

use roomcast::{EmitError, Event, Namespace, NamespaceBuilder, event::Args};
use serde::{Deserialize, Serialize};

use super::tagged::Tagged;
use crate::{
    commands::with_any_arguments,
    value::{Value, Values},
};

with_any_arguments!(Hello, "hello", Value, Args::One);
with_any_arguments!(Unheard, "nobody listens", Value, Args::One);

/// What other servers have emitted, until someone asks.
pub(super) struct Heard {
    name: String,
    events: Mutex<Vec<HeardEvent>>,
}

#[derive(Serialize)]
pub(super) struct HeardEvent {
    nsp: String,
    args: Vec<Tagged>,
}

impl Heard {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            events: Mutex::default(),
        }
    }

    pub(super) fn take(&self) -> Vec<HeardEvent> {
        std::mem::take(&mut self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn hello(&self, Hello(args): Hello, namespace: &Namespace) -> Value {
        let event = HeardEvent {
            nsp: namespace.name().to_owned(),
            args: args.iter().cloned().map(Tagged).collect(),
        };
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(event);
        let from = Value::Plain(self.name.as_str().into());
        Value::Object(
            [
                ("from".to_owned(), from),
                ("args".to_owned(), Value::Array(args)),
            ]
            .into(),
        )
    }
}

pub(super) fn listen(namespace: NamespaceBuilder, heard: &Arc<Heard>) -> NamespaceBuilder {
    let heard = Arc::clone(heard);
    namespace.on_server_side(async move |hello: Hello, namespace| heard.hello(hello, namespace))
}

pub(super) fn hello(args: Vec<Tagged>) -> Hello {
    Hello(args.into_iter().map(|Tagged(value)| value).collect())
}

/// Emits to the other servers.
pub(super) fn emit(namespace: &Namespace, event: &str, args: Values) -> Result<(), EmitError> {
    match event {
        Hello::NAME => namespace.server_side_emit(&Hello(args)),
        _ => namespace.server_side_emit(&Unheard(args)),
    }
}

/// Asks the other servers: their answers, and whether all came.
pub(super) async fn ask(
    namespace: &Namespace,
    event: &str,
    args: Values,
) -> Result<(Vec<Value>, bool), EmitError> {
    let acks = match event {
        Hello::NAME => namespace.server_side_emit_with_ack(&Hello(args)).await?,
        _ => namespace.server_side_emit_with_ack(&Unheard(args)).await?,
    };
    let complete = acks.is_complete();
    Ok((acks.into_values(), complete))
}
