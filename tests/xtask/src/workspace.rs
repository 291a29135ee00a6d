//! Where things are.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Where cargo builds, and where the tools and outputs of the steps go.
    pub(crate) target: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .ok_or_else(|| Failure::new("this package is not in tests/xtask"))?
            .to_owned();
        // This program is TARGET/debug/xtask, whichever way the target directory was configured.
        let target = std::env::current_exe()?
            .ancestors()
            .nth(2)
            .ok_or_else(|| Failure::new("this program was not started by cargo"))?
            .to_owned();
        Ok(Self { root, target })
    }

    /// Where the servers that tests talk to are built.
    pub(crate) fn binaries(&self) -> PathBuf {
        self.target.join("debug")
    }

    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.binaries().join(name)
    }

    /// The tools that came from PyPI.
    pub(crate) fn python_environment(&self) -> PathBuf {
        self.target.join("python")
    }

    /// A tool that came from PyPI.
    ///
    /// # Errors
    ///
    /// If the `install` step has not run.
    pub(crate) fn python_tool(&self, name: &str) -> Result<PathBuf> {
        let tool = self.python_environment().join("bin").join(name);
        if tool.is_file() {
            return Ok(tool);
        }
        Err(Failure::new(format!(
            "{name} is not installed; run `cargo xtask test --only install` first"
        )))
    }
}
