//! Whether the public interface of `roomcast` is the one that is written down. It is read from the documentation, which is
//! built anyway: comparing it takes a second and no tool.

use std::process::Command;

use crate::failure::Result;
use crate::workspace::Workspace;
use crate::{lints, process};

const READER: &str = "tests/interface/interface.py";

const WRITTEN: &str = "tests/interface/roomcast.txt";

pub(crate) fn run(workspace: &Workspace) -> Result {
    lints::document(workspace)?;
    process::run(
        Command::new(workspace.python_tool("python")?)
            .current_dir(&workspace.root)
            .arg(READER)
            .arg(lints::folder(workspace).join("doc/roomcast"))
            .arg(WRITTEN),
    )
}
