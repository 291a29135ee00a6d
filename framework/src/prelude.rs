//! What an application that handles events needs: `use roomcast::prelude::*`.

pub use serde::{Deserialize, Serialize};

pub use crate::{
    Binary, DisconnectReason, Event, EventHandlers, Handle, Hub, Refusal, Rejection, Session,
    Socket,
};
