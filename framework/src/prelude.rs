//! What an application that handles events needs: `use roomcast::prelude::*`.

pub use serde::{Deserialize, Serialize};

pub use crate::{
    AckError, Binary, Broadcast, DisconnectReason, EmitError, Event, EventHandlers, Handle, Hub,
    Refusal, Rejection, Reply, Session, Socket, SocketId, TypedSocket,
};
