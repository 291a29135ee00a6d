//! Runs an example of a cluster: a Redis of its own and the nodes, each a process on a free port. Prints where they
//! listen, says when one ends, and stops all of them when it is told to end.
//!
//! `launch cluster BINARIES` and `launch mixed-cluster BINARIES FOLDER`, where BINARIES is the folder with the nodes'
//! program and FOLDER that with `server.mjs`. `cargo xtask` builds what is needed and calls it.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use launch::process::{self, Process};
use launch::{Result, redis};
use tokio::signal::unix::{SignalKind, signal};

/// How often the processes are looked after.
const LOOK: Duration = Duration::from_millis(100);

/// What has been started and not ended yet.
#[derive(Default)]
struct World {
    redis: Vec<Process>,
    nodes: Vec<Process>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(std::env::args_os().skip(1).collect()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Vec<OsString>) -> Result {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut world = World::default();
    let outcome = tokio::select! {
        outcome = start_and_watch(&arguments, &mut world) => outcome,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        _ = hang_up.recv() => Ok(()),
    };
    // Redis last, so that the nodes can tell it that they go.
    process::stop(world.nodes).await;
    process::stop(world.redis).await;
    outcome
}

async fn start_and_watch(arguments: &[OsString], world: &mut World) -> Result {
    let name = arguments.first().and_then(|name| name.to_str());
    let folders: Vec<&Path> = arguments.iter().skip(1).map(Path::new).collect();
    let (redis, address) = redis::start().await?;
    world.redis.push(redis);
    let url = format!("redis://{address}/");
    for (name, command) in nodes(name, &folders, &url)? {
        world.nodes.push(Process::start(name, command)?);
    }
    println!("{:<14}{url}", "redis-server");
    for node in &mut world.nodes {
        let url = node.listens().await?;
        println!("{:<14}{url}", node.name);
    }
    println!("Ctrl-C stops all of it.");
    watch(world).await
}

/// The programs of an example with what they are called in what we print.
fn nodes(
    example: Option<&str>,
    folders: &[&Path],
    redis: &str,
) -> Result<Vec<(&'static str, Command)>> {
    let roomcast = |binaries: &Path, name: &str| {
        let mut command = Command::new(binaries.join("cluster"));
        command.args(["--redis", redis, "--name", name]);
        command
    };
    match (example, folders) {
        (Some("cluster"), [binaries]) => Ok(["node-1", "node-2", "node-3"]
            .map(|name| (name, roomcast(binaries, name)))
            .into()),
        (Some("mixed-cluster"), [binaries, folder]) => {
            let mut node = Command::new("node");
            node.arg(folder.join("server.mjs"))
                .args(["--redis", redis, "--name", "node-js"]);
            let mut with_node_js = roomcast(binaries, "roomcast");
            with_node_js.arg("--with-node-js");
            Ok(vec![("node-js", node), ("roomcast", with_node_js)])
        }
        _ => Err("launch cluster BINARIES, or launch mixed-cluster BINARIES FOLDER".into()),
    }
}

/// Says which process has ended, and returns when the last node has.
async fn watch(world: &mut World) -> Result {
    while !world.nodes.is_empty() {
        tokio::time::sleep(LOOK).await;
        for processes in [&mut world.nodes, &mut world.redis] {
            let mut running = Vec::with_capacity(processes.len());
            for mut process in processes.drain(..) {
                match process.ended()? {
                    Some(status) => eprintln!("{} ended: {status}; the others go on", process.name),
                    None => running.push(process),
                }
            }
            *processes = running;
        }
    }
    Err("no node is left".into())
}
