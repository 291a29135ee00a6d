//! The recordings of Node's adapters, and what is compared of a command.

use std::fs;

use serde_json::Value;

use super::payload;

pub(crate) struct Recording {
    pub(crate) steps: Vec<Step>,
}

pub(crate) struct Step {
    /// What was called.
    pub(crate) op: String,
    pub(crate) sent: Vec<Sent>,
}

impl Step {
    /// Nothing is published for it.
    pub(crate) fn silent(op: &str) -> Self {
        Self {
            op: op.to_owned(),
            sent: Vec::new(),
        }
    }
}

/// A command without what differs from run to run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sent {
    /// The command, and one of its channels.
    Subscribed(String, String),
    /// The command, where it goes, and what it says.
    Published(String, String, String),
}

impl Sent {
    /// `None` of what is not compared.
    pub(crate) fn read(command: &str, args: &[Vec<u8>]) -> Vec<Self> {
        let text = |arg: &[u8]| String::from_utf8(arg.to_vec()).unwrap();
        match (command, args) {
            ("SUBSCRIBE" | "PSUBSCRIBE" | "SSUBSCRIBE", channels) => {
                let channels = channels.iter().map(|channel| text(channel));
                channels
                    // Those of the shared state are roomcast's own.
                    .filter(|channel| !channel.starts_with("roomcast"))
                    .map(|channel| Self::Subscribed(command.to_owned(), anonymous(&channel)))
                    .collect()
            }
            // What a node tells itself once a second, on a channel that nobody else listens to.
            ("PUBLISH" | "SPUBLISH", [_, payload]) if has(payload, b"round-trip-") => Vec::new(),
            ("PUBLISH" | "SPUBLISH", [channel, payload]) => {
                let payload = payload::read(payload).to_string();
                vec![Self::Published(
                    command.to_owned(),
                    anonymous(&text(channel)),
                    payload,
                )]
            }
            ("XADD", args) => {
                let args: Vec<_> = args.iter().map(|arg| text(arg)).collect();
                // The stream, how it is trimmed, `*`; then `uid`, `nsp`, `type`, `data`, each with its value.
                let (place, fields) = args.split_at(5);
                assert_eq!(
                    [&*fields[0], &fields[2], &fields[4], &fields[6]],
                    ["uid", "nsp", "type", "data"]
                );
                let data = payload::field(&fields[7]);
                let said = format!("{} {} {data}", fields[3], fields[5]);
                vec![Self::Published(command.to_owned(), place.join(" "), said)]
            }
            _ => Vec::new(),
        }
    }
}

impl Step {
    /// In an order that does not depend on which node, or which namespace, was quicker to subscribe.
    /// Of a server that starts the order in each namespace remains.
    pub(crate) fn in_order(&self, sent: Vec<Sent>) -> Vec<Sent> {
        let published = |sent: &Sent| matches!(sent, Sent::Published(..));
        let (published, mut subscribed): (Vec<_>, Vec<_>) = sent.into_iter().partition(published);
        match self.op.starts_with("server") {
            true => subscribed.sort_by(|one, other| one.namespace().cmp(other.namespace())),
            false => subscribed.sort(),
        }
        subscribed.extend(published);
        subscribed
    }
}

impl Sent {
    fn namespace(&self) -> &str {
        let (Self::Subscribed(_, place) | Self::Published(_, place, _)) = self;
        place.split('#').nth(1).unwrap_or_default()
    }
}

fn has(payload: &[u8], text: &[u8]) -> bool {
    payload.windows(text.len()).any(|part| part == text)
}

/// Node's ids of servers are other ones in each namespace.
fn anonymous(channel: &str) -> String {
    let mut parts: Vec<_> = channel.split('#').collect();
    if let [kind, _, name, ""] = &mut *parts {
        let is_server = kind.ends_with("-response")
            || name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_server {
            *name = "<server>";
        } else if payload::is_id(name) {
            *name = "<socket>";
        }
    }
    parts.join("#")
}

impl Recording {
    pub(crate) fn read(name: &str) -> Self {
        let root = env!("CARGO_MANIFEST_DIR");
        let path = format!("{root}/../tests/fixtures/redis-{name}.json");
        let recording: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let steps = recording["steps"].as_array().unwrap().iter();
        let steps = steps.map(|step| {
            let commands = step["commands"].as_array().unwrap().iter();
            let sent = commands.flat_map(|command| {
                let args = match command["channel"].as_str() {
                    Some(channel) => vec![
                        channel.as_bytes().to_vec(),
                        payload::base64(command["payload"].as_str().unwrap()),
                    ],
                    None => command["args"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|arg| arg["text"].as_str().unwrap_or_default().as_bytes().to_vec())
                        .collect(),
                };
                Sent::read(command["command"].as_str().unwrap(), &args)
            });
            Step {
                op: step["op"].as_str().unwrap().to_owned(),
                sent: sent.collect(),
            }
        });
        let mut steps: Vec<_> = steps.collect();
        // A hub begins with all its namespaces: one step, of two.
        let first = steps.remove(0);
        steps[0].sent.splice(..0, first.sent);
        Self { steps }
    }
}
