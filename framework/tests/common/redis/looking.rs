//! Looking at processes, which announce nothing.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a server may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// What is found at last, on this thread; nothing after [`PATIENCE`].
#[expect(
    clippy::disallowed_methods,
    reason = "another process is looked at, which announces nothing"
)]
pub(super) fn found<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(PAUSE);
    }
}
