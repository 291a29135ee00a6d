//! What processes and the kernel take, as `/proc` tells.

use std::fs::read_to_string;
use std::ops::{AddAssign, Sub};

use launch::Result;

/// Of a second: what the kernel counts processors' time in, on all of Linux's platforms (`USER_HZ`).
const TICKS: u32 = 100;

/// Of one process, or of several together.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Heap and stacks, in bytes: what no other process shares, as they all share the program.
    pub(crate) anonymous: f64,
    /// The proportional set size, in bytes: pages that processes share are divided between them.
    pub(crate) pss: f64,
    /// The resident set size, in bytes.
    pub(crate) rss: f64,
    /// Time on a processor, of all threads, in this program and in the kernel for it, in seconds.
    pub(crate) cpu: f64,
}

impl Usage {
    /// # Errors
    ///
    /// If there is no such process, or no `/proc`.
    pub(crate) fn of(process: u32) -> Result<Self> {
        let memory = read_to_string(format!("/proc/{process}/smaps_rollup"))?;
        let stat = read_to_string(format!("/proc/{process}/stat"))?;
        Ok(Self {
            anonymous: kilobytes(&memory, "Anonymous:")?,
            pss: kilobytes(&memory, "Pss:")?,
            rss: kilobytes(&memory, "Rss:")?,
            cpu: cpu(&stat).ok_or("what /proc says of a process is not understood")?,
        })
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.anonymous += other.anonymous;
        self.pss += other.pss;
        self.rss += other.rss;
        self.cpu += other.cpu;
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            anonymous: self.anonymous - other.anonymous,
            pss: self.pss - other.pss,
            rss: self.rss - other.rss,
            cpu: self.cpu - other.cpu,
        }
    }
}

/// What the kernel keeps for itself and for the data in sockets, in bytes: of the whole machine.
///
/// # Errors
///
/// If `/proc` does not tell.
pub(crate) fn kernel() -> Result<f64> {
    let slab = kilobytes(&read_to_string("/proc/meminfo")?, "Slab:")?;
    let sockets = read_to_string("/proc/net/sockstat")?;
    let tcp = sockets.lines().find_map(|line| line.strip_prefix("TCP:"));
    let pages = tcp.and_then(|tcp| after(tcp, "mem"));
    Ok(slab + pages.ok_or("/proc/net/sockstat does not name TCP")? * 4_096.0)
}

/// For how long processors have been busy, all of them and with anything, in seconds.
///
/// # Errors
///
/// If `/proc` does not tell.
pub(crate) fn busy() -> Result<f64> {
    let stat = read_to_string("/proc/stat")?;
    let all = stat.lines().next().unwrap_or_default();
    let mut ticks = Vec::new();
    // user, nice, system, idle, iowait, irq, softirq, steal: the rest is a part of the first two.
    for field in all.split_whitespace().skip(1).take(8) {
        ticks.push(field.parse::<f64>()?);
    }
    match ticks[..] {
        [user, nice, system, _, _, irq, softirq, steal] => {
            let busy = user + nice + system + irq + softirq + steal;
            Ok(busy / f64::from(TICKS))
        }
        _ => Err("/proc/stat is not understood".into()),
    }
}

/// What a report says of the machine: nothing that would find it.
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) memory: f64,
    pub(crate) kernel: String,
    pub(crate) descriptors: u64,
}

impl Machine {
    /// # Errors
    ///
    /// If `/proc` does not tell.
    pub(crate) fn describe(descriptors: u64) -> Result<Self> {
        let processors = read_to_string("/proc/cpuinfo")?;
        let name = processors
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let kernel = read_to_string("/proc/sys/kernel/osrelease")?;
        // The first two numbers; what follows is a builder's business.
        let kernel: Vec<_> = kernel.split('.').take(2).collect();
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            processor: name.map_or("unknown", |(_, name)| name).to_owned(),
            memory: kilobytes(&read_to_string("/proc/meminfo")?, "MemTotal:")?,
            kernel: format!("Linux {}", kernel.join(".")),
            descriptors,
        })
    }
}

/// The line of that name, in bytes.
fn kilobytes(text: &str, name: &str) -> Result<f64> {
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| after(line, name));
    Ok(value.ok_or_else(|| format!("/proc does not tell {name}"))? * 1_024.0)
}

/// The number behind a word.
fn after(line: &str, word: &str) -> Option<f64> {
    let mut words = line.split_whitespace().skip_while(|at| *at != word);
    words.nth(1)?.parse().ok()
}

/// User and system time: the 14th and 15th field, where the second is the program's name, which may contain spaces.
fn cpu(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / f64::from(TICKS))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn fields_are_counted_behind_a_name_with_spaces() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0";
        assert_eq!(cpu(stat), Some(3.0));
    }

    #[test]
    fn this_process_and_this_machine_are_told_of() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.anonymous > 0.0 && usage.rss >= usage.pss);
        assert!(kernel().unwrap() > 0.0);
        assert!(busy().unwrap() >= usage.cpu);
        assert!(Machine::describe(1).unwrap().kernel.starts_with("Linux "));
    }
}
