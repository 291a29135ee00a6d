//! The command line of a run.

use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) const HELP: &str = "\
How many connections nodes hold on this machine, and what each costs.

Usage: cargo xtask capacity [OPTION]...
    --connections N   over all nodes: default 45000
    --nodes N         each a process, with a process of clients for each: default 3
    --per-process N   connections that one process may have: default 15000
    --chatting N      connections that are in a room of 10 and talk: default all
    --messages N      said in a second at most, in all rooms together: default 2000
    --rate N          connections opened in a second: default 1000
    --seconds N       for how long each load is measured: default 60
    --adapter NAME    pub_sub (default), sharded or streams
    --report FILE     the report, with its figure beside it: default guide/src/capacity-report.md
    --quick           a few hundred connections and seconds: shows that the command works, and measures nothing;
                      its report goes to the build folder, unless told otherwise";

/// The adapter that connects the nodes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Adapter {
    PubSub,
    Sharded,
    Streams,
}

/// What nodes do besides.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Features {
    /// Every socket has a user and is tracked in a room.
    pub(crate) presence: bool,
    /// Connection state recovery.
    pub(crate) recovery: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) connections: usize,
    pub(crate) nodes: usize,
    pub(crate) per_process: usize,
    pub(crate) chatting: usize,
    pub(crate) messages: f64,
    pub(crate) rate: f64,
    /// How long each load is measured.
    pub(crate) window: Duration,
    /// How long to wait before memory is measured, and so that what is measured next is not the end of what was before.
    pub(crate) settle: Duration,
    pub(crate) ping_interval: Duration,
    pub(crate) adapter: Adapter,
    pub(crate) report: PathBuf,
    pub(crate) quick: bool,
}

impl Options {
    /// Reads the command line, of which `--report` is a part that must be there.
    ///
    /// # Errors
    ///
    /// With what is wrong, and what is known.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Box<dyn Error>> {
        let quick = arguments.iter().any(|argument| argument == "--quick");
        let mut options = if quick { Self::quick() } else { Self::full() };
        let mut chatting = None;
        let mut arguments = arguments.iter();
        while let Some(option) = arguments.next() {
            if option == "--quick" {
                continue;
            }
            let value = arguments.next().ok_or(HELP)?;
            match &**option {
                "--connections" => options.connections = number(option, value)?,
                "--nodes" => options.nodes = number(option, value)?,
                "--per-process" => options.per_process = number(option, value)?,
                "--chatting" => chatting = Some(number(option, value)?),
                "--messages" => options.messages = f64::from(number::<u32>(option, value)?),
                "--rate" => options.rate = f64::from(number::<u32>(option, value)?),
                "--seconds" => options.window = Duration::from_secs(number(option, value)?),
                "--adapter" => options.adapter = adapter(value)?,
                "--report" => options.report = value.into(),
                _ => return Err(HELP.into()),
            }
        }
        options.chatting = chatting.unwrap_or(options.connections);
        options.check()?;
        Ok(options)
    }

    fn full() -> Self {
        Self {
            connections: 45_000,
            nodes: 3,
            per_process: 15_000,
            chatting: 0,
            messages: 2_000.0,
            rate: 1_000.0,
            window: Duration::from_secs(60),
            settle: Duration::from_secs(2),
            ping_interval: Duration::from_secs(25),
            adapter: Adapter::PubSub,
            report: PathBuf::new(),
            quick: false,
        }
    }

    fn quick() -> Self {
        Self {
            connections: 300,
            per_process: 100,
            messages: 100.0,
            rate: 300.0,
            window: Duration::from_secs(1),
            settle: Duration::from_millis(50),
            ping_interval: Duration::from_millis(300),
            quick: true,
            ..Self::full()
        }
    }

    fn check(&self) -> Result<(), String> {
        let most = self.nodes.saturating_mul(self.per_process);
        if !(1..=250).contains(&self.nodes) {
            return Err("--nodes: 1 to 250".to_owned());
        }
        if !(1..=most).contains(&self.connections) {
            return Err(format!(
                "--connections: 1 to {most}, which is --nodes times --per-process"
            ));
        }
        if self.chatting > self.connections {
            return Err("--chatting: at most --connections".to_owned());
        }
        if self.messages < 1.0 || self.rate < 1.0 || self.window.is_zero() {
            return Err("--messages, --rate and --seconds: at least 1".to_owned());
        }
        if self.report.as_os_str().is_empty() {
            return Err("--report: say where to".to_owned());
        }
        Ok(())
    }
}

fn number<N: FromStr>(option: &str, value: &str) -> Result<N, String> {
    let number = value.parse();
    number.map_err(|_| format!("{option}: `{value}` is no such number"))
}

fn adapter(value: &str) -> Result<Adapter, String> {
    match value {
        "pub_sub" => Ok(Adapter::PubSub),
        "sharded" => Ok(Adapter::Sharded),
        "streams" => Ok(Adapter::Streams),
        _ => Err("--adapter: pub_sub, sharded or streams".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn parse(line: &str) -> Result<Options, Box<dyn Error>> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    #[test]
    fn everybody_talks_unless_told_otherwise() {
        let options = parse("--report r.md --connections 600").unwrap();
        assert_eq!((options.chatting, options.nodes), (600, 3));
        let options = parse("--chatting 100 --report r.md --quick").unwrap();
        assert_eq!((options.chatting, options.connections), (100, 300));
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_option_and_what_is_allowed() {
        for (line, says) in [
            ("", "--report: say where to"),
            ("--report r --nodes 0", "--nodes: 1 to 250"),
            (
                "--report r --connections 45001",
                "--connections: 1 to 45000",
            ),
            ("--report r --chatting 45001", "--chatting: at most"),
            ("--report r --seconds 0", "--seconds: at least 1"),
            ("--report r --rate fast", "`fast` is no such number"),
            ("--report r --adapter kafka", "pub_sub, sharded or streams"),
            ("--slow 1", "Usage:"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(says), "{line}: {error}");
        }
    }
}
