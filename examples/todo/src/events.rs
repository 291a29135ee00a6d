//! What goes over the wire. The page has the same from here, in `web/src/contract.ts`.

use roomcast::prelude::*;
use schemars::JsonSchema;
use ts_rs::TS;

#[derive(Clone, Serialize, TS, JsonSchema)]
pub(crate) struct Todo {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) done: bool,
}

/// What is wrong with which field, for people to read: the data of every rejection here.
#[derive(Serialize, TS, JsonSchema)]
pub(crate) struct Fields {
    pub(crate) title: &'static str,
}

/// All that is on the list.
#[derive(Deserialize, Event)]
#[event(name = "todo:list", ack = Vec<Todo>, rejected = Fields)]
pub(crate) struct List;

/// Puts something on the list.
#[derive(Deserialize, Event, TS, JsonSchema)]
#[event(name = "todo:create", ack = Todo, rejected = Fields)]
pub(crate) struct Create {
    pub(crate) title: String,
}

/// Changes what is there.
#[derive(Deserialize, Event, TS, JsonSchema)]
#[event(name = "todo:update", ack = Todo, rejected = Fields)]
pub(crate) struct Update {
    pub(crate) id: u64,
    pub(crate) title: Option<String>,
    pub(crate) done: Option<bool>,
}

/// Answered with its id, also where it has gone before.
#[derive(Deserialize, Event, TS, JsonSchema)]
#[event(name = "todo:delete", ack = u64, rejected = Fields)]
pub(crate) struct Delete {
    pub(crate) id: u64,
}

/// Somebody else has put it on the list.
#[derive(Serialize, Event, TS, JsonSchema)]
#[event(name = "todo:created")]
pub(crate) struct Created<'a>(pub(crate) &'a Todo);

/// Somebody else has changed it.
#[derive(Serialize, Event, TS, JsonSchema)]
#[event(name = "todo:updated")]
pub(crate) struct Updated<'a>(pub(crate) &'a Todo);

/// The id of one that is no more.
#[derive(Serialize, Event, TS, JsonSchema)]
#[event(name = "todo:deleted")]
pub(crate) struct Deleted(pub(crate) u64);
