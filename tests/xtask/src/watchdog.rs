//! Ends what never comes to an end.

use std::collections::HashMap;
use std::fs;
use std::process::{self, Command};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long it takes until what is started after the limit is killed as well.
const AGAIN: Duration = Duration::from_secs(1);

/// Runs this, and whether it was done in time. From its limit on, every process that this one has started is killed,
/// until it returns.
pub(crate) fn within<T>(limit: Duration, run: impl FnOnce() -> T) -> (T, bool) {
    let (running, ends) = mpsc::sync_channel::<()>(0);
    thread::scope(|threads| {
        let watching = threads.spawn(move || {
            let mut limit = limit;
            let mut in_time = true;
            while ends.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                in_time = false;
                kill(&descendants());
                limit = AGAIN;
            }
            in_time
        });
        let outcome = run();
        drop(running);
        (outcome, watching.join().unwrap_or(false))
    })
}

/// Who was started by this process, or by one of them. Not by group: a group of their own would keep the
/// terminal's interrupt from them.
fn descendants() -> Vec<String> {
    let mut children: HashMap<String, Vec<String>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        // proc_pid_stat(5): `pid (name) state parent ..`, where the name may hold anything.
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(1));
        if let Some(parent) = parent {
            let id = entry.file_name().to_string_lossy().into_owned();
            children.entry(parent.to_owned()).or_default().push(id);
        }
    }
    let mut found = vec![process::id().to_string()];
    let mut looked_at = 0;
    while let Some(parent) = found.get(looked_at) {
        found.extend(children.remove(parent).unwrap_or_default());
        looked_at += 1;
    }
    found.split_off(1)
}

/// By the shell, which has a command for it everywhere.
fn kill(processes: &[String]) {
    if !processes.is_empty() {
        let mut kill = Command::new("sh");
        kill.args(["-c", r#"kill -KILL "$@" 2>/dev/null"#, "kill"]);
        // Some have ended meanwhile.
        let _ = kill.args(processes).status();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::process::tests::alone;

    #[test]
    fn what_takes_too_long_is_killed_with_all_that_it_has_started() {
        let _alone = alone();
        // Its output ends with the last of them.
        let forks = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", "sleep 60 & wait"]).output().unwrap()
        };
        // Long enough for the shell to have started it: without the shell it is nobody's.
        let (first, in_time) = within(Duration::from_secs(1), forks);
        assert!(!in_time);
        assert!(!first.status.success());
    }

    #[test]
    fn what_is_started_after_that_is_killed_too() {
        let _alone = alone();
        let sleep = |_| Command::new("sleep").arg("60").status().unwrap();
        let one_by_one = || [(); 2].map(sleep);
        let (ended, in_time) = within(Duration::from_millis(50), one_by_one);
        assert!(!in_time);
        assert!(ended.iter().all(|status| !status.success()));
    }

    #[test]
    fn what_is_done_in_time_is_left_alone() {
        let _alone = alone();
        let run = || Command::new("true").status().unwrap();
        let (status, in_time) = within(Duration::from_secs(60), run);
        assert!(in_time && status.success());
    }
}
