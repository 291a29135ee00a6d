//! Reads JSON Schemas as schemars writes them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    super::schema::target,
    shape::{Field, Object, Shape},
};

/// Longer arrays are lists, as in TypeScript.
const LONGEST_TUPLE: u64 = 64;

pub(super) fn read(schema: &Value) -> Shape {
    let map = match schema {
        Value::Object(map) => map,
        Value::Bool(false) => return Shape::OneOf(Vec::new()),
        _ => return Shape::Any,
    };
    let mut parts = Vec::new();
    let referred = map.get("$ref").and_then(Value::as_str);
    parts.extend(referred.map(|path| match target(path) {
        Some(name) => Shape::Named(name.to_owned(), Vec::new()),
        None => Shape::Any,
    }));
    parts.extend(all(map, "allOf").map(read));
    for key in ["oneOf", "anyOf"] {
        if map.contains_key(key) {
            parts.push(Shape::one_of(all(map, key).map(read).collect()));
        }
    }
    if map.contains_key("enum") {
        let literals = all(map, "enum").map(literal).collect();
        parts.push(Shape::one_of(literals));
    } else if let Some(value) = map.get("const") {
        parts.push(literal(value));
    } else if let Some(kind) = map.get("type") {
        let kinds = match kind {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            kind => Vec::from_iter(kind.as_str()),
        };
        let alone = parts.is_empty();
        let kinds = kinds.into_iter().map(|kind| of_kind(kind, map, alone));
        parts.push(Shape::one_of(kinds.collect()));
    } else if map.contains_key("properties") {
        parts.push(of_kind("object", map, false));
    }
    match parts.is_empty() {
        true => Shape::Any,
        false => Shape::all_of(parts),
    }
}

fn all<'a>(schema: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> {
    schema
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn literal(value: &Value) -> Shape {
    match value {
        Value::Null => Shape::Null,
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Shape::Literal(value.clone()),
        Value::Array(_) | Value::Object(_) => Shape::Any,
    }
}

/// `alone`: whether nothing else is said of it.
fn of_kind(kind: &str, schema: &Map<String, Value>, alone: bool) -> Shape {
    match kind {
        "null" => Shape::Null,
        "boolean" => Shape::Boolean,
        "integer" | "number" => Shape::Number,
        "string" => Shape::String,
        "array" => list(schema),
        "object" => object(schema, alone),
        _ => Shape::Any,
    }
}

fn list(schema: &Map<String, Value>) -> Shape {
    // Drafts differ in how they call those of a tuple.
    for key in ["prefixItems", "items"] {
        if let Some(Value::Array(elements)) = schema.get(key) {
            return Shape::Tuple(elements.iter().map(read).collect());
        }
    }
    let of = schema.get("items").map_or(Shape::Any, read);
    let number = |key| schema.get(key).and_then(Value::as_u64);
    match (number("minItems"), number("maxItems")) {
        (Some(least), Some(most)) if least == most && most <= LONGEST_TUPLE => {
            Shape::Tuple((0..most).map(|_| of.clone()).collect())
        }
        _ => Shape::List(Box::new(of)),
    }
}

fn object(schema: &Map<String, Value>, alone: bool) -> Shape {
    let required: BTreeSet<_> = all(schema, "required").filter_map(Value::as_str).collect();
    let properties = schema.get("properties").and_then(Value::as_object);
    let fields = properties.into_iter().flatten().map(|(name, schema)| {
        let optional = !required.contains(name.as_str());
        let shape = read(schema);
        (name.clone(), Field { shape, optional })
    });
    let patterns = schema.get("patternProperties").and_then(Value::as_object);
    let values: Vec<_> = patterns
        .into_iter()
        .flatten()
        .map(|(_, it)| read(it))
        .collect();
    let additional = schema.get("additionalProperties");
    let rest = match additional {
        _ if !values.is_empty() => Some(Shape::one_of(values)),
        Some(Value::Bool(false)) => None,
        Some(additional) => Some(read(additional)),
        // An object of which nothing is said.
        None => (alone && properties.is_none()).then_some(Shape::Any),
    };
    Shape::Object(Object {
        fields: fields.collect(),
        rest: rest.map(Box::new),
    })
}
