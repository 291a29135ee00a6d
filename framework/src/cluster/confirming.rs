//! When a node must not confirm that it has done what it was told.
//!
//! It is asked for the sockets of a room that nobody is in, behind the change: whoever answers has done that, Node's
//! servers too. A node that may not have done it knows so, and leaves the question without an answer. Changes have no
//! ids, so the room's name tells when the change was published.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::adapter::Options;
use crate::shard::directory::RESERVED;

/// How long a message may be under way to a node that has just come back.
const TRANSIT: Duration = Duration::from_secs(1);

/// What whoever asks for a confirmation tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question {
    /// How long ago the change was published.
    pub(super) age: Duration,
    /// For how long the answer is waited for.
    pub(super) patience: Duration,
}

impl Question {
    pub(super) fn room(self) -> String {
        let Self { age, patience } = self;
        // Rounded up.
        let millis = |time: Duration| time.as_millis() + 1;
        format!("{RESERVED}confirm:{}:{}", millis(age), millis(patience))
    }

    pub(super) fn of(options: &Options<'_>) -> Option<Self> {
        let [room] = &*options.rooms else {
            return None;
        };
        let times = room.strip_prefix(RESERVED)?.strip_prefix("confirm:")?;
        let (age, patience) = times.split_once(':')?;
        let millis = |text: &str| text.parse().ok().map(Duration::from_millis);
        Some(Self {
            age: millis(age)?,
            patience: millis(patience)?,
        })
    }
}

/// Of when this node knows that it has not done, or may have missed, what others told it.
#[derive(Default)]
pub(super) struct Doubts(Mutex<Latest>);

#[derive(Default)]
struct Latest {
    undone: Option<Instant>,
    returned: Option<Instant>,
}

impl Doubts {
    // Held for a few instructions.
    fn lock(&self) -> MutexGuard<'_, Latest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something that came now was not done.
    pub(super) fn undone(&self) {
        self.lock().undone = Some(Instant::now());
    }

    /// What was published until now may not have come.
    pub(super) fn returned(&self) {
        self.lock().returned = Some(Instant::now());
    }

    /// Whether what is asked about may be what was not done.
    pub(super) fn concern(&self, Question { age, patience }: Question) -> bool {
        let latest = self.lock();
        let within =
            |moment: Option<Instant>, time| moment.is_some_and(|moment| moment.elapsed() <= time);
        // The question came later than the change by its age, if both were under way for as long. It may
        // have been for longer, but not for more than it waits: nobody takes an answer after that.
        within(latest.undone, age.saturating_add(patience))
            || within(latest.returned, age.saturating_add(TRANSIT))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn question(age: u32, patience: u32) -> Question {
        Question {
            age: age * SECOND,
            patience: patience * SECOND,
        }
    }

    fn in_room(room: &str) -> Option<Question> {
        Question::of(&Options {
            rooms: vec![room.into()],
            ..Options::default()
        })
    }

    #[test]
    fn a_question_is_read_as_it_was_written() {
        let asked = in_room(&question(2, 5).room()).expect("a question");
        assert_eq!(asked.age, Duration::from_millis(2_001));
        assert_eq!(asked.patience, Duration::from_millis(5_001));
        for room in [
            "a",
            "confirm:1:2",
            "roomcast:confirm:1",
            "roomcast:confirm:1:x",
            "roomcast:confirm:-1:2",
            "roomcast:confirm:1:99999999999999999999999",
            "roomcast:user:1:2",
        ] {
            assert_eq!(in_room(room), None, "{room}");
        }
        assert_eq!(Question::of(&Options::default()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_done_concerns_whoever_may_still_wait_for_it() {
        let doubts = Doubts::default();
        assert!(!doubts.concern(question(10, 10)));
        doubts.undone();
        advance(7 * SECOND).await;
        assert!(doubts.concern(question(2, 5)));
        assert!(!doubts.concern(question(1, 5)), "published after it");
        doubts.undone();
        assert!(doubts.concern(question(0, 1)));
        // Whatever Redis says.
        let endless = in_room("roomcast:confirm:18446744073709551615:18446744073709551615");
        assert!(doubts.concern(endless.expect("a question")));
    }

    #[tokio::test(start_paused = true)]
    async fn what_passed_a_node_by_was_published_before_it_was_back() {
        let doubts = Doubts::default();
        doubts.returned();
        advance(3 * SECOND).await;
        assert!(doubts.concern(question(2, 0)));
        assert!(!doubts.concern(question(1, 60)));
    }
}
