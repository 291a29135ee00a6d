//! What derived code asks of types, whether or not they can tell.
//!
//! Features are those of a whole build: one crate that wants a contract must not make all others
//! derive for it. So nothing here is demanded. Derived code calls [`ViaTypes::look`] where the type
//! can tell, and [`ViaNothing::look`] where it cannot: the compiler prefers the method that needs one
//! reference less.

use std::{any::type_name, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use ts_rs::{Config, TS};

use super::declarations::Declarations;
use crate::event::Rejects;

/// A type that is looked at.
pub struct Probe<T: ?Sized>(PhantomData<fn(&T)>);

impl<T: ?Sized> Probe<T> {
    #[doc(hidden)]
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// A type of the application, by its path, and how it is described.
#[derive(Clone, Copy)]
pub struct Type {
    pub(super) path: &'static str,
    pub(super) described: Option<Described>,
}

/// The two descriptions of a type.
#[derive(Clone, Copy)]
pub(super) struct Described {
    /// Its name in TypeScript.
    pub(super) name: fn(&Config) -> String,
    /// What the name stands for, or the name of what has no declaration.
    pub(super) inline: fn(&Config) -> String,
    /// Declares it and the types that it is made of.
    pub(super) declare: fn(&mut Declarations),
    /// Declares the types that it is made of.
    pub(super) declare_parts: fn(&mut Declarations),
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
    /// The schema with all that it refers to.
    pub(super) whole_schema: fn(SchemaGenerator) -> Schema,
}

impl Type {
    /// One that says what it is.
    #[must_use]
    pub fn described<T: TS + JsonSchema + 'static>() -> Self {
        Self {
            path: type_name::<T>(),
            described: Some(Described {
                name: T::name,
                inline: inline::<T>,
                declare: Declarations::add::<T>,
                declare_parts: Declarations::add_parts::<T>,
                schema: SchemaGenerator::subschema_for::<T>,
                whole_schema: SchemaGenerator::into_root_schema_for::<T>,
            }),
        }
    }

    /// One that does not.
    #[must_use]
    pub fn unknown<T: ?Sized>() -> Self {
        Self {
            path: type_name::<T>(),
            described: None,
        }
    }
}

fn inline<T: TS>(config: &Config) -> String {
    // Tuples panic when they are asked.
    match T::output_path() {
        Some(_) => T::inline(config),
        None => T::name(config),
    }
}

/// Of a type that can tell.
pub trait ViaTypes {
    /// How it is described.
    fn look(&self) -> Type;
}

impl<T: TS + JsonSchema + 'static> ViaTypes for Probe<T> {
    fn look(&self) -> Type {
        Type::described::<T>()
    }
}

/// Of any other.
pub trait ViaNothing {
    /// That it is not described.
    fn look(&self) -> Type;
}

impl<T: ?Sized> ViaNothing for &Probe<T> {
    fn look(&self) -> Type {
        Type::unknown::<T>()
    }
}

/// An event of which the rejections are looked at. Of the three methods called `rejected` the compiler
/// takes the first that there is.
pub struct RejectedProbe<E>(PhantomData<fn(E)>);

impl<E> RejectedProbe<E> {
    #[doc(hidden)]
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// Of an event that declares the data of its rejections, which can tell.
pub trait RejectedViaTypes {
    /// How the data is described.
    fn rejected(&self) -> Option<Type>;
}

impl<E: Rejects> RejectedViaTypes for &RejectedProbe<E>
where
    E::Data: TS + JsonSchema + 'static,
{
    fn rejected(&self) -> Option<Type> {
        Some(Type::described::<E::Data>())
    }
}

/// Of an event that declares data which cannot tell.
pub trait RejectedViaEvent {
    /// That it is not described.
    fn rejected(&self) -> Option<Type>;
}

impl<E: Rejects> RejectedViaEvent for &&RejectedProbe<E> {
    fn rejected(&self) -> Option<Type> {
        Some(Type::unknown::<E::Data>())
    }
}

/// Of any other event.
pub trait RejectedViaNothing {
    /// That nothing is declared.
    fn rejected(&self) -> Option<Type>;
}

impl<E> RejectedViaNothing for RejectedProbe<E> {
    fn rejected(&self) -> Option<Type> {
        None
    }
}
