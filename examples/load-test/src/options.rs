//! What the command line says.

use std::str::FromStr;
use std::time::Duration;

use serde::de::{DeserializeOwned, IgnoredAny};

pub(crate) const HELP: &str = r#"Usage: load-test [OPTIONS]
    --url URL          of the server, such as http://127.0.0.1:3000: a server of its own unless given
    --clients COUNT    default 100
    --ramp COUNT       how many come in a second: default 100
    --seconds SECONDS  for how long, once all have come: default 10
    --rate COUNT       events a second of each client: default 1
    --auth JSON        what they connect with: nothing unless given
    --first JSON       an event that each emits once, as a list: none unless given
    --emit JSON        the event that is measured: default ["echo","hello"]
In the JSON {n} stands for the client's number. The example chat:
    --url http://127.0.0.1:3000 --auth '{"nick":"load {n}"}' \
    --first '["join",{"room":"load"}]' --emit '["say",{"room":"load","text":"hello"}]'"#;

pub(crate) enum Wanted {
    Help,
    Run(Options),
}

pub(crate) struct Options {
    /// Empty for a server of our own.
    pub(crate) url: String,
    pub(crate) clients: u32,
    pub(crate) ramp: u32,
    pub(crate) time: Duration,
    pub(crate) rate: u32,
    pub(crate) auth: String,
    pub(crate) first: Option<String>,
    pub(crate) emit: String,
}

impl Options {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Wanted, String> {
        let mut options = Self {
            url: String::new(),
            clients: 100,
            ramp: 100,
            time: Duration::from_secs(10),
            rate: 1,
            auth: String::new(),
            first: None,
            emit: r#"["echo","hello"]"#.to_owned(),
        };
        while let Some(option) = args.next() {
            if option == "--help" {
                return Ok(Wanted::Help);
            }
            let value = args.next().ok_or(HELP)?;
            match &*option {
                "--url" => options.url = value,
                "--clients" => options.clients = number(&option, &value)?,
                "--ramp" => options.ramp = number(&option, &value)?,
                "--seconds" => options.time = Duration::from_secs(number(&option, &value)?),
                "--rate" => options.rate = number(&option, &value)?,
                "--auth" => options.auth = json::<IgnoredAny>(&option, value)?,
                "--first" => options.first = Some(json::<Vec<IgnoredAny>>(&option, value)?),
                "--emit" => options.emit = json::<Vec<IgnoredAny>>(&option, value)?,
                _ => return Err(HELP.to_owned()),
            }
        }
        if options.clients == 0 || options.ramp == 0 || options.rate == 0 {
            return Err("--clients, --ramp and --rate are 1 or more".to_owned());
        }
        Ok(Wanted::Run(options))
    }
}

fn number<N: FromStr>(option: &str, value: &str) -> Result<N, String> {
    let number = value.parse();
    number.map_err(|_| format!("{option}: `{value}` is no such number"))
}

/// The text, if it is JSON of that form.
fn json<T: DeserializeOwned>(option: &str, value: String) -> Result<String, String> {
    match serde_json::from_str::<T>(&value) {
        Ok(_) => Ok(value),
        Err(error) => Err(format!("{option}: {error}")),
    }
}
