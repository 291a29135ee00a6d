//! Gets what the other steps need: Debian's packages where we may install them, npm packages by lock
//! file, and Python tools by hash. What is there already is left alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;
use crate::workspace::Workspace;

pub(crate) struct Program {
    pub(crate) what: &'static str,
    /// The package of Debian and its kin.
    pub(crate) package: &'static str,
    pub(crate) is_there: fn() -> bool,
}

pub(crate) const NODE: Program = Program {
    what: "Node.js 18 or newer",
    package: "nodejs",
    is_there: node_is_new_enough,
};

pub(crate) const NPM: Program = Program {
    what: "npm",
    package: "npm",
    is_there: || process::find("npm").is_some(),
};

const PROGRAMS: &[Program] = &[
    Program {
        what: "Chromium",
        package: "chromium",
        is_there: || chromium().is_some(),
    },
    NODE,
    NPM,
    Program {
        what: "Redis 7 or newer",
        package: "redis-server",
        is_there: redis_is_new_enough,
    },
    Program {
        what: "nginx",
        package: "nginx",
        is_there: || is_administrators("nginx"),
    },
    Program {
        what: "HAProxy",
        package: "haproxy",
        is_there: || is_administrators("haproxy"),
    },
    Program {
        what: "systemd-analyze",
        package: "systemd",
        is_there: || process::find("systemd-analyze").is_some(),
    },
    Program {
        what: "Python 3 with venv",
        package: "python3-venv",
        is_there: python_has_venv,
    },
    Program {
        what: "a C++ compiler, for libFuzzer",
        package: "g++",
        is_there: || process::find("c++").is_some(),
    },
];

/// What Debian 12 has; playwright-core is held at the last minor version that runs on it.
const OLDEST_NODE: u32 = 18;

/// The first with sharded pub/sub.
const OLDEST_REDIS: u32 = 7;

/// The server of Node.js in the example of that name.
pub(crate) const MIXED_CLUSTER: &str = "examples/mixed-cluster";

/// The page of the example of that name.
pub(crate) const TODO: &str = "examples/todo/web";

/// What shows AsyncAPI documents in the guide.
pub(crate) const GUIDE: &str = "guide/asyncapi";

pub(crate) fn run(workspace: &Workspace) -> Result {
    programs(PROGRAMS)?;
    for folder in ["tests/e2e", "tests/cluster", MIXED_CLUSTER, TODO, GUIDE] {
        npm_packages(&workspace.root.join(folder))?;
    }
    python_tools(workspace)
}

/// The browser: the one that `CHROMIUM` names, else the first on the path.
pub(crate) fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find_map(process::find)
}

fn missing(wanted: &[Program]) -> Vec<&Program> {
    let is_missing = |program: &&Program| !(program.is_there)();
    wanted.iter().filter(is_missing).collect()
}

/// Installs those that are missing.
///
/// # Errors
///
/// If some still are, as where we may not install anything.
pub(crate) fn programs(wanted: &[Program]) -> Result {
    let packages: Vec<_> = missing(wanted)
        .iter()
        .map(|program| program.package)
        .collect();
    if packages.is_empty() {
        return Ok(());
    }
    if process::find("apt-get").is_some() && is_root() {
        process::run(Command::new("apt-get").args(["--quiet", "update"]))?;
        process::run(
            Command::new("apt-get")
                .args(["--quiet", "--yes", "--no-install-recommends", "install"])
                .args(&packages)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )?;
    }
    let still_missing = missing(wanted);
    if still_missing.is_empty() {
        return Ok(());
    }
    Err(Failure::new(what_to_install(&still_missing)))
}

fn what_to_install(missing: &[&Program]) -> String {
    let whats: Vec<_> = missing.iter().map(|program| program.what).collect();
    let packages: Vec<_> = missing.iter().map(|program| program.package).collect();
    format!(
        "these are missing: {}\non Debian and its kin: sudo apt-get install {}",
        whats.join(", "),
        packages.join(" ")
    )
}

pub(crate) fn npm_packages(folder: &Path) -> Result {
    process::run(
        Command::new("npm")
            .current_dir(folder)
            .args(["ci", "--prefer-offline"]),
    )
}

/// # Errors
///
/// If there is no Python with venv, or a tool cannot be fetched.
pub(crate) fn python_tools(workspace: &Workspace) -> Result {
    let environment = workspace.python_environment();
    process::run(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment),
    )?;
    process::run(
        Command::new(environment.join("bin/python"))
            .args(["-m", "pip", "--quiet", "--disable-pip-version-check"])
            // What is needed is listed; of one package only the files are, not what its program needs.
            .args(["install", "--no-deps", "--require-hashes", "--requirement"])
            .arg(workspace.root.join("tests/xtask/requirements.txt"))
            .arg("--requirement")
            .arg(workspace.root.join("tests/python/requirements.txt")),
    )
}

pub(crate) fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).as_deref() == Some("0")
}

/// Debian has it where not everybody's path leads.
pub(crate) fn is_administrators(program: &str) -> bool {
    let usual = Path::new("/usr/sbin").join(program);
    process::find(program).is_some() || usual.is_file()
}

fn python_has_venv() -> bool {
    let import = Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .output();
    import.is_ok_and(|output| output.status.success())
}

fn node_is_new_enough() -> bool {
    process::output(Command::new("node").arg("--version"))
        .and_then(|version| major(&version))
        .is_some_and(|major| major >= OLDEST_NODE)
}

fn redis_is_new_enough() -> bool {
    process::output(Command::new("redis-server").arg("--version"))
        .and_then(|version| major(&version))
        .is_some_and(|major| major >= OLDEST_REDIS)
}

/// The first number of a version like `v18.20.4`, or `v=7.0.15` among other words.
fn major(version: &str) -> Option<u32> {
    let mut words = version.split_whitespace();
    let version = words.find_map(|word| word.strip_prefix("v=").or(word.strip_prefix('v')))?;
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(major("v18.20.4"), Some(18));
        assert_eq!(major("v8.0.0"), Some(8));
        assert_eq!(major("Redis server v=7.0.15 sha=0:0 bits=64"), Some(7));
        assert_eq!(major("command not found"), None);
    }

    #[test]
    fn what_is_missing_is_named_with_its_package() {
        let all: Vec<_> = PROGRAMS.iter().collect();
        let message = what_to_install(&all);
        for program in PROGRAMS {
            assert!(message.contains(program.what), "{message}");
            assert!(message.contains(program.package), "{message}");
        }
    }
}
