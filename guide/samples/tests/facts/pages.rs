//! What stands in the pages and in the sources.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

type Text = Result<String, Box<dyn Error>>;

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the repository.
pub(crate) fn read(path: &str) -> Text {
    let text = fs::read_to_string(root().join(path));
    text.map_err(|error| format!("{path}: {error}").into())
}

/// All pages of the guide: the name of the file, and its text.
pub(crate) fn pages() -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut pages = Vec::new();
    for file in fs::read_dir(root().join("guide/src"))? {
        let path = file?.path();
        if path.extension().is_some_and(|of| of == "md") {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            pages.push((name.unwrap_or_default(), fs::read_to_string(path)?));
        }
    }
    Ok(pages)
}

/// The cells of the table whose header begins with `first`, without the header.
pub(crate) fn table(page: &str, first: &str) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
    let text = read(&format!("guide/src/{page}"))?;
    let header = format!("| {first} |");
    let lines = text.lines().skip_while(|line| !line.starts_with(&header));
    let rows: Vec<_> = lines
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(cells)
        .collect();
    match rows.is_empty() {
        true => Err(format!("{page} has no table `{first}`").into()),
        false => Ok(rows),
    }
}

/// The cells of one line of a table.
pub(crate) fn cells(line: &str) -> Vec<String> {
    let line = line.trim_matches('|');
    line.split(" | ")
        .map(|cell| cell.trim().to_owned())
        .collect()
}

/// What stands between backquotes.
pub(crate) fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What stands between quotes.
pub(crate) fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

/// All Rust sources of a folder in one text.
pub(crate) fn sources_below(folder: &Path) -> Text {
    let mut text = String::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            text += &sources_below(&path)?;
        } else if path.extension().is_some_and(|of| of == "rs") {
            text += &fs::read_to_string(path)?;
        }
    }
    Ok(text)
}
