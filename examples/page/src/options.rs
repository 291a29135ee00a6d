//! The command line of an example.

use crate::Page;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Help(String),
    Port(u16),
}

impl Page {
    /// Reads the arguments behind the program's name.
    pub(crate) fn wanted(
        &self,
        mut arguments: impl Iterator<Item = String>,
    ) -> Result<Wanted, String> {
        let mut port = 3000;
        while let Some(option) = arguments.next() {
            match &*option {
                "--help" => return Ok(Wanted::Help(self.help())),
                "--port" => {
                    let value = arguments.next().ok_or_else(|| self.help())?;
                    port = value.parse().map_err(|_| "a port is 0 to 65535")?;
                }
                _ => return Err(self.help()),
            }
        }
        Ok(Wanted::Port(port))
    }

    fn help(&self) -> String {
        let Self { name, about, .. } = self;
        format!(
            "{about}\n\nUsage: {name} [--port PORT]\n    --port PORT  where clients connect: 3000 unless given, 0 for any that is free"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page = Page {
        name: "board",
        about: "A board.",
        files: &[],
    };

    fn wanted(line: &str) -> Result<Wanted, String> {
        PAGE.wanted(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_port_or_help_is_wanted() {
        assert_eq!(wanted(""), Ok(Wanted::Port(3000)));
        assert_eq!(wanted("--port 0"), Ok(Wanted::Port(0)));
        let Ok(Wanted::Help(help)) = wanted("--help") else {
            panic!("no help");
        };
        assert!(help.starts_with("A board.\n\nUsage: board [--port PORT]"));
        assert_eq!(wanted("--colour"), Err(help.clone()));
        assert_eq!(wanted("--port"), Err(help));
        assert_eq!(wanted("--port x"), Err("a port is 0 to 65535".to_owned()));
    }
}
