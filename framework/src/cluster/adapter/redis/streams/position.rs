//! How far a stream has been read, and whether anything was missed.

use crate::id::EntryId;

/// What `XINFO STREAM` tells.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Info {
    /// The last id that was ever given in this stream.
    pub(super) last: EntryId,
    /// The oldest entry that is still there.
    pub(super) first: Option<EntryId>,
    /// The newest one.
    pub(super) newest: Option<EntryId>,
    pub(super) length: u64,
    /// All entries that there ever were; Redis 7.
    pub(super) added: Option<u64>,
}

impl Info {
    /// Of a stream to which nothing was added yet.
    pub(super) const EMPTY: Self = Self {
        last: EntryId { ms: 0, seq: 0 },
        first: None,
        newest: None,
        length: 0,
        added: Some(0),
    };

    /// Entries that are no longer there.
    fn removed(&self) -> Option<u64> {
        Some(self.added?.saturating_sub(self.length))
    }
}

/// The last entry that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) id: EntryId,
    /// How many entries there ever were up to it.
    added: Option<u64>,
    /// There was an entry with this id, rather than a stream that ended there.
    is_entry: bool,
}

/// Entries are gone that were not read, as many as `lost` if that can be known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) lost: Option<u64>,
}

impl Position {
    /// At the end of the stream.
    pub(super) fn end(info: &Info) -> Self {
        Self {
            id: info.last,
            added: info.added,
            is_entry: info.newest == Some(info.last),
        }
    }

    /// One more entry was read.
    pub(super) fn advance(&mut self, id: EntryId) {
        self.id = id;
        self.added = self.added.map(|added| added + 1);
        self.is_entry = true;
    }

    /// The same as [`check`](Self::check) on a new connection, on which the entry itself was asked for
    /// just before. Redis may have lost it, and have been given so many others since that nothing else
    /// tells: then this is another stream than before.
    pub(super) fn check_anew(&mut self, info: &Info, found: bool) -> Option<Gap> {
        // Who removes entries begins with the oldest.
        let has_older = info.first.is_some_and(|first| first <= self.id);
        match self.is_entry && !found && has_older {
            true => Some(self.begin_anew(info)),
            false => self.check(info, 0),
        }
    }

    /// Looks whether everything was there that had to be read, and goes to where the next ones are. So
    /// many of the last that were read are still in the stream: what was removed before is none of
    /// them, nor of those before them.
    pub(super) fn check(&mut self, info: &Info, kept: u64) -> Option<Gap> {
        let counts = self.added.zip(info.added);
        if info.last < self.id || counts.is_some_and(|(known, added)| added < known) {
            return Some(self.begin_anew(info));
        }
        let lost = match (self.added, info.removed()) {
            (Some(known), Some(removed)) => {
                Some(removed.saturating_add(kept).saturating_sub(known))
            }
            // Nothing counts, so it is enough that something older is still there.
            _ if self.id == info.last || info.first.is_some_and(|first| first <= self.id) => {
                Some(0)
            }
            // From the beginning, nothing can have been removed before.
            _ if self.id == EntryId::default() => Some(0),
            _ => None,
        };
        let known = self.added.zip(lost).map(|(known, lost)| known + lost);
        self.added = known.or_else(|| self.count(info));
        (lost != Some(0)).then_some(Gap { lost })
    }

    /// Another stream than before: Redis came back empty, or with an older state. What is older than
    /// the position was read before or is lost; ids follow the clock.
    fn begin_anew(&mut self, info: &Info) -> Gap {
        self.id = self.id.min(info.last);
        self.added = self.count(info);
        self.is_entry = info.newest == Some(self.id);
        Gap { lost: None }
    }

    /// How many entries there ever were up to here, if the stream tells that.
    fn count(&self, info: &Info) -> Option<u64> {
        match info.first {
            Some(first) if first > self.id => info.removed(),
            _ if self.id == info.last => info.added,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> EntryId {
        format!("{number}-0").parse().unwrap_or_default()
    }

    /// A stream with the entries from `first` to `last`, numbered without gaps from 1.
    fn info(first: u64, last: u64) -> Info {
        Info {
            last: id(last),
            first: (first <= last).then(|| id(first)),
            newest: (first <= last).then(|| id(last)),
            length: (last + 1).saturating_sub(first),
            added: Some(last),
        }
    }

    fn old(info: Info) -> Info {
        Info {
            added: None,
            ..info
        }
    }

    fn at(number: u64) -> Position {
        Position::end(&info(1, number))
    }

    #[test]
    fn nothing_is_missed_while_what_follows_is_there() {
        for now in [info(1, 10), info(5, 10), info(11, 20), info(11, 10)] {
            assert_eq!(at(10).check(&now, 0), None, "{now:?}");
        }
    }

    #[test]
    fn entries_that_were_trimmed_before_they_were_read_are_counted_once() {
        let mut position = at(10);
        assert_eq!(
            position.check(&info(14, 20), 0),
            Some(Gap { lost: Some(3) })
        );
        assert_eq!(position.check(&info(14, 20), 0), None);
        for number in 14..=16 {
            position.advance(id(number));
        }
        assert_eq!(position.check(&info(17, 30), 0), None);
        assert_eq!(
            position.check(&info(19, 30), 0),
            Some(Gap { lost: Some(2) })
        );
    }

    #[test]
    fn entries_that_were_trimmed_before_others_were_read_are_counted() {
        for (oldest, kept) in [(21, 5), (24, 2), (30, 0)] {
            let mut position = at(10);
            // The first that are read are behind a gap.
            for number in 21..=25 {
                position.advance(id(number));
            }
            let lost = if kept == 0 { 14 } else { 10 };
            let gap = position.check(&info(oldest, 40), kept);
            assert_eq!(gap, Some(Gap { lost: Some(lost) }), "{oldest}");
            assert_eq!(position.check(&info(oldest, 40), 0), None, "{oldest}");
        }
    }

    #[test]
    fn a_stream_that_begins_anew_is_read_from_there() {
        let empty = Info::EMPTY;
        let mut position = at(10);
        assert_eq!(position.check(&empty, 0), Some(Gap { lost: None }));
        assert_eq!(position.id, EntryId::default());
        assert_eq!(position.check(&info(1, 3), 0), None);
        // Fewer than before, though their ids go on.
        let mut position = at(10);
        let anew = Info {
            added: Some(2),
            ..info(20, 21)
        };
        assert_eq!(position.check(&anew, 0), Some(Gap { lost: None }));
        assert_eq!(position.id, id(10));
        assert_eq!(position.check(&anew, 0), None);
        // An older state of the same stream.
        let mut position = at(10);
        assert_eq!(position.check(&info(1, 7), 0), Some(Gap { lost: None }));
        assert_eq!(position.id, id(7));
        assert_eq!(position.check(&info(9, 12), 0), Some(Gap { lost: Some(1) }));
    }

    #[test]
    fn an_entry_that_is_gone_though_older_ones_are_there_tells_of_another_stream() {
        let read = || {
            let mut position = at(9);
            position.advance(id(10));
            position
        };
        for counts in [|info| info, old] {
            // As many were added since as were lost, and more.
            for mut position in [at(10), read()] {
                let now = counts(info(1, 20));
                let gap = position.check_anew(&now, false);
                assert_eq!(gap, Some(Gap { lost: None }));
                assert_eq!(position.id, id(10));
                assert_eq!(position.check_anew(&now, false), None, "it is told once");
            }
            assert_eq!(read().check_anew(&counts(info(1, 20)), true), None);
            // It was trimmed, and what follows it is whole.
            assert_eq!(read().check_anew(&info(11, 20), false), None);
            // There was none.
            let mut trimmed = Position::end(&info(11, 10));
            assert_eq!(trimmed.check_anew(&info(11, 20), false), None);
        }
    }

    #[test]
    fn an_old_redis_does_not_count() {
        let start = || Position::end(&old(info(1, 10)));
        for now in [info(1, 10), info(10, 20), info(11, 10)] {
            assert_eq!(start().check(&old(now), 0), None, "{now:?}");
        }
        assert_eq!(
            start().check(&old(info(12, 20)), 0),
            Some(Gap { lost: None })
        );
        assert_eq!(start().check(&Info::EMPTY, 0), Some(Gap { lost: None }));
        let mut first = Position::end(&old(Info::EMPTY));
        assert_eq!(first.check(&old(info(3, 5)), 0), None);
    }
}
