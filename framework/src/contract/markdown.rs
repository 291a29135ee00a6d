//! The contract as tables, to be read.

use std::fmt::Write;

use super::{Contract, ContractError, EventContract, NamespaceContract, typescript::Writer};

impl Contract {
    /// The contract as Markdown: a table of the events of each namespace, with their parameters as
    /// in [`typescript`](Self::typescript), and the types that these are made of.
    ///
    /// # Errors
    /// As [`typescript`](Self::typescript).
    pub fn markdown(&self) -> Result<String, ContractError> {
        let mut writer = Writer::new();
        let mut out = format!("# {} {}\n", self.title, self.version);
        for namespace in &self.namespaces {
            write_namespace(namespace, &mut writer, &mut out)?;
        }
        let mut types = String::new();
        writer.finish(std::iter::empty(), &mut types)?;
        // Writing to a string does not fail.
        let _ = write!(
            out,
            "\n## Types\n\n```typescript\n{}```\n",
            types.trim_start()
        );
        Ok(out)
    }
}

fn write_namespace(
    namespace: &NamespaceContract,
    writer: &mut Writer,
    out: &mut String,
) -> Result<(), ContractError> {
    let auth = match namespace.auth() {
        Some(auth) => code(&writer.wire(auth)?),
        None => "anything".to_owned(),
    };
    let _ = write!(
        out,
        "\n## Namespace {}\n\nA client sends {auth} as `auth`.\n",
        code(&namespace.name)
    );
    write_events("Clients emit", namespace.receives(), writer, out)?;
    match namespace.emits() {
        Some(emitted) => write_events("The server emits", emitted, writer, out)?,
        None => {
            let _ = writeln!(out, "\nWhat the server emits is not declared.");
        }
    }
    write_events("The server broadcasts", namespace.broadcasts(), writer, out)
}

fn write_events(
    heading: &str,
    events: &[EventContract],
    writer: &mut Writer,
    out: &mut String,
) -> Result<(), ContractError> {
    if events.is_empty() {
        return Ok(());
    }
    let _ = write!(
        out,
        "\n| {heading} | arguments | answer | |\n| --- | --- | --- | --- |\n"
    );
    for event in events {
        let args = code(&writer.parameters(event, None)?.join(", "));
        let answer = code(&writer.ack(event)?.unwrap_or_default());
        let docs = escaped(&event.docs());
        let docs = docs.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(
            out,
            "| {} | {args} | {answer} | {docs} |",
            code(event.name())
        );
    }
    Ok(())
}

fn code(text: &str) -> String {
    let text = escaped(text).replace(['\n', '\r'], " ");
    match text.as_str() {
        "" => String::new(),
        // More of them than there are within, and blanks, so that none is part of the fence.
        text if text.contains('`') => {
            let runs = text.split(|letter| letter != '`').map(str::len);
            let fence = "`".repeat(runs.max().unwrap_or_default() + 1);
            format!("{fence} {text} {fence}")
        }
        text => format!("`{text}`"),
    }
}

/// For a cell of a table.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
