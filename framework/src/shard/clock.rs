//! The time on a worker. Within the turn of a connection it is what was read last: the system's clock is asked when
//! a turn first needs the time, and whenever a session's code has come back.

use std::{cell::Cell, marker::PhantomData};

use tokio::time::Instant;

thread_local! {
    static CLOCK: Cell<Clock> = const { Cell::new(Clock::Between) };
}

#[derive(Clone, Copy)]
enum Clock {
    /// No turn runs on this thread.
    Between,
    /// None has needed the time yet.
    Unread,
    Read(Instant),
    /// Read when a session's code had come back.
    Ended(Instant),
}

/// The turn of a connection. It ends when this is dropped, by a panic too.
pub(crate) struct Turn(PhantomData<*const ()>);

/// A turn begins.
pub(crate) fn turn() -> Turn {
    CLOCK.set(Clock::Unread);
    Turn(PhantomData)
}

impl Drop for Turn {
    fn drop(&mut self) {
        CLOCK.set(Clock::Between);
    }
}

/// The last reading of this turn.
pub(crate) fn now() -> Instant {
    match CLOCK.get() {
        Clock::Read(now) | Clock::Ended(now) => now,
        Clock::Between | Clock::Unread => read(),
    }
}

/// The time itself, which is then the last reading.
pub(crate) fn read() -> Instant {
    keep(Clock::Read)
}

/// The time itself, now that a session's code has come back.
pub(crate) fn ended() -> Instant {
    keep(Clock::Ended)
}

/// When a session's code has come back last, if nothing has begun since.
pub(super) fn end() -> Option<Instant> {
    match CLOCK.get() {
        Clock::Ended(at) => Some(at),
        Clock::Between | Clock::Unread | Clock::Read(_) => None,
    }
}

fn keep(kind: fn(Instant) -> Clock) -> Instant {
    let now = Instant::now();
    if !matches!(CLOCK.get(), Clock::Between) {
        CLOCK.set(kind(now));
    }
    now
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const STEP: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn within_a_turn_time_passes_when_the_clock_is_read() {
        let start = Instant::now();
        let turn = turn();
        tokio::time::advance(STEP).await;
        assert_eq!(now(), start + STEP, "nobody has needed it before");
        tokio::time::advance(STEP).await;
        assert_eq!(now(), start + STEP);
        assert_eq!(read(), start + 2 * STEP);
        assert_eq!(now(), start + 2 * STEP);
        assert_eq!(end(), None);
        assert_eq!((ended(), end()), (now(), Some(now())));
        read();
        assert_eq!(end(), None, "something else has begun");
        drop(turn);
        tokio::time::advance(STEP).await;
        assert_eq!((ended(), end()), (start + 3 * STEP, None));
        tokio::time::advance(STEP).await;
        assert_eq!(now(), start + 4 * STEP, "nothing is kept between turns");
    }
}
