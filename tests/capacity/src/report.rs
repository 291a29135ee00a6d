//! The report, as a page of the guide.

use std::fmt::Write;

use crate::options::{Adapter, Options};
use crate::run::{Chat, Feature, Opened, Results};
use crate::wire::{ROOM, TEXT};
use crate::world::Sample;

const MB: f64 = 1_000_000.0;
const GB: f64 = 1_000_000_000.0;

/// Microseconds of a second.
const MICRO: f64 = 1_000_000.0;

/// The page, which shows the figure in the file of that name.
pub(crate) fn markdown(options: &Options, results: &Results, figure: &str) -> String {
    let mut page = String::new();
    for part in [
        head(options, results),
        format!("![memory by connections, and CPU by deliveries]({figure})\n\n"),
        memory(options, results),
        idle(options, results),
        chatting(options, results),
        end(options, results),
        features(results),
    ] {
        page.push_str(&part);
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn head(options: &Options, results: &Results) -> String {
    let Options {
        connections, nodes, ..
    } = options;
    let machine = &results.machine;
    let mut text = format!(
        "# Capacity: a run\n\n{} connections to ",
        count(*connections)
    );
    let _ = write!(
        text,
        "{nodes} nodes of roomcast {} on one machine. {} of them chat, each in a room of {ROOM} members on all nodes. \
         What follows from the figures is on the page [Capacity planning](capacity.md). To repeat the run: \
         `cargo xtask capacity`.\n\n",
        env!("CARGO_PKG_VERSION"),
        count(results.joined as usize),
    );
    let _ = write!(
        text,
        "| machine | |\n| --- | --- |\n| processor | {} cores, {} |\n| memory | {:.0} GB |\n| kernel | {} |\n\
         | descriptors of a process | {} |\n\n",
        machine.cores,
        machine.processor,
        machine.memory / GB,
        machine.kernel,
        count(machine.descriptors as usize),
    );
    let _ = write!(
        text,
        "Each node is a process with one worker, and each has a process of clients: WebSockets, on one thread. There is one \
         Redis ({}). All of these share the machine's {} cores, and both ends of each connection are in its kernel. So read \
         the CPU for each connection and message; the latencies are those of a machine that does everything at once. CPU is \
         user and system time of all threads of the nodes.\n\n",
        match options.adapter {
            Adapter::PubSub => "Pub/Sub",
            Adapter::Sharded => "sharded Pub/Sub",
            Adapter::Streams => "Streams",
        },
        machine.cores,
    );
    if options.quick {
        text.push_str(
            "**A quick run: it shows that the command works, and its figures mean nothing.**\n\n",
        );
    }
    text
}

fn memory(options: &Options, results: &Results) -> String {
    let mut text = format!(
        "## Opening connections\n\n{} a second, in {} steps. After each step the memory of all nodes together is measured. \
         Per connection means what was added since nobody was connected.\n\n\
         | connections | nodes, RSS: MB | PSS: MB | per connection, heap: bytes | RSS: bytes | kernel, per socket: bytes \
         | handshake and connect, CPU: µs |\n| --: | --: | --: | --: | --: | --: | --: |\n",
        count(options.rate as usize),
        results.opened.len(),
    );
    let mut before = 0;
    for step in &results.opened {
        let Opened { connections, .. } = *step;
        let all = connections as f64;
        let grown = step.after.nodes - results.empty.nodes;
        let handshakes = step.open.nodes.cpu - step.before.nodes.cpu;
        let _ = writeln!(
            text,
            "| {} | {:.1} | {:.1} | {} | {} | {} | {:.0} |",
            count(connections),
            step.after.nodes.rss / MB,
            step.after.nodes.pss / MB,
            bytes(grown.anonymous / all),
            bytes(grown.rss / all),
            // Each connection has two sockets on this machine.
            bytes((step.after.kernel - results.empty.kernel) / all / 2.0),
            handshakes / (connections - before) as f64 * MICRO,
        );
        before = connections;
    }
    text.push_str(
        "\nHeap is the process's anonymous memory, with its stacks. The kernel's part is how much its slabs and the sockets' \
         data have grown, divided by two, since both ends are on this machine. A node needs it in addition to the memory of \
         its process.\n\n",
    );
    text
}

fn idle(options: &Options, results: &Results) -> String {
    let idle = &results.idle;
    let (seconds, nodes) = cpu(&idle.before, &idle.after);
    let connections = options.connections as f64;
    format!(
        "## Idle\n\n{seconds:.0} s with nothing but pings, one for each connection every {} s: {} in that time.\n\n\
         | | |\n| --- | --: |\n| CPU of the nodes, of one core | {:.1} % |\n| per connection and second | {:.2} µs |\n\
         | per ping and pong | {:.1} µs |\n| processes of clients, of one core | {:.1} % |\n\n",
        options.ping_interval.as_secs_f64(),
        count(idle.pings as usize),
        nodes / seconds * 100.0,
        nodes / seconds / connections * MICRO,
        nodes / idle.pings.max(1) as f64 * MICRO,
        (idle.after.clients.cpu - idle.before.clients.cpu) / seconds * 100.0,
    )
}

fn chatting(options: &Options, results: &Results) -> String {
    let last = results.opened.last();
    let rooms = last.map_or(0.0, |open| {
        (results.rooms.nodes - open.after.nodes).anonymous
    });
    let mut text = format!(
        "## Chatting\n\n{} connections joined {} rooms, which took {} more bytes for each. Then they sent messages of {} \
         characters, each to the {ROOM} members of its room over Redis, while all {} connections stayed. Each rate was held \
         for {:.0} s.\n\n\
         | messages a second | deliveries | CPU of the nodes: cores | per delivery: µs | Redis: cores | per message: µs \
         | clients: cores | all that ran: cores | latency, half: ms | 99 %: ms |\n\
         | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n",
        count(results.joined as usize),
        count(results.joined as usize / ROOM as usize),
        bytes(rooms / results.joined.max(1) as f64),
        TEXT.len(),
        count(options.connections),
        options.window.as_secs_f64(),
    );
    for chat in &results.chats {
        let Chat { before, after, .. } = chat;
        let (seconds, nodes) = cpu(before, after);
        let redis = after.redis.cpu - before.redis.cpu;
        let _ = writeln!(
            text,
            "| {} | {} | {:.2} | {:.1} | {:.2} | {:.1} | {:.2} | {:.2} | {:.1} | {:.1} |",
            count((chat.said as f64 / seconds).round() as usize),
            count((chat.received as f64 / seconds).round() as usize),
            nodes / seconds,
            nodes / chat.received.max(1) as f64 * MICRO,
            redis / seconds,
            redis / chat.said.max(1) as f64 * MICRO,
            (after.clients.cpu - before.clients.cpu) / seconds,
            (after.busy - before.busy) / seconds,
            chat.latencies.percentile(50),
            chat.latencies.percentile(99),
        );
    }
    let totals = &results.totals;
    let _ = write!(
        text,
        "\n\"Per delivery\" is the whole CPU of the nodes, divided by deliveries: it includes reading the event, publishing it, \
         reading it on other nodes, and pings. \"All that ran\" is the whole machine, with other programs.\n\n\
         | | |\n| --- | --: |\n| messages said | {} |\n| deliveries expected | {} |\n| deliveries received | {} |\n\
         | left out before a later one | {} |\n| repeated, or late | {} |\n| dropped by nodes | {} |\n\
         | connections that broke and came back | {} |\n| attempts to connect that failed and were repeated | {} |\n\n",
        count(totals.said as usize),
        count(totals.expected as usize),
        count(totals.received as usize),
        count(totals.missing as usize),
        count(totals.repeated as usize),
        count(totals.dropped as usize),
        count(totals.reconnections as usize),
        count(totals.failures as usize),
    );
    text
}

fn end(options: &Options, results: &Results) -> String {
    let closed = &results.closed;
    let (seconds, nodes) = cpu(&closed.before, &closed.closed);
    format!(
        "## Closing\n\nAll {} connections were closed at once. The nodes had none left after {seconds:.1} s, and needed {:.0} µs \
         of CPU for each. Their RSS was {:.1} MB before and {:.1} MB after, and {:.1} MB when they were new. The allocator keeps \
         memory for the next connections, and tables do not shrink.\n\n",
        count(options.connections),
        nodes / options.connections as f64 * MICRO,
        closed.before.nodes.rss / MB,
        closed.after.nodes.rss / MB,
        results.empty.nodes.rss / MB,
    )
}

fn features(results: &Results) -> String {
    let mut text = String::from(
        "## What features add\n\nIdle connections to one new node for each row, with its own Redis.\n\n\
         | with | connections | per connection, heap: bytes | connect, CPU: µs | Redis, RSS per connection: bytes |\n\
         | --- | --: | --: | --: | --: |\n",
    );
    for feature in &results.features {
        let Feature {
            name,
            connections,
            before,
            after,
        } = feature;
        let grown = after.nodes - before.nodes;
        let all = *connections as f64;
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {:.0} | {} |",
            count(*connections),
            bytes(grown.anonymous / all),
            grown.cpu / all * MICRO,
            bytes((after.redis - before.redis).rss / all),
        );
    }
    text
}

/// The seconds between two samples, and those of the nodes' CPU.
fn cpu(before: &Sample, after: &Sample) -> (f64, f64) {
    let seconds = (after.at - before.at).as_secs_f64();
    (seconds, after.nodes.cpu - before.nodes.cpu)
}

fn bytes(bytes: f64) -> String {
    match bytes < 0.0 {
        true => format!("-{}", count(-bytes as usize)),
        false => count(bytes as usize),
    }
}

/// With commas, as people read numbers.
fn count(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        let counts = [0, 999, 1_000, 45_000, 1_234_567].map(count);
        assert_eq!(counts, ["0", "999", "1,000", "45,000", "1,234,567"]);
        assert_eq!(bytes(-2_000.9), "-2,000");
    }
}
