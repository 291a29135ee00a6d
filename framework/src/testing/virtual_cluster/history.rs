//! What has happened while a seed ran: told when it fails, so that the seed can be understood before it is replayed.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use tokio::time::Instant;

/// Steps that are told: what befell nodes and connections, and what the test has noted.
const MAX_STEPS: usize = 60;

/// Messages that are told. Apart from the steps, of which they would leave none.
const MAX_MESSAGES: usize = 20;

/// Characters of what a test notes.
const MAX_NOTE: usize = 200;

/// The last things that happened, in virtual time since the seed began.
#[derive(Default)]
pub(super) struct History {
    begun: OnceLock<Instant>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    steps: Last<String>,
    messages: Last<Fate>,
    /// Of both kinds, which gives each its place among the others.
    happened: u64,
    failed_at: Option<Duration>,
}

struct Last<T> {
    lines: VecDeque<Line<T>>,
    left_out: u64,
}

struct Line<T> {
    number: u64,
    at: Duration,
    what: T,
}

/// What became of a message: from one node to another, or between a node and the store.
pub(super) enum Fate {
    Takes(Ends, Duration),
    ComesTwice(Ends),
    IsLost(Ends),
    QuestionIsLost { from: usize },
    AnswerIsLost { to: usize },
    StopsListening { node: usize },
}

/// Of a message between nodes.
pub(super) struct Ends {
    pub(super) kind: &'static str,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl History {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time begins, on the runtime of the seed. Dropping the guard in a panic tells that the test fails then.
    pub(super) fn begin(&self) -> End<'_> {
        let _ = self.begun.set(Instant::now());
        End(self)
    }

    fn now(&self) -> Duration {
        self.begun.get().map_or(Duration::ZERO, Instant::elapsed)
    }

    pub(super) fn step(&self, what: impl fmt::Display) {
        self.add(|kept| &mut kept.steps, what.to_string(), MAX_STEPS);
    }

    /// In the test's own words.
    pub(super) fn note(&self, text: &str) {
        let text = text
            .chars()
            .map(|it| if it.is_control() { ' ' } else { it });
        self.step(text.take(MAX_NOTE).collect::<String>());
    }

    pub(super) fn message(&self, fate: Fate) {
        self.add(|kept| &mut kept.messages, fate, MAX_MESSAGES);
    }

    fn add<T>(&self, kind: impl FnOnce(&mut Kept) -> &mut Last<T>, what: T, most: usize) {
        if thread::panicking() {
            // What is dropped on the way out did not make the test fail.
            return;
        }
        let kept = &mut *self.kept();
        kept.happened += 1;
        let (number, at) = (kept.happened, self.now());
        let last = kind(kept);
        if last.lines.len() == most {
            last.lines.pop_front();
            last.left_out += 1;
        }
        last.lines.push_back(Line { number, at, what });
    }
}

pub(super) struct End<'a>(&'a History);

impl Drop for End<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.kept().failed_at = Some(self.0.now());
        }
    }
}

impl<T> Default for Last<T> {
    fn default() -> Self {
        Self {
            lines: VecDeque::new(),
            left_out: 0,
        }
    }
}

impl<T: fmt::Display> Last<T> {
    fn numbered(&self) -> impl Iterator<Item = (u64, String)> {
        let lines = self.lines.iter();
        lines.map(|Line { number, at, what }| (*number, told(*at, what)))
    }
}

fn told(at: Duration, what: impl fmt::Display) -> String {
    format!("{:>11.3} s  {what}", at.as_secs_f64())
}

/// A number of things.
pub(super) fn counted(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

/// One line for each, in the order in which they happened; empty if nothing did.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept();
        let Kept {
            steps, messages, ..
        } = &*kept;
        if kept.happened == 0 {
            return Ok(());
        }
        write!(f, "\n\nwhat happened, in virtual time")?;
        if steps.left_out + messages.left_out > 0 {
            write!(
                f,
                " (without {} earlier steps and {} earlier messages)",
                steps.left_out, messages.left_out
            )?;
        }
        write!(f, ":")?;
        let mut lines: Vec<_> = steps.numbered().chain(messages.numbered()).collect();
        lines.sort_unstable_by_key(|(number, _)| *number);
        for (_, line) in lines {
            write!(f, "\n{line}")?;
        }
        match kept.failed_at {
            Some(at) => write!(f, "\n{}", told(at, "the test fails")),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Takes(ends, time) => write!(f, "{ends} takes {:.3} s", time.as_secs_f64()),
            Self::ComesTwice(ends) => write!(f, "{ends} comes twice"),
            Self::IsLost(ends) => write!(f, "{ends} is lost"),
            Self::QuestionIsLost { from } => {
                write!(f, "a question from node {from} to the store is lost")
            }
            Self::AnswerIsLost { to } => {
                write!(f, "an answer from the store to node {to} is lost")
            }
            Self::StopsListening { node } => {
                write!(
                    f,
                    "node {node} misses a change in the store, and listens anew"
                )
            }
        }
    }
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, from, to } = self;
        write!(f, "{kind} from node {from} to node {to}")
    }
}
