//! Types as they are used, and what they are made of.

use std::collections::BTreeSet;

use super::{
    common::{COMMON, COMMON_NAMES},
    escape, fault, odd_names,
    parameters::numbered,
    quoted,
};
use crate::{
    contract::{
        ContractError, EventContract, TypeContract,
        agreement::{self, Root},
        declarations::Declarations,
        probe::Described,
        schema::Schemas,
        wire::Direction,
    },
    event::Args,
};

/// Writes types, and remembers what they are made of.
pub(in crate::contract) struct Writer {
    types: Declarations,
    /// Of each type in both directions.
    schemas: Schemas,
    /// What goes over the wire, to be compared.
    roots: Vec<Root>,
}

impl Writer {
    pub(in crate::contract) fn new() -> Self {
        Self {
            types: Declarations::new(),
            schemas: Schemas::new(),
            roots: Vec::new(),
        }
    }

    /// Writes what the parameters refer to. `others` are names that are declared beside it.
    pub(in crate::contract) fn finish(
        mut self,
        others: impl Iterator<Item = String>,
        out: &mut String,
    ) -> Result<(), ContractError> {
        let own = COMMON_NAMES.map(ToOwned::to_owned);
        self.types.checked()?;
        self.types.quote(&self.schemas.odd_names())?;
        self.types.reserve(own.into_iter().chain(others))?;
        agreement::check(&self.roots, self.types.declared(), &self.schemas)?;
        out.push_str(COMMON);
        self.types.finish(out);
        Ok(())
    }

    /// A type as it goes over the wire: of several arguments, the list.
    pub(in crate::contract) fn wire(&mut self, of: &TypeContract) -> Result<String, ContractError> {
        let described = of.described()?;
        let schema = self.schemas.of(&described, of.direction);
        let typescript = match of.args {
            Args::Many(_) => {
                (described.declare_parts)(&mut self.types);
                let inline = (described.inline)(&self.types.config);
                self.escaped(of, &inline, &schema)?
            }
            Args::None | Args::One => {
                (described.declare)(&mut self.types);
                self.value(&described, of.direction)
            }
        };
        self.roots.push(Root {
            path: of.rust(),
            typescript: typescript.clone(),
            schema,
            direction: of.direction,
        });
        Ok(typescript)
    }

    /// What is written where it is used, and not in a declaration.
    fn escaped(
        &self,
        of: &TypeContract,
        inline: &str,
        schema: &serde_json::Value,
    ) -> Result<String, ContractError> {
        let mut odd: BTreeSet<String> = self.schemas.odd_names();
        odd_names(schema, &mut odd);
        let text = escape(inline, &odd);
        match fault(&text) {
            None => Ok(text),
            Some(fault) => Err(ContractError::NoTypeScript {
                path: of.rust(),
                reason: fault.to_owned(),
            }),
        }
    }

    /// The parameters of an event, and behind them the `ack` if it is wanted.
    pub(in crate::contract) fn parameters(
        &mut self,
        event: &EventContract,
        ack: Option<String>,
    ) -> Result<Vec<String>, ContractError> {
        let Some(payload) = event.payload() else {
            return Ok(ack.into_iter().collect());
        };
        let typescript = self.wire(payload)?;
        Ok(match payload.args {
            Args::Many(_) => numbered(&typescript, ack),
            Args::None | Args::One => {
                let payload = format!("payload: {typescript}");
                std::iter::once(payload).chain(ack).collect()
            }
        })
    }

    /// The parameters of the callback, where there is one. Who answers has read the event.
    pub(in crate::contract) fn ack(
        &mut self,
        event: &EventContract,
    ) -> Result<Option<String>, ContractError> {
        let Some(ack) = event.ack() else {
            return Ok(None);
        };
        let answer = self.wire(ack)?;
        let parameters = match (event.direction(), ack.args) {
            (Direction::Received, Args::Many(_)) => {
                format!("...answer: {answer} | [{}]", self.rejected(event)?)
            }
            (Direction::Emitted, Args::Many(_)) => numbered(&answer, None).join(", "),
            (Direction::Received, Args::None | Args::One) => {
                self.told_from_a_rejection(event, ack)?;
                format!("answer: {answer} | {}", self.rejected(event)?)
            }
            (Direction::Emitted, Args::None | Args::One) => format!("answer: {answer}"),
        };
        Ok(Some(parameters))
    }

    /// What a client is told in the place of the answer.
    fn rejected(&mut self, event: &EventContract) -> Result<String, ContractError> {
        Ok(match event.rejected() {
            None => "Rejected".to_owned(),
            Some(data) => format!("Rejected<{}>", self.wire(data)?),
        })
    }

    /// Clients look for `error` in an answer.
    fn told_from_a_rejection(
        &mut self,
        event: &EventContract,
        answer: &TypeContract,
    ) -> Result<(), ContractError> {
        let schema = self.schemas.of(&answer.described()?, answer.direction);
        match agreement::may_have_field(&schema, "error", &self.schemas, answer.direction) {
            true => Err(ContractError::LikeRejected {
                path: answer.rust(),
                event: event.name(),
            }),
            false => Ok(()),
        }
    }

    /// The name of a type, without the need for what may be missing and without what does not go this
    /// way.
    fn value(&mut self, described: &Described, direction: Direction) -> String {
        let name = (described.name)(&self.types.config);
        let Some(fields) = self.schemas.fields(described, direction) else {
            return name;
        };
        let elsewhere = self.schemas.fields(described, direction.back());
        let without = literals(elsewhere.unwrap_or_default().all.difference(&fields.all));
        let name = match without.is_empty() {
            true => name,
            false => format!("Without<{name}, {without}>"),
        };
        let optional = literals(fields.all.difference(&fields.required));
        match optional.is_empty() {
            true => name,
            false => format!("Optional<{name}, {optional}>"),
        }
    }
}

/// Strings as a union.
fn literals<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names = names.map(|name| quoted(name));
    names.collect::<Vec<_>>().join(" | ")
}
