//! Whether TypeScript and the JSON Schema of a type tell the same. schemars reads serde's attributes as
//! serde does; ts-rs passes over those that it does not know, without a word.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{ContractError, model::Direction, parts, schema::Schemas};

/// What can be said of a type from either description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// Its fields.
    Object(BTreeSet<String>),
    /// One of these strings.
    OneOf(BTreeSet<String>),
    List,
    Scalar(String),
}

impl Shape {
    /// `None` of what is neither, such as a union.
    pub(super) fn of_typescript(text: &str) -> Option<Self> {
        let text = text.trim();
        if let "string" | "number" | "boolean" = text {
            return Some(Self::Scalar(text.to_owned()));
        }
        if let Some(fields) = parts::fields(text) {
            return Some(Self::Object(fields.into_iter().collect()));
        }
        if parts::elements(text).is_some() {
            return Some(Self::List);
        }
        let strings = text.split(" | ").map(serde_json::from_str);
        strings.collect::<Result<_, _>>().ok().map(Self::OneOf)
    }

    fn of_schema(schema: &Value) -> Option<Self> {
        if let Some(strings) = strings(schema) {
            return Some(Self::OneOf(strings));
        }
        let composed = ["oneOf", "anyOf", "allOf", "enum", "const"];
        if composed.iter().any(|key| schema.get(key).is_some()) {
            return None;
        }
        match schema.get("type")?.as_str()? {
            "object" => {
                // A map has values of a type; what refuses fields that it does not know has `false`.
                let is_map = schema.get("additionalProperties") != Some(&Value::Bool(false));
                let fields = schema.get("properties").and_then(Value::as_object);
                if is_map && (fields.is_none() || schema.get("additionalProperties").is_some()) {
                    return None;
                }
                let names = fields.into_iter().flat_map(|fields| fields.keys().cloned());
                Some(Self::Object(names.collect()))
            }
            "array" => Some(Self::List),
            "integer" | "number" => Some(Self::Scalar("number".to_owned())),
            scalar @ ("string" | "boolean") => Some(Self::Scalar(scalar.to_owned())),
            _ => None,
        }
    }

    /// What is wrong with this one, in TypeScript, for values that go over the wire as `used`; `other`
    /// is how the type goes the other way, where it does.
    fn mismatch(&self, used: &Self, other: Option<&Self>) -> Option<String> {
        match (self, used, other) {
            // What goes the other way only is left out where the type is used.
            (Self::Object(ours), Self::Object(used), other) => {
                let elsewhere = |name: &&String| match other {
                    Some(Self::Object(other)) => other.contains(*name),
                    _ => false,
                };
                if let Some(missing) = used.iter().find(|name| !ours.contains(*name)) {
                    return Some(format!("TypeScript does not have the field `{missing}`"));
                }
                let of_rust = |name: &&String| !used.contains(*name) && !elsewhere(name);
                let additional = ours.iter().find(of_rust)?;
                Some(format!("only TypeScript has the field `{additional}`"))
            }
            (Self::OneOf(ours), Self::OneOf(used), _) => {
                let one = ours.symmetric_difference(used).next()?;
                Some(format!("only one of them has the variant `{one}`"))
            }
            _ if self == used => None,
            _ => Some(format!("TypeScript has {self}, the JSON Schema {used}")),
        }
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Object(_) => "an object",
            Self::OneOf(_) => "one of some strings",
            Self::List => "a list",
            Self::Scalar(name) => name,
        })
    }
}

/// Those of an enum without data, whose variants may have doc comments.
fn strings(schema: &Value) -> Option<BTreeSet<String>> {
    let string = |value: &Value| value.as_str().map(ToOwned::to_owned);
    if let Some(values) = schema.get("enum") {
        return values.as_array()?.iter().map(string).collect();
    }
    if let Some(value) = schema.get("const") {
        return Some([string(value)?].into());
    }
    let variants = schema.get("oneOf")?.as_array()?.iter().map(strings);
    let variants: Option<Vec<_>> = variants.collect();
    Some(variants?.into_iter().flatten().collect())
}

/// A type that TypeScript declares.
pub(super) struct Declared<'a> {
    pub(super) name: &'a str,
    pub(super) path: &'static str,
    pub(super) shape: &'a Shape,
}

impl Declared<'_> {
    fn disagreement(&self, difference: String) -> ContractError {
        let path = self.path;
        ContractError::Disagreement { path, difference }
    }
}

/// Compares declared types with what goes over the wire: `used` knows which types go which way, `all`
/// how each of them looks both ways.
pub(super) fn check<'a>(
    declared: impl Iterator<Item = Declared<'a>>,
    used: &mut Schemas,
    all: &mut Schemas,
) -> Result<(), ContractError> {
    let declared: Vec<_> = declared.collect();
    let both = [Direction::Received, Direction::Emitted];
    let [received, emitted] = both.map(|direction| shapes(used, direction));
    let [all_received, all_emitted] = both.map(|direction| shapes(all, direction));
    for ours in &declared {
        let is_ours = |(name, _): &&(String, Shape)| is_called(name, ours.name);
        // A tuple struct that is `transparent` has the schema of its field, and not its own name.
        if *ours.shape == Shape::List && !received.iter().chain(&emitted).any(|it| is_ours(&it)) {
            let difference = "TypeScript has a list, the JSON Schema no type of this name";
            return Err(ours.disagreement(difference.to_owned()));
        }
        for (used, other) in [(&received, &all_emitted), (&emitted, &all_received)] {
            for (name, shape) in used.iter().filter(is_ours) {
                let back = other.iter().find(|(it, _)| it == name);
                if let Some(difference) = ours.shape.mismatch(shape, back.map(|(_, it)| it)) {
                    return Err(ours.disagreement(difference));
                }
            }
        }
    }
    Ok(())
}

fn shapes(schemas: &mut Schemas, direction: Direction) -> Vec<(String, Shape)> {
    let all = schemas.definitions(direction);
    all.filter_map(|(name, schema)| Some((name.to_owned(), Shape::of_schema(&schema)?)))
        .collect()
}

/// `Changed` is `Changed_for_Basket` in schemas, where its argument is part of the name.
fn is_called(schema: &str, typescript: &str) -> bool {
    let rest = schema.strip_prefix(typescript);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("_for_"))
}
