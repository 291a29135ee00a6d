//! Attachments, as they are described.

use std::{borrow::Cow, path::PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use ts_rs::{Config, TS};

use crate::protocol::socket_io::Binary;

/// What a client may send, and what it gets: an `ArrayBuffer` in a browser, a `Buffer`, which is a
/// `Uint8Array`, in Node.
impl TS for Binary {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn docs() -> Option<String> {
        Some("/**\n * Bytes: an `ArrayBuffer` in a browser, a `Buffer` in Node.\n */\n".to_owned())
    }

    fn name(_: &Config) -> String {
        "Binary".to_owned()
    }

    fn decl(_: &Config) -> String {
        "type Binary = ArrayBuffer | Uint8Array;".to_owned()
    }

    fn decl_concrete(config: &Config) -> String {
        Self::decl(config)
    }

    fn inline(_: &Config) -> String {
        "ArrayBuffer | Uint8Array".to_owned()
    }

    /// It is a type of its own: ts-rs declares what has a path.
    fn output_path() -> Option<PathBuf> {
        Some("Binary.ts".into())
    }
}

/// The placeholder that stands for the attachment in the packet (Socket.IO protocol, section
/// "Packet encoding").
impl JsonSchema for Binary {
    fn schema_name() -> Cow<'static, str> {
        "Binary".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The place of a binary attachment of the packet.",
            "type": "object",
            "properties": {
                "_placeholder": { "const": true },
                "num": { "type": "integer", "minimum": 0 }
            },
            "required": ["_placeholder", "num"]
        })
    }
}
