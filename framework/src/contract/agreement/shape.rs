//! What the values of a type look like as JSON, for both descriptions of it.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// Not known, so it agrees with everything.
    Any,
    Null,
    Boolean,
    Number,
    String,
    /// One string, number or truth value.
    Literal(Value),
    List(Box<Shape>),
    Tuple(Vec<Shape>),
    Object(Object),
    /// Any one of these; of none there is no value.
    OneOf(Vec<Shape>),
    /// All of these at once.
    AllOf(Vec<Shape>),
    /// What has a declaration of its own, with its arguments.
    Named(String, Vec<Shape>),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Object {
    pub(super) fields: BTreeMap<String, Field>,
    /// Of fields that have no name here, as those of a map.
    pub(super) rest: Option<Box<Shape>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) shape: Shape,
    pub(super) optional: bool,
}

impl Shape {
    pub(super) fn one_of(mut all: Vec<Self>) -> Self {
        match all.len() {
            1 => all.remove(0),
            _ => Self::OneOf(all),
        }
    }

    pub(super) fn all_of(mut all: Vec<Self>) -> Self {
        match all.len() {
            1 => all.remove(0),
            _ => Self::AllOf(all),
        }
    }

    /// With arguments in the place of a declaration's parameters.
    pub(super) fn with(&self, arguments: &BTreeMap<&str, &Self>) -> Self {
        let each = |all: &[Self]| all.iter().map(|it| it.with(arguments)).collect();
        match self {
            Self::List(of) => Self::List(Box::new(of.with(arguments))),
            Self::Tuple(of) => Self::Tuple(each(of)),
            Self::OneOf(of) => Self::OneOf(each(of)),
            Self::AllOf(of) => Self::AllOf(each(of)),
            Self::Named(name, of) => match arguments.get(name.as_str()) {
                Some(argument) => (*argument).clone(),
                None => Self::Named(name.clone(), each(of)),
            },
            Self::Object(object) => {
                let fields = object.fields.iter().map(|(name, field)| {
                    let shape = field.shape.with(arguments);
                    (name.clone(), Field { shape, ..*field })
                });
                let rest = object.rest.as_ref();
                Self::Object(Object {
                    fields: fields.collect(),
                    rest: rest.map(|rest| Box::new(rest.with(arguments))),
                })
            }
            other => other.clone(),
        }
    }

    /// The strings of a union of some.
    pub(super) fn strings(&self) -> Vec<&str> {
        match self {
            Self::Literal(Value::String(text)) => vec![text],
            Self::OneOf(all) => all.iter().flat_map(Self::strings).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a literal is one of the values of a type as wide as this.
    pub(super) fn holds(&self, literal: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::String => literal.is_string(),
            Self::Number => literal.is_number(),
            Self::Boolean => literal.is_boolean(),
            Self::Literal(own) => own == literal,
            _ => false,
        }
    }
}

/// As an error tells it.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::Null => f.write_str("null"),
            Self::Boolean => f.write_str("boolean"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::Literal(value) => write!(f, "`{value}`"),
            Self::List(_) | Self::Tuple(_) => f.write_str("a list"),
            Self::Object(object) => object.fmt(f),
            Self::OneOf(_) | Self::AllOf(_) => f.write_str("one of several"),
            Self::Named(name, _) => write!(f, "`{name}`"),
        }
    }
}

/// A form of an enum is known by its tag, or by its fields.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")?;
        let tag = self.fields.iter().find_map(|(name, field)| {
            let Shape::Literal(value) = &field.shape else {
                return None;
            };
            Some((name, value))
        });
        if let Some((name, value)) = tag {
            return write!(f, " with `{name}: {value}`");
        }
        let names: Vec<_> = self.fields.keys().map(|name| format!("`{name}`")).collect();
        match names.is_empty() {
            true => Ok(()),
            false => write!(f, " with {}", names.join(", ")),
        }
    }
}
