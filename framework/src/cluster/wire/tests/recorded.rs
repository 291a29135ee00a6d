//! The recordings: what the Node adapters sent to Redis, and when.

use crate::protocol::engine_io::base64;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
pub(super) struct Recording {
    pub(super) steps: Vec<Step>,
}

#[derive(Deserialize)]
pub(super) struct Step {
    pub(super) op: String,
    pub(super) commands: Vec<Command>,
}

#[derive(Deserialize)]
pub(super) struct Command {
    pub(super) from: String,
    pub(super) command: String,
    pub(super) channel: Option<String>,
    /// Of what is published.
    payload: Option<String>,
    /// Of an entry that is added to a stream.
    pub(super) fields: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) args: Vec<Argument>,
}

#[derive(Deserialize)]
pub(super) struct Argument {
    pub(super) text: Option<String>,
}

impl Command {
    pub(super) fn payload(&self) -> Option<Vec<u8>> {
        self.payload.as_deref().map(base64::decode)
    }
}

macro_rules! recording {
    ($name:literal) => {
        serde_json::from_str::<Recording>(include_str!(concat!(
            "../../../../../tests/fixtures/redis-",
            $name,
            ".json"
        )))
        .unwrap()
    };
}

pub(super) fn classic() -> Recording {
    recording!("classic")
}

pub(super) fn sharded() -> Recording {
    recording!("sharded-dynamic")
}

pub(super) fn streams() -> Recording {
    recording!("streams")
}

pub(super) fn recovery() -> Recording {
    recording!("streams-recovery")
}

/// Each with the prefix of its channels.
pub(super) fn all_classic() -> [(&'static str, Recording); 4] {
    [
        ("socket.io", classic()),
        ("custom", recording!("classic-specific")),
        ("socket.io", recording!("classic-recovery")),
        ("socket.io", recording!("emitter")),
    ]
}

pub(super) fn all_sharded() -> [Recording; 4] {
    [
        sharded(),
        recording!("sharded-static"),
        recording!("sharded-dynamic-private"),
        recording!("sharded-recovery"),
    ]
}

pub(super) fn all_streams() -> [Recording; 4] {
    [
        streams(),
        recording!("streams-0.2"),
        recording!("streams-options"),
        recovery(),
    ]
}

impl Recording {
    pub(super) fn commands(&self) -> impl Iterator<Item = (&str, &Command)> {
        self.steps.iter().flat_map(|step| {
            step.commands
                .iter()
                .map(|command| (step.op.as_str(), command))
        })
    }

    /// What was published in the step whose description begins so; the first with such a channel.
    pub(super) fn published(&self, op: &str, channel: &str) -> Vec<u8> {
        let mut commands = self.commands().filter(|(step, _)| step.starts_with(op));
        let found = commands.find_map(|(_, command)| {
            let named = command.channel.as_deref()?.starts_with(channel);
            command.payload().filter(|_| named)
        });
        found.unwrap_or_else(|| panic!("{op}"))
    }
}
