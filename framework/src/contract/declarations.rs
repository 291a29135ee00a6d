//! The TypeScript types that a contract is made of, each declared once.

use std::{
    any::{Any, type_name},
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    panic::{AssertUnwindSafe, catch_unwind},
};

use ts_rs::{Config, TS, TypeVisitor};

use super::{
    ContractError, agreement, comments,
    typescript::{escape, fault},
    words,
};

/// By name, so that the order does not depend on where a type is used.
pub(super) struct Declarations {
    pub(super) config: Config,
    types: BTreeMap<String, Declared>,
    /// The first thing that went wrong.
    error: Option<ContractError>,
}

struct Declared {
    path: &'static str,
    docs: String,
    /// `type Name = ..;`
    text: String,
}

/// Names that TypeScript has itself, and that the declarations here build on.
const BUILT_IN: [&str; 6] = [
    "Array",
    "ArrayBuffer",
    "Error",
    "PropertyKey",
    "Record",
    "Uint8Array",
];

impl Declarations {
    pub(super) fn new() -> Self {
        Self {
            // JSON has no bigint, and clients read numbers.
            config: Config::new().with_large_int("number"),
            types: BTreeMap::new(),
            error: None,
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

    /// Keeps names for what is declared beside them.
    pub(super) fn reserve(
        &self,
        names: impl IntoIterator<Item = String>,
    ) -> Result<(), ContractError> {
        let built_in = BUILT_IN.map(|name| (name.to_owned(), "a type of TypeScript"));
        let names = names
            .into_iter()
            .map(|name| (name, "a declaration of roomcast"));
        for (name, second) in names.chain(built_in) {
            if let Some(taken) = self.types.get(&name) {
                let first = taken.path;
                return Err(ContractError::NameTaken {
                    name,
                    first,
                    second,
                });
            }
        }
        Ok(())
    }

    /// Whether all types could be written down.
    pub(super) fn checked(&mut self) -> Result<(), ContractError> {
        self.error.take().map_or(Ok(()), Err)
    }

    /// Escapes names that ts-rs has only put into quotes. What is no TypeScript even then is refused.
    pub(super) fn quote(&mut self, odd: &BTreeSet<String>) -> Result<(), ContractError> {
        for declared in self.types.values_mut() {
            declared.text = escape(&declared.text, odd);
            if let Some(fault) = fault(&declared.text) {
                return Err(ContractError::NoTypeScript {
                    path: declared.path,
                    reason: fault.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// What is to be compared.
    pub(super) fn declared(&self) -> impl Iterator<Item = agreement::Declared<'_>> {
        self.types
            .iter()
            .map(|(name, declared)| agreement::Declared {
                name,
                path: declared.path,
                text: &declared.text,
            })
    }

    /// All of them as source text.
    pub(super) fn finish(self, out: &mut String) {
        for Declared { docs, text, .. } in self.types.values() {
            // Writing to a string does not fail.
            let _ = write!(out, "\n{docs}export {text}\n");
        }
    }

    fn fail(&mut self, error: ContractError) {
        self.error.get_or_insert(error);
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Without a path it has no declaration: it is one of TypeScript's own.
        if T::output_path().is_none() {
            return;
        }
        let (name, path) = (T::ident(&self.config), type_name::<T::WithoutGenerics>());
        if !is_identifier(&name) || words::is_reserved(&name) {
            self.fail(ContractError::NoName {
                path,
                name: name.clone(),
            });
        }
        if let Some(known) = self.types.get(&name) {
            if known.path != path {
                let first = known.path;
                self.fail(ContractError::NameTaken {
                    name,
                    first,
                    second: path,
                });
            }
            return;
        }
        // What ts-rs has no TypeScript for, such as a flattened `Option`, it finds out here.
        let written = catch_unwind(AssertUnwindSafe(|| T::decl(&self.config)));
        let text = written.unwrap_or_else(|panic| {
            let reason = told(&*panic);
            self.fail(ContractError::NoTypeScript { path, reason });
            String::new()
        });
        let declared = Declared {
            path,
            docs: comments::of_type(T::docs().unwrap_or_default()),
            text: comments::of_fields(&text),
        };
        self.types.insert(name, declared);
        T::visit_dependencies(self);
    }
}

fn is_identifier(name: &str) -> bool {
    let is_part = |letter: char| letter.is_alphabetic() || matches!(letter, '0'..='9' | '_' | '$');
    !name.is_empty() && name.chars().all(is_part) && !name.starts_with(char::is_numeric)
}

fn told(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}
