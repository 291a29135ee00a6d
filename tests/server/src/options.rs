use std::{env, error::Error, fmt::Display, path::PathBuf, str::FromStr, time::Duration};

use roomcast::{PerMessageDeflate, Recovery, WebSocketMode};

pub(crate) struct Options {
    pub(crate) port: u16,
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) park_polls_after: Duration,
    pub(crate) mode: WebSocketMode,
    pub(crate) per_message_deflate: Option<PerMessageDeflate>,
    pub(crate) recovery: Option<Recovery>,
    pub(crate) msgpack: bool,
    pub(crate) origin: Option<String>,
    pub(crate) client: Option<PathBuf>,
}

impl Options {
    pub(crate) fn from_env() -> Result<Self, Box<dyn Error>> {
        let milliseconds = |name, default| read(name, default).map(Duration::from_millis);
        Ok(Self {
            port: read("PORT", 0)?,
            ping_interval: milliseconds("PING_INTERVAL", 25_000)?,
            ping_timeout: milliseconds("PING_TIMEOUT", 20_000)?,
            connect_timeout: milliseconds("CONNECT_TIMEOUT", 45_000)?,
            park_polls_after: milliseconds("PARK", 5_000)?,
            mode: match &*read("MODE", "handoff".to_owned())? {
                "handoff" => WebSocketMode::Handoff,
                "body" => WebSocketMode::BodyStream,
                other => return Err(format!("MODE is handoff or body, not {other}").into()),
            },
            per_message_deflate: match read("DEFLATE", 0)? {
                0 => None,
                _ => Some(PerMessageDeflate::default()),
            },
            recovery: match read("RECOVERY", 0)? {
                0 => None,
                milliseconds => {
                    let duration = Duration::from_millis(milliseconds);
                    Some(Recovery::new().max_disconnection_duration(duration))
                }
            },
            origin: env::var("ORIGIN").ok(),
            client: env::var_os("CLIENT").map(PathBuf::from),
            msgpack: match &*read("PARSER", "default".to_owned())? {
                "default" => false,
                "msgpack" => true,
                other => return Err(format!("PARSER is default or msgpack, not {other}").into()),
            },
        })
    }
}

fn read<T: FromStr<Err: Display>>(name: &str, default: T) -> Result<T, String> {
    let Ok(value) = env::var(name) else {
        return Ok(default);
    };
    value.parse().map_err(|error| format!("{name}: {error}"))
}
