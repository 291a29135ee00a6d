//! The contract as TypeScript, in the form that `Socket` of socket.io-client and `Server` of
//! socket.io take.

mod common;
mod parameters;
mod parts;
mod quoting;
mod writer;

use std::fmt::Write;

use self::parameters::MAY_ACK;
pub(super) use self::quoting::{escape, fault, odd_names, quoted};
pub(super) use self::writer::Writer;
use super::{
    Contract, ContractError, EventContract, NamespaceContract, comments, names::prefix,
    wire::Direction,
};

const HEADER: &str = "\
// Written by roomcast from the types of the server (`Hub::contract`): change those, not this file.
";

impl Contract {
    /// The contract as a TypeScript module. For each namespace: `ServerToClientEvents`,
    /// `ClientToServerEvents` and `ConnectAuth`, with the name of the namespace before them unless
    /// it is `/` (`/admin`: `AdminServerToClientEvents`).
    ///
    /// An event that declares an ack takes a callback as its last parameter, which is called with the
    /// ack or with a `Rejected`. In what the server emits, the callback is optional: it is there if the
    /// server has used `emit_with_ack`. Of what is in `#[broadcasts(..)]` the comment says so. 64-bit
    /// integers are `number`, as in JSON. Names that are no identifiers are quoted and escaped.
    ///
    /// # Limits
    /// - In what clients send, a named field of the payload that may be missing (`Option`, or
    ///   `#[serde(default)]`) is optional. In nested types, and in tuple structs, write
    ///   `#[ts(optional)]` at the field.
    /// - That handlers reject with what `#[event(rejected = ..)]` declares is checked by
    ///   [`Rejection::of`](crate::Rejection::of) only. A middleware of events that adds data to its rejections
    ///   declares nothing, and what a [`Refusal`](crate::Refusal) has as data is `unknown`.
    /// - The form that [`Session::rejected`](crate::Session::rejected) gives to refusals is not known:
    ///   where it is overridden, `Rejected` is wrong.
    /// - A session without `#[emits(..)]` and `#[broadcasts(..)]` has clients that may listen to any event.
    ///
    /// # Errors
    /// [`ContractError::Undescribed`], [`ContractError::NameTaken`], [`ContractError::NoName`],
    /// [`ContractError::NoTypeScript`], [`ContractError::LikeRejected`] and [`ContractError::Disagreement`].
    pub fn typescript(&self) -> Result<String, ContractError> {
        let mut writer = Writer::new();
        let (mut namespaces, mut prefixes) = (String::new(), Vec::new());
        for namespace in &self.namespaces {
            let prefix = prefix(&namespace.name, |name| {
                prefixes.iter().any(|taken| taken == name)
            });
            write_namespace(namespace, &prefix, &mut writer, &mut namespaces)?;
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

fn write_namespace(
    namespace: &NamespaceContract,
    prefix: &str,
    writer: &mut Writer,
    out: &mut String,
) -> Result<(), ContractError> {
    // Where comments name it.
    let name = comments::open(&namespace.name);
    let auth = match namespace.auth() {
        Some(auth) => writer.wire(auth)?,
        None => "Record<string, unknown> | undefined".to_owned(),
    };
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
        write_event(event, writer, out)?;
    }
    let _ = write!(
        out,
        "}}\n\n/** What a client of `{name}` listens to. */\nexport interface {prefix}ServerToClientEvents {{\n"
    );
    match namespace.emits() {
        Some(events) => {
            for event in events.iter().chain(namespace.broadcasts()) {
                write_event(event, writer, out)?;
            }
        }
        // Anything may come.
        None => out.push_str("  [event: string]: (...args: any[]) => void;\n"),
    }
    out.push_str("}\n");
    Ok(())
}

/// What the comment of an event says that is in `#[broadcasts(..)]`.
const BROADCAST: &str = "Broadcast: to rooms, or to everyone in the namespace.";

fn write_event(
    event: &EventContract,
    writer: &mut Writer,
    out: &mut String,
) -> Result<(), ContractError> {
    let word = match event.direction() {
        Direction::Received => "ack:",
        // The server need not ask for it.
        Direction::Emitted => MAY_ACK,
    };
    let ack = writer.ack(event)?;
    let ack = ack.map(|parameters| format!("{word} ({parameters}) => void"));
    let parameters = writer.parameters(event, ack)?;
    let docs = comments::open(&event.docs());
    let docs: Vec<&str> = match (event.is_broadcast(), docs.is_empty()) {
        (false, _) => docs.lines().collect(),
        (true, true) => vec![BROADCAST],
        (true, false) => docs.lines().chain(["", BROADCAST]).collect(),
    };
    if !docs.is_empty() {
        let _ = writeln!(out, "  /**");
        for line in docs {
            let _ = writeln!(out, "{}", format!("   * {line}").trim_end());
        }
        let _ = writeln!(out, "   */");
    }
    let name = quoted(event.name());
    let _ = writeln!(out, "  {name}: ({}) => void;", parameters.join(", "));
    Ok(())
}
