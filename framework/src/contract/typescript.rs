//! The contract as TypeScript, in the form that `Socket` of socket.io-client and `Server` of
//! socket.io take.

use std::fmt::Write;

use super::{
    Contract, ContractError, EventContract, NamespaceContract, Type,
    agreement::{self, Root},
    comments,
    declarations::Declarations,
    model::Direction,
    names::prefix,
    parts::elements,
    probe::Described,
    schema::Schemas,
};
use crate::event::Args;

const HEADER: &str = "\
// Written by roomcast from the types of the server (`Hub::contract`): change those, not this file.
";

/// What the declarations below refer to.
const COMMON: &str = "
/** The answer in the place of the declared one, where the server refuses an event; `D` is what its handler tells. */
export interface Rejected<D = unknown> {
  error: { message: string; data?: D | TooMany };
}

/** Where a limit on events is reached: what of it, and for how many milliseconds. */
export interface TooMany {
  limit: string;
  retryAfter: number;
}

/** What `connect_error` is called with, where the server refuses a client. */
export interface Refused extends Error {
  data?: unknown;
}

/** `T` without the fields `K`, each form of a union for itself. */
export type Without<T, K extends PropertyKey> = T extends unknown
  ? { [P in keyof T as P extends K ? never : P]: T[P] }
  : never;

/** `T` without the need to send the fields `K`, for which the server has defaults. */
export type Optional<T, K extends PropertyKey> = T extends unknown
  ? Without<T, K> & { [P in keyof T as P extends K ? P : never]?: T[P] }
  : never;
";

/// The names that `COMMON` declares.
const COMMON_NAMES: [&str; 5] = ["Optional", "Refused", "Rejected", "TooMany", "Without"];

impl Contract {
    /// The contract as a TypeScript module. For each namespace: `ServerToClientEvents`,
    /// `ClientToServerEvents` and `ConnectAuth`, with the name of the namespace before them unless
    /// it is `/` (`/admin`: `AdminServerToClientEvents`).
    ///
    /// An event that declares an ack takes a callback as its last parameter, which is called with the
    /// ack or with a `Rejected`. In what the server emits, the callback is optional: it is there if the
    /// server has used `emit_with_ack`. 64-bit integers are `number`, as in JSON.
    ///
    /// # Limits
    /// - In what clients send, a named field of the payload that may be missing (`Option`, or
    ///   `#[serde(default)]`) is optional. In nested types, and in tuple structs, write
    ///   `#[ts(optional)]` at the field.
    /// - That handlers reject with what `#[event(rejected = ..)]` declares is not checked.
    /// - The form that [`Session::rejected`](crate::Session::rejected) gives to refusals is not known:
    ///   where it is overridden, `Rejected` is wrong.
    /// - A session without `#[emits(..)]` has clients that may listen to any event.
    ///
    /// # Errors
    /// [`ContractError::Undescribed`], [`ContractError::NameTaken`], [`ContractError::NoTypeScript`],
    /// [`ContractError::LikeRejected`] and [`ContractError::Disagreement`].
    pub fn typescript(&self) -> Result<String, ContractError> {
        let mut writer = Writer::new();
        let (mut namespaces, mut prefixes) = (String::new(), Vec::new());
        for namespace in &self.namespaces {
            let prefix = prefix(&namespace.name, |name| {
                prefixes.iter().any(|taken| taken == name)
            });
            writer.namespace(namespace, &prefix, &mut namespaces)?;
            prefixes.push(prefix);
        }
        let parts = [
            "ConnectAuth",
            "ClientToServerEvents",
            "ServerToClientEvents",
        ];
        let of_namespaces = prefixes
            .iter()
            .flat_map(|prefix| parts.map(|part| format!("{prefix}{part}")));
        let mut out = HEADER.to_owned();
        writer.finish(of_namespaces, &mut out)?;
        out.push_str(&namespaces);
        Ok(out)
    }
}

/// Writes types, and remembers what they are made of.
pub(super) struct Writer {
    types: Declarations,
    /// Of each type in both directions.
    schemas: Schemas,
    /// What goes over the wire, to be compared.
    roots: Vec<Root>,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self {
            types: Declarations::new(),
            schemas: Schemas::new(),
            roots: Vec::new(),
        }
    }

    /// Writes what the parameters refer to. `others` are names that are declared beside it.
    pub(super) fn finish(
        mut self,
        others: impl Iterator<Item = String>,
        out: &mut String,
    ) -> Result<(), ContractError> {
        let own = COMMON_NAMES.map(ToOwned::to_owned);
        self.types.checked()?;
        self.types.reserve(own.into_iter().chain(others))?;
        agreement::check(&self.roots, self.types.declared(), &self.schemas)?;
        out.push_str(COMMON);
        self.types.finish(out);
        Ok(())
    }

    fn namespace(
        &mut self,
        namespace: &NamespaceContract,
        prefix: &str,
        out: &mut String,
    ) -> Result<(), ContractError> {
        let name = &namespace.name;
        let auth = self.auth(namespace)?;
        let auth = auth.unwrap_or_else(|| "Record<string, unknown> | undefined".to_owned());
        // Writing to a string does not fail.
        let _ = write!(
            out,
            "\n/** What a client of `{name}` sends to connect: `auth` in its options. */\n\
             export type {prefix}ConnectAuth = {auth};\n"
        );
        let _ = write!(
            out,
            "\n/** What a client of `{name}` emits. */\nexport interface {prefix}ClientToServerEvents {{\n"
        );
        for event in namespace.receives() {
            self.event(event, Direction::Received, out)?;
        }
        let _ = write!(
            out,
            "}}\n\n/** What a client of `{name}` listens to. */\nexport interface {prefix}ServerToClientEvents {{\n"
        );
        match namespace.emits() {
            Some(events) => {
                for event in events {
                    self.event(event, Direction::Emitted, out)?;
                }
            }
            // Anything may come.
            None => out.push_str("  [event: string]: (...args: any[]) => void;\n"),
        }
        out.push_str("}\n");
        Ok(())
    }

    /// `None` where every auth is taken.
    pub(super) fn auth(
        &mut self,
        namespace: &NamespaceContract,
    ) -> Result<Option<String>, ContractError> {
        let Some(auth) = &namespace.session.auth else {
            return Ok(None);
        };
        let place = || format!("auth of `{}`", namespace.name);
        let described = Declarations::described(auth, place)?;
        Ok(Some(self.value(auth, &described, Direction::Received)))
    }

    fn event(
        &mut self,
        event: &EventContract,
        direction: Direction,
        out: &mut String,
    ) -> Result<(), ContractError> {
        let word = match direction {
            Direction::Received => "ack:",
            // The server need not ask for it.
            Direction::Emitted => MAY_ACK,
        };
        let ack = match event.has_ack() {
            true => Some(format!("{word} ({}) => void", self.ack(event, direction)?)),
            false => None,
        };
        let parameters = self.parameters(event, direction, ack)?;
        let docs = comments::open(&event.docs());
        if !docs.is_empty() {
            let _ = writeln!(out, "  /**");
            for line in docs.lines() {
                let _ = writeln!(out, "{}", format!("   * {line}").trim_end());
            }
            let _ = writeln!(out, "   */");
        }
        let name = serde_json::Value::from(event.name);
        let _ = writeln!(out, "  {name}: ({}) => void;", parameters.join(", "));
        Ok(())
    }

    /// The parameters of an event, and behind them the `ack` if it is wanted.
    pub(super) fn parameters(
        &mut self,
        event: &EventContract,
        direction: Direction,
        ack: Option<String>,
    ) -> Result<Vec<String>, ContractError> {
        let described =
            |of: &Type| Declarations::described(of, || format!("event `{}`", event.name));
        Ok(match event.args {
            Args::None => ack.into_iter().collect(),
            Args::One => {
                let payload = described(&event.payload)?;
                let payload = self.value(&event.payload, &payload, direction);
                let payload = format!("payload: {payload}");
                std::iter::once(payload).chain(ack).collect()
            }
            Args::Many(_) => {
                let payload = described(&event.payload)?;
                (payload.declare_parts)(&mut self.types);
                let tuple = (payload.inline)(&self.types.config);
                self.root(&event.payload, &payload, direction, tuple.clone());
                numbered(&tuple, ack)
            }
        })
    }

    /// Keeps for the comparison how a type goes over the wire.
    fn root(&mut self, of: &Type, described: &Described, direction: Direction, typescript: String) {
        let root = Root {
            path: of.path,
            typescript,
            schema: self.schemas.of(described, direction),
            direction,
        };
        self.roots.push(root);
    }

    /// The parameters of the callback. Who answers has read the event.
    pub(super) fn ack(
        &mut self,
        event: &EventContract,
        asked: Direction,
    ) -> Result<String, ContractError> {
        let place = || format!("ack of event `{}`", event.name);
        let answer = Declarations::described(&event.ack, place)?;
        let rejected = self.rejected(event)?;
        let (direction, or_rejected) = match asked {
            Direction::Received => (Direction::Emitted, format!(" | {rejected}")),
            Direction::Emitted => (Direction::Received, String::new()),
        };
        Ok(match event.ack_args {
            Args::None => String::new(),
            Args::One => {
                if asked == Direction::Received {
                    self.told_from_a_rejection(event, &answer)?;
                }
                let answer = self.value(&event.ack, &answer, direction);
                format!("answer: {answer}{or_rejected}")
            }
            Args::Many(_) => {
                (answer.declare)(&mut self.types);
                let tuple = (answer.inline)(&self.types.config);
                self.root(&event.ack, &answer, direction, tuple.clone());
                match asked {
                    Direction::Received => format!("...answer: {tuple} | [{rejected}]"),
                    Direction::Emitted => numbered(&tuple, None).join(", "),
                }
            }
        })
    }

    /// What a client is told in the place of the answer.
    fn rejected(&mut self, event: &EventContract) -> Result<String, ContractError> {
        let Some(data) = &event.rejected else {
            return Ok("Rejected".to_owned());
        };
        let place = || format!("rejections of event `{}`", event.name);
        let described = Declarations::described(data, place)?;
        let data = self.value(data, &described, Direction::Emitted);
        Ok(format!("Rejected<{data}>"))
    }

    /// Clients look for `error` in an answer.
    fn told_from_a_rejection(
        &mut self,
        event: &EventContract,
        answer: &Described,
    ) -> Result<(), ContractError> {
        let direction = Direction::Emitted;
        let schema = self.schemas.of(answer, direction);
        match agreement::may_have_field(&schema, "error", &self.schemas, direction) {
            true => Err(ContractError::LikeRejected {
                path: event.ack.path,
                event: event.name,
            }),
            false => Ok(()),
        }
    }

    /// A type, without the need for what may be missing and without what does not go this way.
    fn value(&mut self, of: &Type, described: &Described, direction: Direction) -> String {
        (described.declare)(&mut self.types);
        let name = (described.name)(&self.types.config);
        let other = match direction {
            Direction::Received => Direction::Emitted,
            Direction::Emitted => Direction::Received,
        };
        let value = match self.schemas.fields(described, direction) {
            Some(fields) => {
                let elsewhere = self.schemas.fields(described, other).unwrap_or_default();
                let without = literals(elsewhere.all.difference(&fields.all));
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
            None => name,
        };
        self.root(of, described, direction, value.clone());
        value
    }
}

/// How a callback begins that may be missing.
const MAY_ACK: &str = "ack?:";

/// Strings as a union.
fn literals<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let quoted = names.map(|name| serde_json::Value::from(name.as_str()).to_string());
    quoted.collect::<Vec<_>>().join(" | ")
}

/// The elements of a tuple as parameters, and an `ack` behind them; of anything else one that takes the
/// rest.
fn numbered(tuple: &str, ack: Option<String>) -> Vec<String> {
    let Some(elements) = elements(tuple) else {
        return vec![match ack {
            None => format!("...args: {tuple}"),
            // Nothing may stand behind a rest parameter, but behind one in a tuple; there it is needed.
            Some(ack) if ack.starts_with(MAY_ACK) => {
                let ack = ack.replacen(MAY_ACK, "ack:", 1);
                format!("...args: {tuple} | [...args: {tuple}, {ack}]")
            }
            Some(ack) => format!("...args: [...args: {tuple}, {ack}]"),
        }];
    };
    // What stands behind an argument, it cannot be left out; `undefined` is `null` in JSON.
    let required = elements.iter().rposition(|it| !it.ends_with('?'));
    let required = match ack {
        Some(_) => elements.len(),
        None => required.map_or(0, |last| last + 1),
    };
    let parameter = |(index, element): (usize, &&str)| match element.strip_suffix('?') {
        None => format!("arg{index}: {element}"),
        Some(optional) if index < required => format!("arg{index}: {optional} | undefined"),
        Some(optional) => format!("arg{index}?: {optional}"),
    };
    let parameters = elements.iter().enumerate().map(parameter);
    parameters.chain(ack).collect()
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn arguments_that_may_be_left_out_are_the_last_ones() {
        let ack = || Some("ack: () => void".to_owned());
        for (tuple, alone, with_ack) in [
            (
                "[A, B]",
                "arg0: A, arg1: B",
                "arg0: A, arg1: B, ack: () => void",
            ),
            (
                "[A, (B)?]",
                "arg0: A, arg1?: (B)",
                "arg0: A, arg1: (B) | undefined, ack: () => void",
            ),
            (
                "[(A)?, B, (C)?]",
                "arg0: (A) | undefined, arg1: B, arg2?: (C)",
                "arg0: (A) | undefined, arg1: B, arg2: (C) | undefined, ack: () => void",
            ),
            ("[]", "", "ack: () => void"),
            (
                "Pair",
                "...args: Pair",
                "...args: [...args: Pair, ack: () => void]",
            ),
        ] {
            assert_eq!(numbered(tuple, None).join(", "), alone);
            assert_eq!(numbered(tuple, ack()).join(", "), with_ack);
        }
        let ack = Some("ack?: () => void".to_owned());
        assert_eq!(
            numbered("Pair", ack).join(", "),
            "...args: Pair | [...args: Pair, ack: () => void]"
        );
    }
}
