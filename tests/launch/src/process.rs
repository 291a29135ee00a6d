//! One program that we have started.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::Result;

/// How long a program may take until it says where it listens.
const START: Duration = Duration::from_secs(30);

/// How long it may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// How often we look whether it has.
const LOOK: Duration = Duration::from_millis(10);

/// Killed when dropped, if it was not stopped before.
pub struct Process {
    /// What it is called in what we print.
    pub name: &'static str,
    child: Child,
    url: mpsc::Receiver<String>,
}

impl Process {
    /// Starts a program. What it prints goes to our standard error, apart from a line that ends with
    /// its URL.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start(name: &'static str, mut command: Command) -> Result<Self> {
        // A group of its own: a terminal's Ctrl-C then is for us alone, and we stop them in order.
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let child = command.spawn();
        let mut child = child.map_err(|error| format!("cannot start {name}: {error}"))?;
        let stdout = child.stdout.take();
        let (found, url) = mpsc::channel(1);
        thread::spawn(move || {
            let lines = stdout
                .into_iter()
                .flat_map(|out| BufReader::new(out).lines());
            // Reads on after the URL, as a full pipe would stop the program.
            for line in lines.map_while(std::io::Result::ok) {
                match line.find("http://") {
                    Some(at) => drop(found.try_send(line[at..].to_owned())),
                    None => eprintln!("{name}: {line}"),
                }
            }
        });
        Ok(Self { name, child, url })
    }

    /// Waits until it says where it listens.
    ///
    /// # Errors
    ///
    /// If it does not get that far.
    pub async fn listens(&mut self) -> Result<String> {
        let name = self.name;
        match timeout(START, self.url.recv()).await {
            Ok(Some(url)) => Ok(url),
            Ok(None) => Err(format!("{name} ended before it listened").into()),
            Err(_) => Err(format!("{name} does not listen after {START:?}").into()),
        }
    }

    /// Its number to the system.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    ///
    /// If the system does not tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn terminate(&self) {
        // The standard library only knows SIGKILL; every system has a shell that knows the others.
        let kill = ["-c", "kill -TERM \"$0\"", &self.child.id().to_string()];
        let _ = Command::new("sh").args(kill).status();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lets programs end by themselves, all at once; those that do not are killed.
pub async fn stop(mut processes: Vec<Process>) {
    processes.retain_mut(Process::is_running);
    processes.iter().for_each(Process::terminate);
    let until = Instant::now() + GRACE;
    while !processes.is_empty() && Instant::now() < until {
        sleep(LOOK).await;
        processes.retain_mut(Process::is_running);
    }
}
