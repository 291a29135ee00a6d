//! What the examples have in common, so that each of them shows its idea and nothing else: the command line, the server,
//! the files of a page, and what is for whoever runs it.

#[cfg(unix)]
mod descriptors;
mod files;
mod line;
pub mod operations;
mod options;
mod serve;

#[cfg(unix)]
pub use descriptors::allow_all as allow_all_descriptors;
pub use files::{File, POLICY, content_type};
pub use line::Line;
pub use serve::{Ending, cannot_bind, run, run_with, serve};

/// An example that is shown by a page.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Of the package.
    pub name: &'static str,
    /// What `--help` says besides the options: what the example shows, and the variables of the environment that it reads.
    pub about: &'static str,
    /// Its own files: see [`files!`].
    pub files: &'static [File],
}

/// The named files of the folder `static` beside `src`, as parts of the binary, so that it runs from any directory.
///
/// ```ignore
/// const FILES: &[example_page::File] = example_page::files!["index.html", "board.js"];
/// ```
#[macro_export]
macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$($crate::File::new($name, include_str!(concat!("../static/", $name)))),+]
    };
}
