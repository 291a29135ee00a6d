//! The forms that the values of a type have: names and combinations are resolved, fields are not.

use super::shape::{Object, Shape};

/// What names stand for, in one of the descriptions.
pub(super) trait Names {
    /// `None` of a name that is not declared here.
    fn resolve(&self, name: &str, arguments: &[Shape]) -> Option<Shape>;
}

/// Neither a name nor a combination.
#[derive(Clone)]
pub(super) struct Form {
    /// The innermost declaration that it is from.
    pub(super) of: Option<String>,
    pub(super) shape: Shape,
}

impl From<Shape> for Form {
    fn from(shape: Shape) -> Self {
        Self { of: None, shape }
    }
}

/// How far names and combinations are followed.
const DEPTH: usize = 64;

/// Enums that are flattened into one struct have the product of their variants.
const MOST: usize = 1024;

pub(super) fn forms(shape: &Shape, names: &dyn Names) -> Vec<Form> {
    expand(shape, names, DEPTH)
}

fn expand(shape: &Shape, names: &dyn Names, depth: usize) -> Vec<Form> {
    let Some(depth) = depth.checked_sub(1) else {
        return vec![Shape::Any.into()];
    };
    let expand = |shape: &Shape| expand(shape, names, depth);
    match shape {
        Shape::OneOf(all) => all.iter().flat_map(expand).collect(),
        Shape::AllOf(all) => {
            let forms = all.iter().map(expand).reduce(|forms, more| {
                match forms.len().saturating_mul(more.len()) > MOST {
                    true => vec![Shape::Any.into()],
                    false => product(&forms, &more),
                }
            });
            forms.unwrap_or_else(|| vec![Shape::Any.into()])
        }
        Shape::Named(name, arguments) => match (name.as_str(), arguments.as_slice()) {
            ("Without", [of, names]) => changed(expand(of), |object| {
                for name in names.strings() {
                    object.fields.remove(name);
                }
            }),
            ("Optional", [of, names]) => changed(expand(of), |object| {
                for name in names.strings() {
                    if let Some(field) = object.fields.get_mut(name) {
                        field.optional = true;
                    }
                }
            }),
            (name, arguments) => match names.resolve(name, arguments) {
                Some(shape) => declared(name, expand(&shape)),
                None => vec![Shape::Any.into()],
            },
        },
        other => vec![other.clone().into()],
    }
}

fn declared(name: &str, mut forms: Vec<Form>) -> Vec<Form> {
    for form in &mut forms {
        form.of.get_or_insert_with(|| name.to_owned());
    }
    forms
}

fn changed(mut forms: Vec<Form>, change: impl Fn(&mut Object)) -> Vec<Form> {
    for form in &mut forms {
        if let Shape::Object(object) = &mut form.shape {
            change(object);
        }
    }
    forms
}

fn product(forms: &[Form], more: &[Form]) -> Vec<Form> {
    let with_each = |form: &Form| {
        let of_both = more
            .iter()
            .filter_map(|other| both(&form.shape, &other.shape));
        of_both.map(Form::from).collect::<Vec<_>>()
    };
    forms.iter().flat_map(with_each).collect()
}

/// `None` if no value is of both.
fn both(one: &Shape, other: &Shape) -> Option<Shape> {
    match (one, other) {
        (Shape::Any, _) | (_, Shape::Any) => Some(Shape::Any),
        (Shape::Object(one), Shape::Object(other)) => {
            let mut object = one.clone();
            for (name, field) in &other.fields {
                let known = object.fields.entry(name.clone());
                let known = known.or_insert_with(|| field.clone());
                known.optional &= field.optional;
            }
            object.rest = object.rest.or_else(|| other.rest.clone());
            Some(Shape::Object(object))
        }
        (Shape::Literal(value), wide) | (wide, Shape::Literal(value)) => {
            wide.holds(value).then(|| Shape::Literal(value.clone()))
        }
        _ => (one == other).then(|| one.clone()),
    }
}
