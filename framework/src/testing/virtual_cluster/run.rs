use std::{
    any::Any,
    cell::RefCell,
    fmt,
    future::Future,
    ops::Range,
    process::{ExitCode, Termination},
    sync::Arc,
    thread,
};

use actix::System;
use tokio::runtime;

use super::history::History;
use crate::entropy::seeded;

/// Names the seeds to run in place of those of the test: one, or a range such as `0..100000`.
const VARIABLE: &str = "ROOMCAST_SEEDS";

thread_local! {
    static RUNNING: RefCell<Option<Running>> = const { RefCell::new(None) };
}

/// A seed that runs on this thread.
#[derive(Clone)]
pub(super) struct Running {
    pub(super) seed: u64,
    pub(super) history: Arc<History>,
}

pub(super) fn running() -> Running {
    let running = RUNNING.with_borrow(Clone::clone);
    running
        .unwrap_or_else(|| panic!("a virtual cluster runs within `with_seed` or `for_each_seed`"))
}

/// Runs a test once, on a runtime with virtual time: when all tasks wait, the clock jumps to the next
/// timer. All randomness of the framework is derived from the seed.
///
/// ```
/// use std::time::Duration;
/// use tokio::time::{Instant, sleep};
/// use roomcast::testing::with_seed;
///
/// with_seed(42, || async {
///     let begun = Instant::now();
///     sleep(Duration::from_secs(3600)).await; // takes no time
///     assert_eq!(begun.elapsed(), Duration::from_secs(3600));
/// });
/// ```
///
/// # Panics
/// If the test panics or returns an error, with what happened until then.
#[track_caller]
pub fn with_seed<F>(seed: u64, test: impl FnOnce() -> F + Send)
where
    F: Future<Output: Termination>,
{
    if let Err(failure) = run(seed, test) {
        panic!("{failure}{}", failure.history);
    }
}

/// Runs a test for each seed, one after the other, as [`with_seed`] does.
///
/// The environment variable `ROOMCAST_SEEDS` replaces `seeds`: `ROOMCAST_SEEDS=42` repeats one seed that
/// has failed, `ROOMCAST_SEEDS=0..100000` runs a range.
///
/// ```
/// use roomcast::testing::for_each_seed;
///
/// for_each_seed(0..3, |seed| async move {
///     println!("a test with seed {seed}");
/// });
/// ```
///
/// # Panics
/// If the test panics or returns an error for a seed: with that seed, and with what happened until then, which is
/// what befell nodes, connections and messages, and what the test has [noted](super::VirtualCluster::note):
///
/// ```text
/// seed 17: assertion failed: cluster.hub(0).stats().sockets == 2
/// replay it with ROOMCAST_SEEDS=17 cargo test chat::nobody_is_left_behind
///
/// what happened, in virtual time:
///       0.000 s  3 nodes start, with 1 worker each
///       0.001 s  connection 0 to node 1 begins
///       0.014 s  connection 0 is socket Jv0lWpX1Xk7AAAAAqS3c
///       1.268 s  a broadcast from node 0 to node 1 takes 0.033 s
///       1.300 s  node 1 crashes, and 1 connection is reset
///       1.300 s  the test fails
/// ```
///
/// Also if `ROOMCAST_SEEDS` names no seeds.
#[track_caller]
pub fn for_each_seed<F>(seeds: Range<u64>, test: impl Fn(u64) -> F + Sync)
where
    F: Future<Output: Termination>,
{
    let named = std::env::var(VARIABLE).ok();
    each(named.as_deref().map_or(seeds, parse), test);
}

#[track_caller]
pub(super) fn each<F>(seeds: Range<u64>, test: impl Fn(u64) -> F + Sync)
where
    F: Future<Output: Termination>,
{
    for seed in seeds {
        if let Err(failure) = run(seed, || test(seed)) {
            let history = &failure.history;
            panic!("{failure}\nreplay it with {}{history}", replay(seed));
        }
    }
}

/// The command that runs this seed of this test, and no other test: what replaces the seeds, replaces those of all.
fn replay(seed: u64) -> String {
    let of = thread::current();
    match of.name() {
        // The test harness names its threads; a documentation test has none.
        Some(test) if test != "main" => format!("{VARIABLE}={seed} cargo test {test}"),
        _ => format!("{VARIABLE}={seed}"),
    }
}

/// What the environment names.
pub(super) fn parse(text: &str) -> Range<u64> {
    let seeds = match text.split_once("..") {
        Some((start, end)) => start.parse().ok().zip(end.parse().ok()),
        None => text.parse().ok().map(|seed: u64| (seed, seed + 1)),
    };
    match seeds {
        Some((start, end)) if start < end => start..end,
        _ => panic!("{VARIABLE}={text} is neither a seed nor a range of them"),
    }
}

struct Failure {
    seed: u64,
    panic: Box<dyn Any + Send>,
    history: Arc<History>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| self.panic.downcast_ref::<&str>().copied());
        let text = text.unwrap_or("a panic without words");
        write!(f, "seed {}: {text}", self.seed)
    }
}

/// On a thread of its own: what a thread keeps for itself begins anew.
fn run<F>(seed: u64, test: impl FnOnce() -> F + Send) -> Result<(), Failure>
where
    F: Future<Output: Termination>,
{
    let history = Arc::new(History::default());
    let running = Running {
        seed,
        history: Arc::clone(&history),
    };
    let life = || {
        let _seeded = seeded::begin(seed);
        let history = Arc::clone(&running.history);
        RUNNING.set(Some(running));
        System::with_tokio_rt(|| {
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build();
            runtime.unwrap_or_else(|error| panic!("no runtime: {error}"))
        })
        .block_on(async {
            let _end = history.begin();
            let outcome = test().await.report();
            assert!(outcome == ExitCode::SUCCESS, "the test returned an error");
        });
    };
    // A panic names its thread.
    let of = thread::current();
    let name = format!("{}, seed {seed}", of.name().unwrap_or("a test"));
    let outcome = thread::scope(|scope| {
        let thread = thread::Builder::new().name(name).spawn_scoped(scope, life);
        let thread = thread.unwrap_or_else(|error| panic!("no thread: {error}"));
        thread.join()
    });
    outcome.map_err(|panic| Failure {
        seed,
        panic,
        history,
    })
}
