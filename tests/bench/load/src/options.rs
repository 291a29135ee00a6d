//! What a run is asked for.

use std::net::SocketAddr;
use std::str::FromStr;

use crate::Result;
use crate::stamp::SHORTEST;
use crate::usage::Processes;

/// What `load --help` prints.
pub const HELP: &str = "\
load SCENARIO --url ADDRESS[,ADDRESS..] [OPTION VALUE]..

  idle       opens connections, and holds them
  broadcast  members of one room and a publisher outside of it, who sends the next message when all have the last, or so
             many a second; with several addresses the members are dealt over them, and the publisher is at the first
  ack        connections that each keep echoes outstanding
  rooms      rooms of a group of connections; each sends so many messages a second to its own, evenly spread

  --pid P[,P..]      the servers, whose CPU time and memory are read
  --redis P          Redis, whose CPU time is told apart
  --connections N    or members (1000)
  --size BYTES       of a message (128)
  --seconds S        measured (5), after --warm-up S (2)
  --rate R           broadcast: messages a second, not one after the other; rooms: of each connection (1)
  --window W         broadcast: messages under way (1)
  --outstanding K    ack: echoes under way on each connection (1)
  --group G          rooms: connections in each (10)
  --settle S         after opening or joining (0.5)

Addresses are those of this machine. It prints one JSON object. Exit status: 0 if every message arrived once and in order, 2 if
not, 1 if it could not be measured.";

/// More would leave a client's address without ports.
const MOST_CONNECTIONS: usize = 20_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    Idle,
    Broadcast,
    Ack,
    Rooms,
}

/// Of one run: the command line of `load`, see [`HELP`].
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) scenario: Scenario,
    pub(crate) nodes: Vec<SocketAddr>,
    pub(crate) processes: Processes,
    pub(crate) connections: usize,
    pub(crate) size: usize,
    pub(crate) seconds: f64,
    pub(crate) warm_up: f64,
    pub(crate) rate: Option<f64>,
    pub(crate) window: usize,
    pub(crate) outstanding: usize,
    pub(crate) group: usize,
    pub(crate) settle: f64,
}

impl Options {
    /// Takes the words behind the program's name.
    ///
    /// # Errors
    ///
    /// If one is not in [`HELP`], or its value is out of bounds.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut words = words.into_iter();
        let mut options = Self {
            scenario: match words.next() {
                Some("idle") => Scenario::Idle,
                Some("broadcast") => Scenario::Broadcast,
                Some("ack") => Scenario::Ack,
                Some("rooms") => Scenario::Rooms,
                other => {
                    return Err(
                        format!("no scenario {}\n\n{HELP}", other.unwrap_or_default()).into(),
                    );
                }
            },
            nodes: Vec::new(),
            processes: Processes::default(),
            connections: 1_000,
            size: 128,
            seconds: 5.0,
            warm_up: 2.0,
            rate: None,
            window: 1,
            outstanding: 1,
            group: 10,
            settle: 0.5,
        };
        while let Some(name) = words.next() {
            let value = words
                .next()
                .ok_or_else(|| format!("{name} needs a value"))?;
            options
                .set(name, value)
                .map_err(|error| format!("{name} {value}: {error}"))?;
        }
        if options.nodes.is_empty() {
            return Err("--url is missing".into());
        }
        if options.scenario == Scenario::Rooms && !options.connections.is_multiple_of(options.group)
        {
            return Err("--connections: not a multiple of --group".into());
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result {
        match name {
            "--url" => self.nodes = list(value)?,
            "--pid" => self.processes.servers = list(value)?,
            "--redis" => self.processes.redis = list(value)?,
            "--connections" => self.connections = within(value, 1, MOST_CONNECTIONS)?,
            "--size" => self.size = within(value, SHORTEST, 60_000)?,
            "--seconds" => self.seconds = within(value, 0.0, 600.0)?,
            "--warm-up" => self.warm_up = within(value, 0.0, 600.0)?,
            "--rate" => self.rate = Some(within(value, 0.01, 100_000.0)?),
            "--window" => self.window = within(value, 1, 1_000)?,
            "--outstanding" => self.outstanding = within(value, 1, 1_000)?,
            "--group" => self.group = within(value, 1, 1_000)?,
            "--settle" => self.settle = within(value, 0.0, 600.0)?,
            _ => return Err("there is no such option".into()),
        }
        if let Some(node) = self.nodes.iter().find(|node| !node.ip().is_loopback()) {
            return Err(format!("{node} is not on this machine").into());
        }
        Ok(())
    }

    /// Where a connection goes: they are dealt over the nodes.
    pub(crate) fn node(&self, who: usize) -> SocketAddr {
        self.nodes[who % self.nodes.len()]
    }
}

fn list<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(text: &str) -> Result<Vec<T>> {
    text.split(',').map(|item| Ok(item.parse()?)).collect()
}

fn within<T>(text: &str, least: T, most: T) -> Result<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>
        + PartialOrd
        + Copy
        + std::fmt::Display,
{
    let value = text.parse()?;
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(format!("from {least} to {most}").into())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn refused(words: &str) -> String {
        Options::parse(words.split(' ')).unwrap_err().to_string()
    }

    #[test]
    fn what_is_given_is_taken_and_the_rest_has_defaults() {
        let words = "rooms --url 127.0.0.1:1,127.0.0.1:2 --pid 3,4 --connections 50 --rate 0.5";
        let options = Options::parse(words.split(' ')).unwrap();
        assert_eq!(
            (options.scenario, options.connections, options.group),
            (Scenario::Rooms, 50, 10)
        );
        assert_eq!(
            (options.rate, options.processes.servers),
            (Some(0.5), vec![3, 4])
        );
        assert_eq!(options.nodes.len(), 2);
    }

    #[test]
    fn mistakes_are_told() {
        for (words, told) in [
            ("fly", "no scenario fly"),
            ("idle", "--url is missing"),
            ("idle --url", "--url needs a value"),
            (
                "idle --url 192.0.2.1:80",
                "192.0.2.1:80 is not on this machine",
            ),
            (
                "idle --connections 20001",
                "--connections 20001: from 1 to 20000",
            ),
            ("ack --seconds NaN", "--seconds NaN: from 0 to 600"),
            ("ack --size 10", "--size 10: from 54 to 60000"),
            ("ack --speed 1", "--speed 1: there is no such option"),
            (
                "rooms --url 127.0.0.1:1 --connections 15",
                "not a multiple of --group",
            ),
        ] {
            assert!(refused(words).contains(told), "{}", refused(words));
        }
    }
}
