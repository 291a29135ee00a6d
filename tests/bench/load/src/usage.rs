//! What the servers take: CPU time and memory.

use std::fs::read_to_string;

use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

use crate::{Result, report::Report};

/// Whose CPU time is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Processes {
    pub(crate) servers: Vec<i32>,
    pub(crate) redis: Vec<i32>,
}

/// CPU time until one moment, in nanoseconds: user and system, all threads, those that have ended too.
pub(crate) struct Moment {
    at: u64,
    servers: u64,
    redis: u64,
    own: u64,
}

impl Processes {
    /// # Errors
    ///
    /// If one of them has ended.
    pub(crate) fn now(&self, at: u64) -> Result<Moment> {
        Ok(Moment {
            at,
            servers: total(&self.servers, cpu)?,
            redis: total(&self.redis, cpu)?,
            own: nanoseconds(ClockId::CLOCK_PROCESS_CPUTIME_ID)?,
        })
    }

    /// The servers' proportional set size, in bytes: pages that processes share are divided between them.
    ///
    /// # Errors
    ///
    /// If one of them has ended.
    pub(crate) fn memory(&self) -> Result<u64> {
        total(&self.servers, memory)
    }
}

impl Moment {
    /// What there was for each of so many operations since, and how busy a processor was.
    pub(crate) fn report(&self, end: &Self, report: &mut Report, operations: u64, unit: &str) {
        let each = |from: u64, to: u64| per(to.saturating_sub(from) as f64 / 1e3, operations);
        let seconds = self.seconds(end);
        let own = end.own.saturating_sub(self.own);
        report.put(
            format!("server_cpu_us_per_{unit}"),
            each(self.servers, end.servers),
        );
        report.put("server_cpu_pct", self.share(end));
        report.put(
            format!("redis_cpu_us_per_{unit}"),
            each(self.redis, end.redis),
        );
        report.put("client_cpu_pct", own as f64 / 1e7 / seconds);
    }

    /// How busy the servers were, in % of one processor.
    pub(crate) fn share(&self, end: &Self) -> f64 {
        end.servers.saturating_sub(self.servers) as f64 / 1e7 / self.seconds(end)
    }

    pub(crate) fn seconds(&self, end: &Self) -> f64 {
        end.at.saturating_sub(self.at).max(1) as f64 / 1e9
    }
}

/// Of each; 0 where there were none.
pub(crate) fn per(value: f64, operations: u64) -> f64 {
    if operations == 0 {
        return 0.0;
    }
    value / operations as f64
}

/// Our own CPU time, in nanoseconds.
///
/// # Errors
///
/// If there is no such clock.
pub(crate) fn own() -> Result<u64> {
    nanoseconds(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

fn total(processes: &[i32], of_one: impl Fn(i32) -> Result<u64>) -> Result<u64> {
    let mut sum = 0;
    for process in processes {
        sum += of_one(*process).map_err(|error| format!("process {process}: {error}"))?;
    }
    Ok(sum)
}

/// No process has this number, as the kernel's `PID_MAX_LIMIT` is not reached. The clocks of higher ones are others.
const MOST: i32 = 1 << 22;

fn cpu(process: i32) -> Result<u64> {
    if !(1..=MOST).contains(&process) {
        return Err("not the number of a process".into());
    }
    nanoseconds(clock_getcpuclockid(Pid::from_raw(process))?)
}

fn nanoseconds(clock: ClockId) -> Result<u64> {
    let time = clock_gettime(clock)?;
    Ok(u64::try_from(time.tv_sec())? * 1_000_000_000 + u64::try_from(time.tv_nsec())?)
}

fn memory(process: i32) -> Result<u64> {
    let rollup = read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes
        .ok_or("/proc does not tell its memory")?
        .parse::<u64>()?
        * 1_024)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn this_process_is_told_of_and_one_that_is_not_there_is_an_error() {
        let here = Processes {
            servers: vec![std::process::id() as i32],
            redis: Vec::new(),
        };
        let (first, second) = (here.now(0).unwrap(), here.now(1).unwrap());
        assert!(first.servers > 0 && second.servers >= first.servers);
        assert!(here.memory().unwrap() > 100_000);

        let gone = Processes {
            servers: vec![MOST],
            redis: Vec::new(),
        };
        let error = gone.now(0).err().unwrap().to_string();
        assert!(error.contains("process 4194304"), "{error}");
    }
}
