//! What is sent must be declared, and what may be sent by the declaration must be read.

use std::collections::HashSet;

use super::{
    super::wire::Direction,
    forms::{Form, Names, forms},
    shape::{Field, Object, Shape},
};

pub(super) struct Comparison<'a> {
    /// What TypeScript declares.
    declared: &'a dyn Names,
    /// What the schemas of this direction define.
    defined: &'a dyn Names,
    direction: Direction,
    /// Compared already, or being compared: types may hold themselves.
    seen: HashSet<(String, String)>,
}

pub(super) struct Difference {
    /// The innermost type with a declaration in which it is.
    pub(super) of: Option<String>,
    pub(super) text: String,
    /// The values are of another kind altogether.
    is_another: bool,
}

impl Difference {
    fn new(text: String) -> Self {
        Self {
            of: None,
            text,
            is_another: false,
        }
    }

    fn another(text: String) -> Self {
        Self {
            is_another: true,
            ..Self::new(text)
        }
    }

    fn within(mut self, name: Option<&String>) -> Self {
        self.of = self.of.or_else(|| name.cloned());
        self
    }

    fn at(self, field: &str) -> Self {
        match self.of {
            // By that it is known already.
            Some(_) => Self {
                is_another: false,
                ..self
            },
            None => Self::new(format!("in the field `{field}` {}", self.text)),
        }
    }
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        declared: &'a dyn Names,
        defined: &'a dyn Names,
        direction: Direction,
    ) -> Self {
        Self {
            declared,
            defined,
            direction,
            seen: HashSet::new(),
        }
    }

    /// Compares what TypeScript has with what goes over the wire.
    pub(super) fn compare(&mut self, ours: &Shape, wire: &Shape) -> Result<(), Difference> {
        let pair = (format!("{ours:?}"), format!("{wire:?}"));
        if !self.seen.insert(pair.clone()) {
            return Ok(());
        }
        self.compare_forms(ours, wire).map_err(|difference| {
            self.seen.remove(&pair);
            match ours {
                Shape::Named(name, _) => difference.within(Some(name)),
                _ => difference,
            }
        })
    }

    fn compare_forms(&mut self, ours: &Shape, wire: &Shape) -> Result<(), Difference> {
        let (ours, wire) = (forms(ours, self.declared), forms(wire, self.defined));
        if ours
            .iter()
            .chain(&wire)
            .any(|form| form.shape == Shape::Any)
        {
            return Ok(());
        }
        if let ([ours], [wire]) = (ours.as_slice(), wire.as_slice()) {
            return self.compare_form(ours, wire);
        }
        match self.direction {
            Direction::Emitted => wire.iter().try_for_each(|wire| {
                let found = ours.iter().map(|ours| self.compare_form(ours, wire));
                let unknown = || format!("TypeScript does not have {}", wire.shape);
                nearest(found).unwrap_or_else(|| Err(Difference::new(unknown())))
            }),
            Direction::Received => ours.iter().try_for_each(|ours| {
                let found = wire.iter().map(|wire| self.compare_form(ours, wire));
                let unknown = || format!("only TypeScript has {}", ours.shape);
                nearest(found).unwrap_or_else(|| Err(Difference::new(unknown())))
            }),
        }
    }

    fn compare_form(&mut self, ours: &Form, wire: &Form) -> Result<(), Difference> {
        self.compare_shapes(&ours.shape, &wire.shape)
            .map_err(|difference| difference.within(ours.of.as_ref()))
    }

    fn compare_shapes(&mut self, ours: &Shape, wire: &Shape) -> Result<(), Difference> {
        let agrees = match (ours, wire) {
            (Shape::Object(ours), Shape::Object(wire)) => return self.objects(ours, wire),
            (Shape::List(ours), Shape::List(wire)) => return self.compare(ours, wire),
            (Shape::List(ours), Shape::Tuple(wire)) => {
                return wire.iter().try_for_each(|wire| self.compare(ours, wire));
            }
            (Shape::Tuple(ours), Shape::List(wire)) => {
                return ours.iter().try_for_each(|ours| self.compare(ours, wire));
            }
            (Shape::Tuple(ours), Shape::Tuple(wire)) => return self.tuples(ours, wire),
            (ours, Shape::Literal(wire)) if self.direction == Direction::Emitted => {
                ours.holds(wire)
            }
            (Shape::Literal(ours), wire) if self.direction == Direction::Received => {
                wire.holds(ours)
            }
            (ours, wire) => ours == wire,
        };
        match agrees {
            true => Ok(()),
            false => Err(Difference::another(format!(
                "TypeScript has {ours}, the JSON Schema {wire}"
            ))),
        }
    }

    fn tuples(&mut self, ours: &[Shape], wire: &[Shape]) -> Result<(), Difference> {
        let (len, sent) = (ours.len(), wire.len());
        if len != sent {
            return Err(Difference::another(format!(
                "TypeScript has {len} elements, {sent} go over the wire"
            )));
        }
        let mut pairs = ours.iter().zip(wire);
        pairs.try_for_each(|(ours, wire)| self.compare(ours, wire))
    }

    fn objects(&mut self, ours: &Object, wire: &Object) -> Result<(), Difference> {
        // Whether these two forms of an enum have the same tag.
        let meant = match tags(ours, wire) {
            Some((ours, wire)) if ours != wire => {
                let text = format!("TypeScript has the tag {ours}, the JSON Schema {wire}");
                return Err(Difference::another(text));
            }
            found => found.is_some(),
        };
        let another = |text| Difference {
            is_another: !meant,
            ..Difference::new(text)
        };
        for (name, wire) in &wire.fields {
            match (ours.fields.get(name), &ours.rest) {
                (Some(ours), _) => self.field(name, ours, wire)?,
                (None, Some(rest)) => self
                    .compare(rest, &wire.shape)
                    .map_err(|difference| difference.at(name))?,
                (None, None) => {
                    return Err(another(format!(
                        "TypeScript does not have the field `{name}`"
                    )));
                }
            }
        }
        for (name, ours) in &ours.fields {
            match &wire.rest {
                _ if wire.fields.contains_key(name) => {}
                Some(rest) => self
                    .compare(&ours.shape, rest)
                    .map_err(|difference| difference.at(name))?,
                None => return Err(another(format!("only TypeScript has the field `{name}`"))),
            }
        }
        match (&ours.rest, &wire.rest) {
            (Some(ours), Some(wire)) => self.compare(ours, wire),
            _ => Ok(()),
        }
    }

    fn field(&mut self, name: &str, ours: &Field, wire: &Field) -> Result<(), Difference> {
        match self.direction {
            Direction::Emitted if wire.optional && !ours.optional => {
                return Err(Difference::new(format!(
                    "the field `{name}` may be missing, and TypeScript has it always; write \
                     `#[ts(optional)]` or `#[serde(default)]` at it"
                )));
            }
            Direction::Received if ours.optional && !wire.optional => {
                return Err(Difference::new(format!(
                    "the field `{name}` must be sent, and TypeScript has it as optional"
                )));
            }
            _ => {}
        }
        let compared = match self.direction == Direction::Emitted && wire.optional {
            // What would be `null` is left out; its schema has it all the same.
            true => {
                let or_null = Shape::OneOf(vec![ours.shape.clone(), Shape::Null]);
                self.compare(&or_null, &wire.shape)
            }
            false => self.compare(&ours.shape, &wire.shape),
        };
        compared.map_err(|difference| difference.at(name))
    }
}

/// Of comparisons of one form with others, the one that agrees, or the only one that is alike.
fn nearest(
    mut compared: impl Iterator<Item = Result<(), Difference>>,
) -> Option<Result<(), Difference>> {
    let mut alike = Vec::new();
    for one in &mut compared {
        match one {
            Ok(()) => return Some(Ok(())),
            Err(difference) if difference.is_another => {}
            Err(difference) => alike.push(difference),
        }
    }
    match alike.len() {
        1 => alike.pop().map(Err),
        _ => None,
    }
}

/// The values of the field that is a literal in both.
fn tags<'a>(
    ours: &'a Object,
    wire: &'a Object,
) -> Option<(&'a serde_json::Value, &'a serde_json::Value)> {
    ours.fields.iter().find_map(|(name, field)| {
        match (&field.shape, &wire.fields.get(name)?.shape) {
            (Shape::Literal(ours), Shape::Literal(wire)) => Some((ours, wire)),
            _ => None,
        }
    })
}
