//! Whether TypeScript and the JSON Schema of a type tell the same. schemars reads serde's attributes as
//! serde does; ts-rs passes over those that it does not know, without a word.
//!
//! Both are read into [`Shape`](shape::Shape)s, and compared from each value that goes over the wire
//! inwards, in the direction in which it goes: a type may be right where it is sent and wrong where it
//! is received.

mod compare;
mod forms;
mod schema;
mod shape;
mod typescript;

use std::collections::BTreeMap;

use serde_json::Value;

use self::{
    compare::{Comparison, Difference},
    forms::{Names, forms},
    shape::Shape,
    typescript::Declaration,
};
use super::{ContractError, schema::Schemas, wire::Direction};

/// What goes over the wire: an event's payload, an ack, or auth.
pub(super) struct Root {
    pub(super) path: &'static str,
    /// How TypeScript has it where it is used.
    pub(super) typescript: String,
    pub(super) schema: Value,
    pub(super) direction: Direction,
}

/// A type that TypeScript declares.
pub(super) struct Declared<'a> {
    pub(super) name: &'a str,
    pub(super) path: &'static str,
    /// `type Name = ..;`
    pub(super) text: &'a str,
}

/// Compares all that goes over the wire. `schemas` know it in both directions.
pub(super) fn check<'a>(
    roots: &[Root],
    declared: impl Iterator<Item = Declared<'a>>,
    schemas: &Schemas,
) -> Result<(), ContractError> {
    let (mut names, mut paths) = (BTreeMap::new(), BTreeMap::new());
    for Declared { name, path, text } in declared {
        names.extend(typescript::read_declaration(text).map(|it| (name.to_owned(), it)));
        paths.insert(name, path);
    }
    let declared = DeclaredNames(names);
    for direction in [Direction::Received, Direction::Emitted] {
        let defined = DefinedNames::of(schemas, direction);
        let mut comparison = Comparison::new(&declared, &defined, direction);
        for root in roots.iter().filter(|root| root.direction == direction) {
            let ours = typescript::read(&root.typescript);
            let wire = schema::read(&root.schema);
            if let Err(Difference { of, text, .. }) = comparison.compare(&ours, &wire) {
                let path = of.and_then(|name| paths.get(name.as_str()).copied());
                return Err(ContractError::Disagreement {
                    path: path.unwrap_or(root.path),
                    difference: text,
                });
            }
        }
    }
    Ok(())
}

/// Whether some value of a type is an object that has this field.
pub(super) fn may_have_field(
    schema: &Value,
    field: &str,
    schemas: &Schemas,
    direction: Direction,
) -> bool {
    let defined = DefinedNames::of(schemas, direction);
    let forms = forms(&schema::read(schema), &defined);
    forms.iter().any(|form| match &form.shape {
        Shape::Object(object) => object.fields.contains_key(field),
        _ => false,
    })
}

struct DeclaredNames(BTreeMap<String, Declaration>);

impl Names for DeclaredNames {
    fn resolve(&self, name: &str, arguments: &[Shape]) -> Option<Shape> {
        let Declaration { parameters, shape } = self.0.get(name)?;
        let parameters = parameters.iter().map(String::as_str);
        Some(shape.with(&parameters.zip(arguments).collect()))
    }
}

struct DefinedNames(BTreeMap<String, Shape>);

impl DefinedNames {
    fn of(schemas: &Schemas, direction: Direction) -> Self {
        let definitions = schemas.definitions(direction);
        let read = definitions.map(|(name, schema)| (name.clone(), schema::read(schema)));
        Self(read.collect())
    }
}

impl Names for DefinedNames {
    fn resolve(&self, name: &str, _: &[Shape]) -> Option<Shape> {
        self.0.get(name).cloned()
    }
}
