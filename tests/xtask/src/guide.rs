//! Builds the guide and checks what mdBook lets pass: an include that finds nothing, a dead link, a search that finds nothing,
//! an AsyncAPI document that is not shown.
//! That its samples compile and run is the matter of the tests of the packages they come from; that the first programs do so
//! in a project of a reader's own is `stranger`'s.

pub(crate) mod asyncapi;
mod includes;
mod links;
pub(crate) mod stranger;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace) -> Result {
    let source = workspace.root.join("guide/src");
    let built = workspace.target.join("guide");
    asyncapi::place(workspace)?;
    process::run(
        Command::new(workspace.python_tool("mdbook")?)
            .arg("build")
            .arg(workspace.root.join("guide"))
            .arg("--dest-dir")
            .arg(&built)
            // By default it writes an empty page for a chapter that is not there.
            .env("MDBOOK_BUILD__CREATE_MISSING", "false"),
    )?;
    process::run(
        Command::new("node")
            .arg(workspace.root.join("tests/xtask/search.mjs"))
            .arg(&built),
    )?;
    let mut mistakes = Vec::new();
    for page in files(&source, "md")? {
        let text = std::fs::read_to_string(&page)?;
        mistakes.extend(includes::mistakes(&page, &text));
    }
    for page in files(&built, "html")? {
        // The two pages without links of their own: all chapters on one page, and the one whose links
        // are relative to the root of the site.
        if !(page.ends_with("print.html") || page.ends_with("404.html")) {
            let html = std::fs::read_to_string(&page)?;
            mistakes.extend(links::mistakes(&page, &html, &source));
        }
    }
    if !mistakes.is_empty() {
        return Err(Failure::new(format!("\n  {}", mistakes.join("\n  "))));
    }
    asyncapi::check(workspace, &built)
}

/// All files under `folder` with that extension, in order.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|of| of == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
