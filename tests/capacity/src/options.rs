//! The command line of a run.

use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) const HELP: &str = "\
How many connections nodes hold on this machine, and what each costs.

Usage: cargo xtask capacity [OPTION]...
    --connections N   over all nodes: default --nodes times --per-process
    --nodes N         each a process, with a process of clients for each: default 3
    --per-process N   connections that one process may have: default what the hard limit of descriptors allows, in steps
                      of 5000, and 15000 at most
    --chatting N      connections that are in a room of 10 and talk: default all
    --messages N      said in a second at most, in all rooms together: default 2000
    --rate N          connections opened in a second: default 1000
    --seconds N       for how long each load is measured: default 60
    --adapter NAME    pub_sub (default), sharded or streams
    --report FILE     the report, with its figure beside it: default guide/src/capacity-report.md
    --quick           a few hundred connections and seconds: shows that the command works, and measures nothing;
                      its report goes to the build folder, unless told otherwise";

/// Of connections, more than which a process is not given unless told so: a run takes minutes, and memory.
const USUAL: usize = 15_000;

/// So that machines that differ little do the same.
const STEP: usize = 5_000;

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

/// What a process holds if it may have so many, and nobody says how many it shall.
fn preset(most: usize) -> usize {
    match most - most % STEP {
        0 => most,
        steps => steps.min(USUAL),
    }
}

impl Options {
    /// Reads the command line, of which `--report` is a part that must be there. `most` is how many connections a process
    /// may have on this machine.
    ///
    /// # Errors
    ///
    /// With what is wrong, and what is known.
    pub(crate) fn parse(arguments: &[String], most: usize) -> Result<Self, Box<dyn Error>> {
        let quick = arguments.iter().any(|argument| argument == "--quick");
        let mut options = if quick { Self::quick() } else { Self::full() };
        if !quick {
            options.per_process = preset(most);
        }
        let (mut connections, mut chatting) = (None, None);
        let mut arguments = arguments.iter();
        while let Some(option) = arguments.next() {
            if option == "--quick" {
                continue;
            }
            let value = arguments.next().ok_or(HELP)?;
            match &**option {
                "--connections" => connections = Some(number(option, value)?),
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
        let places = options.nodes.saturating_mul(options.per_process);
        options.connections = connections.unwrap_or(places);
        options.chatting = chatting.unwrap_or(options.connections);
        options.check()?;
        Ok(options)
    }

    fn full() -> Self {
        Self {
            // These three by what the machine allows.
            connections: 0,
            per_process: 0,
            chatting: 0,
            nodes: 3,
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

    fn parse_on(most: usize, line: &str) -> Result<Options, Box<dyn Error>> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words, most)
    }

    fn parse(line: &str) -> Result<Options, Box<dyn Error>> {
        parse_on(19_500, line)
    }

    #[test]
    fn it_opens_as_many_as_the_machine_allows_unless_told_otherwise() {
        for (most, line, expected) in [
            (19_500, "--report r", (15_000, 45_000)),
            (523_788, "--report r", (15_000, 45_000)),
            (11_000, "--report r --nodes 2", (10_000, 20_000)),
            (3_596, "--report r", (3_596, 10_788)),
            (11_000, "--report r --per-process 20000", (20_000, 60_000)),
            (19_500, "--report r --connections 9", (15_000, 9)),
            (19_500, "--report r --quick --nodes 2", (100, 200)),
        ] {
            let options = parse_on(most, line).unwrap();
            let found = (options.per_process, options.connections);
            assert_eq!(found, expected, "{most}: {line}");
        }
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
