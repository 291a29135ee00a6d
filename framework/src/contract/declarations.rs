//! The TypeScript types that a contract is made of, each declared once.

use std::{any::type_name, collections::BTreeMap};

use ts_rs::{Config, TS, TypeVisitor};

use super::{
    ContractError, Type,
    agreement::{self, Shape},
    probe::Described,
};

/// By name, so that the order does not depend on where a type is used.
pub(super) struct Declarations {
    pub(super) config: Config,
    types: BTreeMap<String, Declared>,
    clash: Option<ContractError>,
}

struct Declared {
    path: &'static str,
    text: String,
    /// Of one that has the name that it has in Rust, by which its schema is found.
    shape: Option<Shape>,
}

impl Declarations {
    pub(super) fn new() -> Self {
        Self {
            // JSON has no bigint, and clients read numbers.
            config: Config::new().with_large_int("number"),
            types: BTreeMap::new(),
            clash: None,
        }
    }

    /// Declares a type if it has a name of its own, and the types that it is made of.
    pub(super) fn add<T: TS + 'static + ?Sized>(&mut self) {
        self.visit::<T>();
        T::visit_generics(self);
    }

    /// Declares the types that a type is made of.
    pub(super) fn add_parts<T: TS + 'static + ?Sized>(&mut self) {
        T::visit_dependencies(self);
        T::visit_generics(self);
    }

    /// The description of a type that must have one, for `place`.
    pub(super) fn described(
        of: &Type,
        place: impl FnOnce() -> String,
    ) -> Result<Described, ContractError> {
        of.described.ok_or_else(|| ContractError::Undescribed {
            path: of.path,
            place: place(),
        })
    }

    /// Keeps names for what is declared beside them.
    pub(super) fn reserve(
        &self,
        names: impl IntoIterator<Item = String>,
    ) -> Result<(), ContractError> {
        for name in names {
            if let Some(taken) = self.types.get(&name) {
                let first = taken.path;
                let second = "a declaration of roomcast";
                return Err(ContractError::NameTaken {
                    name,
                    first,
                    second,
                });
            }
        }
        Ok(())
    }

    /// Those of which the shape is known.
    pub(super) fn shapes(&self) -> impl Iterator<Item = agreement::Declared<'_>> {
        self.types.iter().filter_map(|(name, declared)| {
            Some(agreement::Declared {
                name,
                path: declared.path,
                shape: declared.shape.as_ref()?,
            })
        })
    }

    /// All of them as source text.
    pub(super) fn finish(self, out: &mut String) -> Result<(), ContractError> {
        if let Some(clash) = self.clash {
            return Err(clash);
        }
        for Declared { text, .. } in self.types.values() {
            out.push('\n');
            out.push_str(text);
        }
        Ok(())
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Without a path it has no declaration: it is one of TypeScript's own.
        if T::output_path().is_none() {
            return;
        }
        let (name, path) = (T::ident(&self.config), type_name::<T::WithoutGenerics>());
        if let Some(known) = self.types.get(&name) {
            if known.path != path && self.clash.is_none() {
                self.clash = Some(ContractError::NameTaken {
                    name,
                    first: known.path,
                    second: path,
                });
            }
            return;
        }
        let docs = T::docs().unwrap_or_default();
        let text = format!("{docs}export {}\n", T::decl(&self.config));
        let shape = match is_last(path, &name) {
            true => Shape::of_typescript(&T::inline(&self.config)),
            false => None,
        };
        self.types.insert(name, Declared { path, text, shape });
        T::visit_dependencies(self);
    }
}

/// Whether a path, which may end in generic arguments, is that of a type of this name.
fn is_last(path: &str, name: &str) -> bool {
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next() == Some(name)
}
