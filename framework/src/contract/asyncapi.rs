//! The contract as an AsyncAPI 3.0 document: a channel for each namespace, an operation for each
//! event, a reply for each ack.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    Contract, ContractError, EventContract, NamespaceContract, TypeContract,
    model::Names,
    names::{free, key},
    schema::{Schemas, rename},
    wire::Direction,
};

impl Contract {
    /// The contract as an [AsyncAPI 3.0](https://www.asyncapi.com/docs/reference/specification/v3.0.0)
    /// document, in JSON. Channels are namespaces; the server sends what it emits and receives what
    /// clients emit, acks are replies, and what is in `#[broadcasts(..)]` has the tag `broadcast`. A
    /// payload is the event's argument, or a list of them where there are several.
    ///
    /// # Errors
    /// [`ContractError::Undescribed`].
    pub fn asyncapi(&self) -> Result<String, ContractError> {
        let mut document = Document {
            schemas: Schemas::new(),
            channels: Map::new(),
            operations: Map::new(),
        };
        for namespace in &self.namespaces {
            document.namespace(namespace)?;
        }
        let Document {
            schemas,
            mut channels,
            operations,
        } = document;
        let (schemas, input_names) = schemas.finish();
        settle(&mut channels, &input_names);
        let mut document = json!({
            "asyncapi": "3.0.0",
            "info": { "title": self.title, "version": self.version, "description": CARRIED },
            "defaultContentType": "application/json",
            "channels": channels,
            "operations": operations,
            "components": { "schemas": schemas },
        });
        // Whether it keeps the order of insertion depends on the features of other crates.
        document.sort_all_objects();
        Ok(format!("{document:#}\n"))
    }
}

/// Marks what the server reads until it is known which of its schemas have a name of their own.
const INPUT: &str = "x-input";

/// What carries it.
const CARRIED: &str = "Over Socket.IO (protocol version 5, on Engine.IO 4): a channel is a namespace, a message an event of \
                       the same name, its payload the argument of the event or a list of them, and a reply the \
                       acknowledgement.";

/// Of a namespace that does not say what it emits.
const UNDECLARED: &str = "What the server sends here is not declared.";

/// What the tag means.
const BROADCAST: &str = "To rooms, or to everyone in the namespace.";

struct Document {
    schemas: Schemas,
    channels: Map<String, Value>,
    operations: Map<String, Value>,
}

impl Document {
    fn namespace(&mut self, namespace: &NamespaceContract) -> Result<(), ContractError> {
        let name = &namespace.name;
        let stem = match key(name.trim_start_matches('/')) {
            stem if stem.is_empty() => "main".to_owned(),
            stem => stem,
        };
        let channel = free(stem, |taken| self.channels.contains_key(taken));
        let mut messages = Map::new();
        if let Some(auth) = namespace.auth() {
            let payload = self.schema(auth)?;
            let connect = json!({
                "name": "connect",
                "title": "CONNECT",
                "description": "What a client sends to connect: `auth` in its options.",
                "payload": payload,
            });
            messages.insert("connect".to_owned(), connect);
            messages.insert("refused".to_owned(), refused());
            let replies = ["refused".to_owned()];
            self.operation(&channel, "receive", "connect", &replies, false);
        }
        let emitted = namespace.emits().unwrap_or_default();
        for event in [namespace.receives(), emitted, namespace.broadcasts()]
            .into_iter()
            .flatten()
        {
            self.event(&channel, event, &mut messages)?;
        }
        let mut described = json!({
            "address": name,
            "title": format!("Namespace {name}"),
            "messages": messages,
        });
        if namespace.emits().is_none() {
            described["description"] = UNDECLARED.into();
        }
        match namespace.names {
            Names::One => {}
            // Its braces are those of AsyncAPI.
            Names::Pattern => {
                let parts = name
                    .split('{')
                    .skip(1)
                    .filter_map(|part| part.split('}').next());
                let parts: Map<_, _> = parts.map(|part| (part.to_owned(), json!({}))).collect();
                described["parameters"] = Value::Object(parts);
            }
            Names::Accepted => described["address"] = Value::Null,
        }
        self.channels.insert(channel, described);
        Ok(())
    }

    fn event(
        &mut self,
        channel: &str,
        event: &EventContract,
        messages: &mut Map<String, Value>,
    ) -> Result<(), ContractError> {
        let action = match event.direction() {
            Direction::Received => "receive",
            Direction::Emitted => "send",
        };
        let stem = format!("{action}-{}", key(event.name()));
        let message = free(stem, |taken| messages.contains_key(taken));
        let payload = event.payload().map(|of| self.schema(of)).transpose()?;
        let described = named(event.name(), event.docs(), payload);
        messages.insert(message.clone(), described);
        let mut replies = Vec::new();
        if let Some(ack) = event.ack() {
            let reply = free(format!("{message}-ack"), |taken| {
                messages.contains_key(taken)
            });
            let title = format!("The ack of {}", event.name());
            let described = named(event.name(), title, Some(self.schema(ack)?));
            messages.insert(reply.clone(), described);
            replies.push(reply);
            if event.direction() == Direction::Received {
                replies.push(self.rejection(event, &message, messages)?);
            }
        }
        self.operation(channel, action, &message, &replies, event.is_broadcast());
        Ok(())
    }

    /// The key of the message that answers in the place of the ack.
    fn rejection(
        &mut self,
        event: &EventContract,
        message: &str,
        messages: &mut Map<String, Value>,
    ) -> Result<String, ContractError> {
        let Some(data) = event.rejected() else {
            messages.insert("rejected".to_owned(), rejected(None));
            return Ok("rejected".to_owned());
        };
        let data = self.schema(data)?;
        let key = free(format!("{message}-rejected"), |taken| {
            messages.contains_key(taken)
        });
        messages.insert(key.clone(), rejected(Some(data)));
        Ok(key)
    }

    fn operation(
        &mut self,
        channel: &str,
        action: &str,
        message: &str,
        replies: &[String],
        is_broadcast: bool,
    ) {
        let referred =
            |message: &str| json!({ "$ref": format!("#/channels/{channel}/messages/{message}") });
        let of = json!({ "$ref": format!("#/channels/{channel}") });
        let mut operation = json!({
            "action": action,
            "channel": of,
            "messages": [referred(message)],
        });
        if !replies.is_empty() {
            let replies: Vec<_> = replies.iter().map(|reply| referred(reply)).collect();
            operation["reply"] = json!({ "channel": of, "messages": replies });
        }
        if is_broadcast {
            operation["tags"] = json!([{ "name": "broadcast", "description": BROADCAST }]);
        }
        let key = free(format!("{channel}-{message}"), |taken| {
            self.operations.contains_key(taken)
        });
        self.operations.insert(key, operation);
    }

    fn schema(&mut self, of: &TypeContract) -> Result<Value, ContractError> {
        let schema = self.schemas.of(&of.described()?, of.direction);
        Ok(match of.direction {
            Direction::Received => json!({ INPUT: schema }),
            Direction::Emitted => schema,
        })
    }
}

/// What answers an event in the place of its ack, with the data of its handler if that is declared.
fn rejected(data: Option<Value>) -> Value {
    let mut told = told();
    if let Some(data) = data {
        told["properties"]["data"] = json!({ "anyOf": [data, too_many()] });
    }
    json!({
        "name": "rejected",
        "description": "The answer in the place of the declared one, where the server refuses an event.",
        "payload": object("error", &told),
    })
}

/// What answers a CONNECT that is not accepted: the CONNECT_ERROR (Socket.IO protocol, section
/// "Connection to a namespace").
fn refused() -> Value {
    json!({
        "name": "connect_error",
        "description": "Where the server refuses a client.",
        "payload": told(),
    })
}

/// The data where a limit on events is reached.
fn too_many() -> Value {
    json!({
        "type": "object",
        "properties": { "limit": { "type": "string" }, "retryAfter": { "type": "integer" } },
        "required": ["limit", "retryAfter"],
    })
}

/// Of rejections and refusals alike.
fn told() -> Value {
    let mut told = object("message", &json!({ "type": "string" }));
    told["properties"]["data"] = Value::Bool(true);
    told
}

fn object(field: &str, schema: &Value) -> Value {
    json!({ "type": "object", "properties": { field: schema }, "required": [field] })
}

fn named(name: &str, docs: String, payload: Option<Value>) -> Value {
    let mut message = json!({ "name": name });
    if !docs.is_empty() {
        message["description"] = docs.into();
    }
    if let Some(payload) = payload {
        message["payload"] = payload;
    }
    message
}

/// Takes the marks away, with the names that are known now. Payloads have them, and nothing within.
fn settle(channels: &mut Map<String, Value>, input_names: &BTreeMap<String, String>) {
    let messages = channels
        .values_mut()
        .filter_map(|channel| channel.get_mut("messages")?.as_object_mut());
    for message in messages.flat_map(|messages| messages.values_mut()) {
        let Some(payload) = message.get_mut("payload") else {
            continue;
        };
        if let Some(mut input) = payload.get_mut(INPUT).map(Value::take) {
            rename(&mut input, input_names);
            *payload = input;
        }
    }
}
