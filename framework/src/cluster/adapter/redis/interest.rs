//! What this node wants to hear, and what it hears.
//!
//! Any thread marks what may have changed; the link's task alone looks how it is now and tells the
//! server, so that marks may come in any order.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, watch};

/// For how long a room without members is listened to, so that churn does not flap.
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// No room is listened to for longer: [`Instant`]s have an end.
const MAX_LINGER: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Above, everything is looked at anew.
const MAX_MARKS: usize = 64 * 1024;

/// The messages of a namespace, or those of one of its rooms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interest {
    pub(super) namespace: Arc<str>,
    pub(super) room: Option<Arc<str>>,
}

/// Something to subscribe to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    /// SUBSCRIBE.
    Channel(String),
    /// PSUBSCRIBE.
    Pattern(String),
    /// SSUBSCRIBE.
    Shard(String),
}

impl Interest {
    pub(super) fn in_namespace(namespace: &Arc<str>) -> Self {
        Self {
            namespace: Arc::clone(namespace),
            room: None,
        }
    }
}

impl Topic {
    pub(super) fn into_name(self) -> String {
        let (Self::Channel(name) | Self::Pattern(name) | Self::Shard(name)) = self;
        name
    }
}

/// What may have changed since it was looked at last.
pub(super) struct Marks {
    marked: Mutex<Marked>,
    notify: Notify,
    /// How many marks the server knows of.
    told: watch::Sender<u64>,
}

#[derive(Default)]
struct Marked {
    /// Someone looks; otherwise marks are not kept, since who begins to looks at everything.
    watched: bool,
    interests: BTreeSet<Interest>,
    overflown: bool,
    /// How many marks there have been.
    count: u64,
}

/// What the server is to be told.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) subscribe: Vec<Interest>,
    pub(super) unsubscribe: Vec<Interest>,
    /// How many marks there have been by then.
    pub(super) count: u64,
}

/// For how long clients may come back to what is said in a room meanwhile, if they may.
type Keeps = Box<dyn Fn(&Interest) -> Option<Duration> + Send>;

/// What the server has been told.
pub(super) struct Heard {
    keeps: Keeps,
    /// With the end of those that nobody wants any more.
    interests: BTreeMap<Interest, Option<Instant>>,
    ends: BTreeSet<(Instant, Interest)>,
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            marked: Mutex::default(),
            notify: Notify::new(),
            told: watch::Sender::new(0),
        }
    }
}

impl Marks {
    fn lock(&self) -> MutexGuard<'_, Marked> {
        self.marked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn mark(&self, interest: Interest) {
        let mut marked = self.lock();
        marked.count += 1;
        if !marked.watched {
            return;
        }
        if marked.interests.len() < MAX_MARKS {
            marked.interests.insert(interest);
        } else {
            marked.overflown = true;
        }
        drop(marked);
        self.notify.notify_one();
    }

    /// From now on marks are kept, until [`unwatch`](Self::unwatch). Tells how many there have been.
    pub(super) fn watch(&self) -> u64 {
        let mut marked = self.lock();
        *marked = Marked {
            watched: true,
            count: marked.count,
            ..Marked::default()
        };
        marked.count
    }

    pub(super) fn unwatch(&self) {
        let mut marked = self.lock();
        *marked = Marked {
            count: marked.count,
            ..Marked::default()
        };
    }

    /// The server knows of so many marks.
    pub(super) fn told(&self, count: u64) {
        self.told.send_replace(count);
    }

    /// Waits until the server knows of all marks that there have been.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn settled(&self) {
        let count = self.lock().count;
        // The sender is here: it does not fail.
        let _ = self.told.subscribe().wait_for(|told| *told >= count).await;
    }

    /// Waits for a mark.
    ///
    /// # Cancel safety
    /// No mark is lost.
    pub(super) async fn changed(&self) {
        self.notify.notified().await;
    }

    fn take(&self) -> (BTreeSet<Interest>, bool, u64) {
        let mut marked = self.lock();
        let overflown = std::mem::take(&mut marked.overflown);
        let interests = std::mem::take(&mut marked.interests);
        (interests, overflown, marked.count)
    }
}

impl Heard {
    /// Everything that is wanted has been subscribed to.
    pub(super) fn new(interests: Vec<Interest>) -> Self {
        Self {
            keeps: Box::new(|_| None),
            interests: interests
                .into_iter()
                .map(|interest| (interest, None))
                .collect(),
            ends: BTreeSet::new(),
        }
    }

    /// With rooms listened to for so long without members, that clients come back to.
    pub(super) fn keeping(
        self,
        keeps: impl Fn(&Interest) -> Option<Duration> + Send + 'static,
    ) -> Self {
        let keeps = Box::new(keeps);
        Self { keeps, ..self }
    }

    /// When something ends that nobody wants any more.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// Looks at what is marked. What is returned counts as done.
    pub(super) fn update(
        &mut self,
        marks: &Marks,
        now: Instant,
        is_wanted: impl Fn(&Interest) -> bool,
        all: impl FnOnce() -> Vec<Interest>,
    ) -> Changes {
        let (mut marked, overflown, count) = marks.take();
        let mut changes = Changes {
            count,
            ..Changes::default()
        };
        if overflown {
            marked.extend(self.interests.keys().cloned());
            marked.extend(all());
        }
        for interest in marked {
            match is_wanted(&interest) {
                true => self.want(interest, &mut changes),
                false if interest.room.is_none() => self.drop_namespace(&interest, &mut changes),
                false => self.linger(interest, now, &mut changes),
            }
        }
        while let Some((at, interest)) = self.ends.pop_first() {
            if at > now {
                self.ends.insert((at, interest));
                break;
            }
            self.interests.remove(&interest);
            changes.unsubscribe.push(interest);
        }
        changes
    }

    fn want(&mut self, interest: Interest, changes: &mut Changes) {
        match self.interests.insert(interest.clone(), None) {
            None => changes.subscribe.push(interest),
            Some(Some(end)) => {
                self.ends.remove(&(end, interest));
            }
            Some(None) => {}
        }
    }

    fn linger(&mut self, interest: Interest, now: Instant, changes: &mut Changes) {
        let kept = (self.keeps)(&interest);
        let end = now + kept.unwrap_or_default().clamp(LINGER, MAX_LINGER);
        match self.interests.get_mut(&interest) {
            // Who came and went meanwhile may come back as long as others.
            Some(before) => {
                if let Some(before) = before.replace(end) {
                    self.ends.remove(&(before, interest.clone()));
                }
            }
            // Who came went before it was told.
            None if kept.is_some() => {
                self.interests.insert(interest.clone(), Some(end));
                changes.subscribe.push(interest.clone());
            }
            None => return,
        }
        self.ends.insert((end, interest));
    }

    /// With its rooms, each of which would be asked for in vain.
    fn drop_namespace(&mut self, namespace: &Interest, changes: &mut Changes) {
        let of_namespace = self.interests.range(namespace.clone()..);
        let gone: Vec<_> = of_namespace
            .take_while(|(interest, _)| interest.namespace == namespace.namespace)
            .map(|(interest, end)| (interest.clone(), *end))
            .collect();
        for (interest, end) in gone {
            self.interests.remove(&interest);
            if let Some(end) = end {
                self.ends.remove(&(end, interest.clone()));
            }
            changes.unsubscribe.push(interest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_nothing(changes: &Changes) -> bool {
        changes.subscribe.is_empty() && changes.unsubscribe.is_empty()
    }

    fn room(name: &str) -> Interest {
        Interest {
            namespace: "/".into(),
            room: Some(name.into()),
        }
    }

    fn watched() -> Marks {
        let marks = Marks::default();
        marks.watch();
        marks
    }

    #[test]
    fn a_room_is_told_when_it_has_members_and_a_while_after_it_has_none() {
        let (marks, mut heard, start) = (watched(), Heard::new(Vec::new()), Instant::now());
        marks.mark(room("a"));
        let changes = heard.update(&marks, start, |_| true, Vec::new);
        assert_eq!(changes.subscribe, [room("a")]);
        marks.mark(room("a"));
        assert!(is_nothing(&heard.update(
            &marks,
            start,
            |_| false,
            Vec::new
        )));
        assert_eq!(heard.next_end(), Some(start + LINGER));
        let changes = heard.update(&marks, start + LINGER, |_| false, Vec::new);
        assert_eq!(changes.unsubscribe, [room("a")]);
        assert_eq!(heard.next_end(), None);
    }

    #[test]
    fn a_room_that_clients_come_back_to_is_heard_for_longer() {
        let (marks, start) = (watched(), Instant::now());
        let mut heard = Heard::new(vec![room("a")]).keeping(|_| Some(5 * LINGER));
        let mut nothing_changes = |later: u32| {
            let changes = heard.update(&marks, start + later * LINGER, |_| false, Vec::new);
            assert!(is_nothing(&changes));
        };
        marks.mark(room("a"));
        nothing_changes(0);
        nothing_changes(3);
        // Someone came and went again.
        marks.mark(room("a"));
        nothing_changes(4);
        nothing_changes(8);
        let changes = heard.update(&marks, start + 9 * LINGER, |_| false, Vec::new);
        assert_eq!(changes.unsubscribe, [room("a")]);
        assert_eq!(heard.next_end(), None);
    }

    #[test]
    fn a_room_that_was_left_before_it_was_told_is_heard_for_those_who_come_back() {
        let (marks, start) = (watched(), Instant::now());
        let mut heard = Heard::new(Vec::new()).keeping(|_| Some(5 * LINGER));
        marks.mark(room("a"));
        let changes = heard.update(&marks, start, |_| false, Vec::new);
        assert_eq!(changes.subscribe, [room("a")]);
        let changes = heard.update(&marks, start + 5 * LINGER, |_| false, Vec::new);
        assert_eq!(changes.unsubscribe, [room("a")]);

        let mut heard = Heard::new(Vec::new());
        marks.mark(room("a"));
        assert!(is_nothing(&heard.update(
            &marks,
            start,
            |_| false,
            Vec::new
        )));
    }

    #[test]
    fn churn_tells_the_server_nothing() {
        let (marks, mut heard, start) = (watched(), Heard::new(vec![room("a")]), Instant::now());
        for wanted in [false, true, false, false, true] {
            marks.mark(room("a"));
            assert!(is_nothing(&heard.update(
                &marks,
                start,
                |_| wanted,
                Vec::new
            )));
        }
        assert!(is_nothing(&heard.update(
            &marks,
            start + 2 * LINGER,
            |_| true,
            Vec::new
        )));
    }

    #[test]
    fn rooms_go_with_their_namespace() {
        let namespace = |name: &str| Interest {
            namespace: name.into(),
            room: None,
        };
        let all = vec![namespace("/"), room("a"), room("b"), namespace("/a")];
        let (marks, mut heard, start) = (watched(), Heard::new(all), Instant::now());
        marks.mark(room("b"));
        heard.update(&marks, start, |_| false, Vec::new);
        marks.mark(namespace("/"));
        let changes = heard.update(&marks, start, |_| false, Vec::new);
        assert_eq!(changes.unsubscribe, [namespace("/"), room("a"), room("b")]);
        assert_eq!(heard.next_end(), None);
        assert_eq!(heard.interests.len(), 1);
    }

    #[test]
    fn marks_are_bounded() {
        let marks = watched();
        for name in 0..MAX_MARKS + 10 {
            marks.mark(room(&name.to_string()));
        }
        assert_eq!(marks.lock().interests.len(), MAX_MARKS);
        let mut heard = Heard::new(Vec::new());
        let changes = heard.update(&marks, Instant::now(), |_| true, || vec![room("late")]);
        assert!(changes.subscribe.contains(&room("late")));
        marks.unwatch();
        marks.mark(room("a"));
        assert!(marks.lock().interests.is_empty());
    }
}
