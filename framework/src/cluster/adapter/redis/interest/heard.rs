use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::{Interest, Marks};

/// For how long a room without members is listened to, so that churn does not flap.
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// No room is listened to for longer: [`Instant`]s have an end.
const MAX_LINGER: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// What the server is to be told.
#[derive(Debug, Default)]
pub(in super::super) struct Changes {
    pub(in super::super) subscribe: Vec<Interest>,
    pub(in super::super) unsubscribe: Vec<Interest>,
    /// How many marks there have been by then.
    pub(in super::super) count: u64,
}

/// For how long clients may come back to what is said in a room meanwhile, if they may.
type Keeps = Box<dyn Fn(&Interest) -> Option<Duration> + Send>;

/// What the server has been told.
pub(in super::super) struct Heard {
    keeps: Keeps,
    /// With the end of those that nobody wants any more.
    pub(super) interests: BTreeMap<Interest, Option<Instant>>,
    ends: BTreeSet<(Instant, Interest)>,
}

impl Heard {
    /// Everything that is wanted has been subscribed to.
    pub(in super::super) fn new(interests: Vec<Interest>) -> Self {
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
    pub(in super::super) fn keeping(
        self,
        keeps: impl Fn(&Interest) -> Option<Duration> + Send + 'static,
    ) -> Self {
        let keeps = Box::new(keeps);
        Self { keeps, ..self }
    }

    /// When something ends that nobody wants any more.
    pub(in super::super) fn next_end(&self) -> Option<Instant> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// Looks at what is marked. What is returned counts as done.
    pub(in super::super) fn update(
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
