//! What clients are told of presence, as a contract describes it (feature `codegen`).

use std::{borrow::Cow, path::PathBuf};

use super::{PresenceDiff, PresenceState, Present};
use crate::contract::{
    JsonSchema, TS,
    schemars::{Schema, SchemaGenerator, json_schema},
    ts_rs::{Config, TypeVisitor},
};

/// By hand, since the doc comments in Rust are for those who write servers.
macro_rules! described {
    ($type:ident, $docs:literal, $typescript:literal, [$($part:ty),*], |$generator:ident| $schema:expr) => {
        impl TS for $type {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;

            fn docs() -> Option<String> {
                Some(concat!("/**\n * ", $docs, "\n */\n").to_owned())
            }

            fn name(_: &Config) -> String {
                stringify!($type).to_owned()
            }

            fn decl(config: &Config) -> String {
                format!("type {} = {};", stringify!($type), Self::inline(config))
            }

            fn decl_concrete(config: &Config) -> String {
                Self::decl(config)
            }

            fn inline(_: &Config) -> String {
                $typescript.to_owned()
            }

            fn visit_dependencies(_visitor: &mut impl TypeVisitor)
            where
                Self: 'static,
            {
                $(_visitor.visit::<$part>();)*
            }

            fn output_path() -> Option<PathBuf> {
                Some(concat!(stringify!($type), ".ts").into())
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                let mut schema = $schema;
                schema.insert("type".to_owned(), "object".into());
                schema.insert("description".to_owned(), $docs.into());
                schema
            }
        }
    };
}

described!(
    Present,
    "Someone who is present, once for all connections; `metas` is what these say of themselves.",
    "{ key: string, connections: number, metas: Array<unknown>, }",
    [],
    |_generator| json_schema!({
        "properties": {
            "key": { "type": "string" },
            "connections": { "type": "integer", "minimum": 1 },
            "metas": { "type": "array" },
        },
        "required": ["key", "connections", "metas"],
    })
);

described!(
    PresenceState,
    "Who is present in a room: replaces all that was told of it before.",
    "{ room: string, total: number, present: Array<Present>, }",
    [Present],
    |generator| json_schema!({
        "properties": {
            "room": { "type": "string" },
            "total": { "type": "integer", "minimum": 0 },
            "present": generator.subschema_for::<Vec<Present>>(),
        },
        "required": ["room", "total", "present"],
    })
);

described!(
    PresenceDiff,
    "Who came to a room, who is there in other connections than before, and who left it.",
    "{ room: string, joins: Array<Present>, updates: Array<Present>, leaves: Array<string>, }",
    [Present],
    |generator| json_schema!({
        "properties": {
            "room": { "type": "string" },
            "joins": generator.subschema_for::<Vec<Present>>(),
            "updates": generator.subschema_for::<Vec<Present>>(),
            "leaves": { "type": "array", "items": { "type": "string" } },
        },
        "required": ["room", "joins", "updates", "leaves"],
    })
);
