//! What a page asks for: `join`, `leave`, `_disconnect` and `emit`. What is not understood, or cannot
//! be, is not done.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::{
    event::RawEvent,
    namespace::{Hub, NamespaceInner, Socket},
    room::Broadcast,
};

/// The arguments of one command.
struct Arguments(Vec<Box<RawValue>>);

impl Arguments {
    fn of(event: &RawEvent) -> Option<Self> {
        serde_json::from_str(&event.json()).ok().map(Self)
    }

    fn get<T: DeserializeOwned>(&self, at: usize) -> Option<T> {
        serde_json::from_str(self.0.get(at)?.get()).ok()
    }

    /// Null and nothing at all are false, as in JavaScript.
    fn flag(&self, at: usize) -> Option<bool> {
        match self.0.get(at) {
            None => Some(false),
            Some(flag) => {
                let flag = serde_json::from_str::<Option<bool>>(flag.get()).ok()?;
                Some(flag.unwrap_or(false))
            }
        }
    }

    /// The room or the socket that is meant; everyone if none is named.
    fn filter(&self, at: usize) -> Option<Option<String>> {
        let Some(filter) = self.0.get(at) else {
            return Some(None);
        };
        let filter = serde_json::from_str::<Option<String>>(filter.get()).ok()?;
        Some(filter.filter(|name| !name.is_empty()))
    }

    /// The JSON texts from there on.
    fn from(&self, at: usize) -> impl Iterator<Item = &str> {
        self.0.iter().skip(at).map(|value| value.get())
    }
}

pub(super) fn execute(page: &Socket, event: &RawEvent) {
    let (command, address) = (event.name(), page.handshake().address());
    match attempt(&page.hub(), event) {
        // What a command does can be a lot: it can be found out whose it was.
        Some(done) => tracing::info!(
            command,
            namespace = &*done.namespace,
            to = done.filter,
            with = done.with,
            page = %page.id(),
            ?address,
            "a command of the admin page"
        ),
        None => tracing::debug!(
            command,
            ?address,
            "the admin page asked for nothing that can be done"
        ),
    }
}

/// What a page has had done.
struct Done {
    namespace: Arc<str>,
    /// The room or the socket that was meant; `None` for everyone.
    filter: Option<String>,
    /// The room, the name of the event, or whether the connection was closed.
    with: String,
}

fn attempt(hub: &Hub, event: &RawEvent) -> Option<Done> {
    let args = Arguments::of(event)?;
    // All of these are sent at once; nobody waits for what comes of them.
    match event.name() {
        "join" => {
            let (to, room) = (Meant::new(hub, &args, 2)?, args.get::<String>(1)?);
            drop(to.sockets().join([&room]));
            Some(to.done(room))
        }
        "leave" => {
            let (to, room) = (Meant::new(hub, &args, 2)?, args.get::<String>(1)?);
            drop(to.sockets().leave([&room]));
            Some(to.done(room))
        }
        "_disconnect" => {
            let (to, close) = (Meant::new(hub, &args, 2)?, args.flag(1)?);
            drop(to.sockets().disconnect(close));
            Some(to.done(format!("close: {close}")))
        }
        "emit" => {
            let to = Meant::new(hub, &args, 1)?;
            let name = args.get::<String>(2)?;
            let array = format!("[{}]", args.from(2).collect::<Vec<_>>().join(","));
            let emitted = to.sockets().emit_array(&name, &array, event.attachments());
            emitted.ok()?;
            Some(to.done(name))
        }
        _ => None,
    }
}

/// Whom a command is about.
struct Meant<'a> {
    hub: &'a Hub,
    namespace: Arc<NamespaceInner>,
    filter: Option<String>,
}

impl<'a> Meant<'a> {
    fn new(hub: &'a Hub, args: &Arguments, filter: usize) -> Option<Self> {
        Some(Self {
            hub,
            namespace: namespace(hub, &args.get::<String>(0)?)?,
            filter: args.filter(filter)?,
        })
    }

    fn done(self, with: String) -> Done {
        Done {
            namespace: Arc::clone(&self.namespace.scope.name),
            filter: self.filter,
            with,
        }
    }

    fn sockets(&self) -> Broadcast<'_> {
        let everyone = Broadcast::new(&self.hub.core.node, &self.namespace.scope);
        match self.filter.as_deref() {
            None => everyone,
            Some(name) => everyone.to(name),
        }
    }
}

/// A namespace that exists here, or that may on another node: that one is here for as long as the
/// command takes.
fn namespace(hub: &Hub, name: &str) -> Option<Arc<NamespaceInner>> {
    let core = &hub.core;
    let known = core.namespace(name);
    known.or_else(|| {
        core.node.uplinks.as_ref()?;
        core.enter(name).ok()
    })
}
