//! Contracts in files that are part of an application's sources.

use std::{env, fmt::Write, fs, io, path::Path};

use super::{Contract, ContractError};

/// Set to anything but nothing, files are written anew instead of compared.
const RENEW: &str = "ROOMCAST_CONTRACT_RENEW";

/// Lines of a difference that are shown.
const SHOWN: usize = 40;

impl Contract {
    /// Writes the contract into a file: TypeScript for `.ts`, the AsyncAPI document for `.json`,
    /// Markdown for `.md`. A file that is the same already is not touched.
    ///
    /// # Errors
    /// See [`ContractError`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), ContractError> {
        let path = path.as_ref();
        let text = self.text(path)?;
        match fs::read_to_string(path) {
            Ok(known) if is_same(&known, &text) => Ok(()),
            _ => fs::write(path, text).map_err(|error| failed(path, error)),
        }
    }

    /// For the application's own test: that [`write`](Self::write) would not change the file. With
    /// the environment variable `ROOMCAST_CONTRACT_RENEW=1` it is written instead.
    ///
    /// The path is relative to where the test runs, which with `cargo test` is the package.
    ///
    /// ```no_run
    /// # use roomcast::Hub;
    /// # fn hub() -> Hub { unimplemented!() }
    /// # /*
    /// #[test]
    /// # */
    /// fn the_front_end_has_the_contract() {
    ///     hub().contract().assert_current("web/contract.ts");
    /// }
    /// ```
    ///
    /// # Panics
    /// With the lines that differ if the file is another; with a [`ContractError`] if the contract
    /// cannot be written down or the file cannot be read.
    #[track_caller]
    pub fn assert_current(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        let renew = env::var_os(RENEW).is_some_and(|value| !value.is_empty());
        let outcome = match renew {
            true => self.write(path).map(|()| None),
            false => self.difference(path),
        };
        match outcome {
            Ok(None) => {}
            Ok(Some(difference)) => panic!(
                "{} is not current; run this test with {RENEW}=1 to write it\n{difference}",
                path.display()
            ),
            Err(error) => panic!("{error}"),
        }
    }

    fn difference(&self, path: &Path) -> Result<Option<String>, ContractError> {
        let text = self.text(path)?;
        let known = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|error| failed(path, error))?,
        };
        Ok((!is_same(&known, &text)).then(|| difference(&known, &text)))
    }

    fn text(&self, path: &Path) -> Result<String, ContractError> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("ts") => self.typescript(),
            Some("json") => self.asyncapi(),
            Some("md") => self.markdown(),
            _ => Err(ContractError::Extension(path.to_owned())),
        }
    }
}

fn failed(path: &Path, source: io::Error) -> ContractError {
    ContractError::File {
        path: path.to_owned(),
        source,
    }
}

/// Git may have changed the ends of lines.
fn is_same(known: &str, text: &str) -> bool {
    known.lines().eq(text.lines())
}

/// What is between the equal beginnings and the equal ends of two texts.
fn difference(known: &str, text: &str) -> String {
    let (known, text): (Vec<_>, Vec<_>) = (known.lines().collect(), text.lines().collect());
    let same = |(one, other): &(&&str, &&str)| one == other;
    let begin = known.iter().zip(&text).take_while(same).count();
    let (old, new) = (&known[begin..], &text[begin..]);
    let end = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(same)
        .count();
    let (old, new) = (&old[..old.len() - end], &new[..new.len() - end]);
    let mut shown = format!("from line {}:\n", begin + 1);
    for (mark, lines) in [('-', old), ('+', new)] {
        for line in lines.iter().take(SHOWN) {
            // Writing to a string does not fail.
            let _ = writeln!(shown, "{mark} {line}");
        }
        if let Some(more) = lines.len().checked_sub(SHOWN + 1) {
            let _ = writeln!(shown, "{mark} … and {} lines more", more + 1);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn only_the_lines_that_differ_are_shown() {
        assert_eq!(
            difference("a\nb\nc\nd", "a\nB\nC\nc\nd"),
            "from line 2:\n- b\n+ B\n+ C\n"
        );
        assert_eq!(difference("a\na", "a"), "from line 2:\n- a\n");
        assert_eq!(difference("", "a"), "from line 1:\n+ a\n");
    }

    #[test]
    fn a_long_difference_is_cut() {
        let text = "x\n".repeat(50);
        let shown = difference("", &text);
        assert_eq!(shown.lines().count(), 42);
        assert!(shown.ends_with("+ … and 10 lines more\n"), "{shown}");
    }
}
