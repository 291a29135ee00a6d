//! JSON Schemas, of what the server reads and of what it writes: serde's attributes may make the two
//! differ.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};

use super::{names::free, probe::Described, typescript::odd_names, wire::Direction};

const PATH: &str = "/components/schemas";

/// The schema of a type that is used by itself.
pub(super) fn alone(described: &Described, direction: Direction) -> Schema {
    let settings = SchemaSettings::draft07();
    let settings = match direction {
        Direction::Received => settings.for_deserialize(),
        Direction::Emitted => settings.for_serialize(),
    };
    (described.whole_schema)(settings.into_generator())
}

pub(super) struct Schemas {
    received: SchemaGenerator,
    emitted: SchemaGenerator,
}

/// The fields of an object.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) all: BTreeSet<String>,
    pub(super) required: BTreeSet<String>,
}

impl Schemas {
    pub(super) fn new() -> Self {
        // What AsyncAPI's own schemas are built on.
        let mut settings = SchemaSettings::draft07();
        settings.definitions_path = PATH.into();
        settings.meta_schema = None;
        Self {
            received: settings.clone().for_deserialize().into_generator(),
            emitted: settings.for_serialize().into_generator(),
        }
    }

    fn generator(&mut self, direction: Direction) -> &mut SchemaGenerator {
        match direction {
            Direction::Received => &mut self.received,
            Direction::Emitted => &mut self.emitted,
        }
    }

    /// The schema of a type, mostly a reference.
    pub(super) fn of(&mut self, described: &Described, direction: Direction) -> Value {
        let generator = self.generator(direction);
        let mut schema = (described.schema)(generator);
        // Those of definitions are put into the form of the draft at the end.
        for transform in generator.transforms_mut() {
            transform.transform(&mut schema);
        }
        schema.to_value()
    }

    /// The fields of a type that is an object; `None` of any other.
    pub(super) fn fields(&mut self, described: &Described, direction: Direction) -> Option<Fields> {
        let schema = self.of(described, direction);
        let schema = resolved(schema, self.generator(direction).definitions())?;
        let properties = schema.get("properties")?.as_object()?;
        let required = schema.get("required").and_then(Value::as_array);
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        Some(Fields {
            all: properties.keys().cloned().collect(),
            required: required.map(ToOwned::to_owned).collect(),
        })
    }

    /// What is defined so far.
    pub(super) fn definitions(
        &self,
        direction: Direction,
    ) -> impl Iterator<Item = (&String, &Value)> {
        let generator = match direction {
            Direction::Received => &self.received,
            Direction::Emitted => &self.emitted,
        };
        generator.definitions().iter()
    }

    /// What is to be escaped of all that is defined so far.
    pub(super) fn odd_names(&self) -> BTreeSet<String> {
        let mut odd = BTreeSet::new();
        for direction in [Direction::Received, Direction::Emitted] {
            let schemas = self.definitions(direction).map(|(_, schema)| schema);
            schemas.for_each(|schema| odd_names(schema, &mut odd));
        }
        odd
    }

    /// The definitions, and how those of what is received are called there: a type that is read
    /// otherwise than it is written is there twice.
    pub(super) fn finish(mut self) -> (Map<String, Value>, BTreeMap<String, String>) {
        let mut all = self.emitted.take_definitions(true);
        let mut received = self.received.take_definitions(true);
        let mut renamed = BTreeMap::new();
        // Whoever refers to one that differs differs as well: the references are equal in text.
        loop {
            let differs = |(name, schema): (&String, &Value)| {
                let other = all.get(name)?;
                let refers = other != schema || refers_to_any(schema, &renamed);
                (refers && !renamed.contains_key(name)).then(|| name.clone())
            };
            let found: Vec<String> = received.iter().filter_map(differs).collect();
            if found.is_empty() {
                break;
            }
            for name in found {
                let input = free(format!("{name}Input"), |name| {
                    let given = renamed.values().any(|taken| taken == name);
                    given || all.contains_key(name) || received.contains_key(name)
                });
                renamed.insert(name, input);
            }
        }
        for (name, mut schema) in std::mem::take(&mut received) {
            rename(&mut schema, &renamed);
            let name = renamed.get(&name).cloned().unwrap_or(name);
            all.insert(name, schema);
        }
        (all, renamed)
    }
}

/// What a schema refers to, as that of a newtype does: alone, or beside its doc comment.
fn resolved(mut schema: Value, definitions: &Map<String, Value>) -> Option<Value> {
    // As often as there are definitions, at most: a type may hold itself.
    for _ in 0..=definitions.len() {
        let only = match schema.get("allOf").and_then(Value::as_array) {
            Some(all) if all.len() == 1 => all.first(),
            _ => Some(&schema),
        };
        let referred = only.and_then(|it| it.get("$ref")).and_then(Value::as_str);
        match referred.and_then(target) {
            Some(name) => schema = definitions.get(name)?.clone(),
            None => return Some(schema),
        }
    }
    None
}

fn refers_to_any(schema: &Value, names: &BTreeMap<String, String>) -> bool {
    match schema {
        Value::Object(map) => map.iter().any(|(key, value)| match value {
            Value::String(path) if key == "$ref" => {
                target(path).is_some_and(|name| names.contains_key(name))
            }
            value => refers_to_any(value, names),
        }),
        Value::Array(items) => items.iter().any(|item| refers_to_any(item, names)),
        _ => false,
    }
}

/// Follows definitions to their new names.
pub(super) fn rename(schema: &mut Value, renamed: &BTreeMap<String, String>) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::String(path) if key == "$ref" => {
                        if let Some(name) = target(path).and_then(|name| renamed.get(name)) {
                            *path = format!("#{PATH}/{name}");
                        }
                    }
                    value => rename(value, renamed),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, renamed)),
        _ => {}
    }
}

/// The name of a definition.
pub(super) fn target(path: &str) -> Option<&str> {
    path.strip_prefix('#')?
        .strip_prefix(PATH)?
        .strip_prefix('/')
}
