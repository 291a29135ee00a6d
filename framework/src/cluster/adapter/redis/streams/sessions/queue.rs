//! What waits for Redis, in the order in which that was asked for.

use std::collections::{HashSet, VecDeque};

use tokio::{sync::oneshot, time::Instant};

use super::requests::Request;

/// Sessions that wait to be kept; a node that drains has all of its own at once.
const MAX_WAITING: usize = 100_000;

/// Their bytes, all together; one alone may have more.
pub(super) const MAX_BYTES: usize = 256 << 20;

pub(super) enum Job {
    Save(Request),
    Take {
        request: Request,
        answer: oneshot::Sender<Option<Vec<u8>>>,
    },
}

impl Job {
    fn request(&self) -> &Request {
        match self {
            Self::Save(request) | Self::Take { request, .. } => request,
        }
    }

    /// Nobody comes back to it, or waits for it, any more.
    fn is_over(&self, now: Instant) -> bool {
        match self {
            Self::Save(request) => request.is_over(now),
            Self::Take { answer, .. } => answer.is_closed(),
        }
    }
}

#[derive(Default)]
pub(super) struct Queue {
    jobs: VecDeque<Job>,
    /// Of all that is to be kept.
    bytes: usize,
}

impl Queue {
    /// Whether there was room.
    pub(super) fn push(&mut self, job: Job) -> bool {
        let max_jobs = match job {
            Job::Save(_) => MAX_WAITING,
            // The other half is for those to be kept.
            Job::Take { .. } => MAX_WAITING / 2,
        };
        let bytes = job.request().bytes();
        let alone = self.bytes == 0 || bytes == 0;
        let fits = self.jobs.len() < max_jobs && (alone || self.bytes + bytes <= MAX_BYTES);
        if fits {
            self.bytes += bytes;
            self.jobs.push_back(job);
        }
        fits
    }

    /// Those that are first now were asked, and are to be asked again.
    pub(super) fn push_front(&mut self, job: Job) {
        self.bytes += job.request().bytes();
        self.jobs.push_front(job);
    }

    /// Takes so many of the first.
    pub(super) fn pop(&mut self, count: usize) -> Vec<Job> {
        let count = count.min(self.jobs.len());
        let popped: Vec<_> = self.jobs.drain(..count).collect();
        self.bytes -= popped
            .iter()
            .map(|job| job.request().bytes())
            .sum::<usize>();
        popped
    }

    /// The first of them, at most so many, and no key twice.
    pub(super) fn first(&mut self, max: usize) -> Vec<Request> {
        let now = Instant::now();
        while self.jobs.front().is_some_and(|job| job.is_over(now)) {
            self.pop(1);
        }
        let mut keys = HashSet::new();
        let first = self.jobs.iter().take(max).map(Job::request);
        first
            .take_while(|request| keys.insert(request.key()))
            .cloned()
            .collect()
    }

    /// Forgets what nobody wants any more.
    pub(super) fn forget(&mut self) {
        let now = Instant::now();
        self.jobs.retain(|job| !job.is_over(now));
        self.bytes = self.jobs.iter().map(|job| job.request().bytes()).sum();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// How many wait to be kept.
    pub(super) fn unsaved(&self) -> usize {
        let saves = self.jobs.iter().filter(|job| matches!(job, Job::Save(_)));
        saves.count()
    }
}
