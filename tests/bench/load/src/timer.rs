//! Wakes the poller when the next message is due: to the microsecond, where a poller counts milliseconds.

use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use crate::Result;

pub(crate) struct Timer {
    descriptor: TimerFd,
    due: u64,
}

impl Timer {
    /// # Errors
    ///
    /// If there is no descriptor left for it.
    pub(crate) fn register(registry: &Registry, token: Token) -> Result<Self> {
        let descriptor = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK)?;
        let number = descriptor.as_fd().as_raw_fd();
        registry.register(&mut SourceFd(&number), token, Interest::READABLE)?;
        Ok(Self { descriptor, due: 0 })
    }

    /// Due at that moment, which is later than now.
    ///
    /// # Errors
    ///
    /// If the kernel refuses.
    pub(crate) fn set(&mut self, now: u64, due: u64) -> Result {
        if self.due != due {
            let left =
                TimeSpec::from_duration(Duration::from_nanos(due.saturating_sub(now).max(1)));
            // Set anew it need not be read: each expiry is an edge.
            self.descriptor
                .set(Expiration::OneShot(left), TimerSetTimeFlags::empty())?;
            self.due = due;
        }
        Ok(())
    }
}
