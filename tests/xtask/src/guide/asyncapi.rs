//! The AsyncAPI document of the guide: AsyncAPI's component, from npm, is put beside the pages, and a browser looks at what
//! it shows.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::workspace::Workspace;
use crate::{install, process};

const COMPONENT: &str = "node_modules/@asyncapi/react-component";

/// Where the guide's pages look for it; no part of the repository.
const PLACE: &str = "guide/src/asyncapi/component";

const FILES: &[&str] = &[
    "browser/standalone/index.js",
    "browser/standalone/index.js.LICENSE.txt",
    "styles/default.min.css",
];

/// Puts the component among the sources of the guide, so that each way of building it takes it along.
pub(super) fn place(workspace: &Workspace) -> Result {
    let from = workspace.root.join(install::GUIDE).join(COMPONENT);
    let place = workspace.root.join(PLACE);
    std::fs::create_dir_all(&place)?;
    for file in FILES {
        let file = from.join(file);
        let name = file.file_name().unwrap_or_default();
        std::fs::copy(&file, place.join(name)).map_err(|error| {
            let file = file.display();
            Failure::new(format!(
                "{file}: {error}; run `cargo xtask test --only install` first"
            ))
        })?;
    }
    Ok(())
}

/// The same for a reader, who can do without: then the document is shown as text.
pub(crate) fn place_if_possible(workspace: &Workspace) {
    let folder = workspace.root.join(install::GUIDE);
    let installed = match folder.join(COMPONENT).is_dir() {
        true => Ok(()),
        false => install::npm_packages(&folder),
    };
    if let Err(failure) = installed.and_then(|()| place(workspace)) {
        println!("the AsyncAPI document is shown as text only: {failure}");
    }
}

pub(super) fn check(workspace: &Workspace, built: &Path) -> Result {
    let chromium = install::chromium()
        .ok_or_else(|| Failure::new("Chromium is missing; run the step `install` first"))?;
    process::run(
        Command::new("node")
            .arg("--test")
            .arg(workspace.root.join("tests/e2e/guide/asyncapi.test.mjs"))
            .env("GUIDE", built)
            .env("CHROMIUM", chromium),
    )
}
