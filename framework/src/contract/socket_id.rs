//! A socket's id, as it is described: over the wire it is a string.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use ts_rs::{Config, TS};

use crate::id::SocketId;

impl TS for SocketId {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(config: &Config) -> String {
        String::name(config)
    }

    fn inline(config: &Config) -> String {
        String::inline(config)
    }
}

impl JsonSchema for SocketId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SocketId".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}
