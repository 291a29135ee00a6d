//! What the process logs, on standard error: as `RUST_LOG` says, or else from level `info` on.

use std::env;

use tracing::Subscriber;
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt,
    registry::LookupSpan,
};

/// # Errors
/// If `RUST_LOG` is neither a level nor a list as in `info,roomcast=debug`.
pub(crate) fn lines<S>() -> Result<impl Layer<S>, String>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let levels = match env::var("RUST_LOG") {
        Ok(levels) => {
            let levels = levels.parse::<Targets>();
            levels.map_err(|error| format!("RUST_LOG: {error}"))?
        }
        Err(_) => Targets::new().with_default(LevelFilter::INFO),
    };
    Ok(fmt::layer()
        .with_writer(std::io::stderr)
        .with_filter(levels))
}
