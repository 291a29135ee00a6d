//! What is counted by the second.

use std::time::{SystemTime, UNIX_EPOCH};

/// Figures of all seconds that are kept while nobody takes them.
const MAX_KEPT: usize = 256;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    RawConnection,
    /// With the reason.
    RawDisconnection(&'static str),
    PacketsIn,
    BytesIn,
    PacketsOut,
    BytesOut,
}

/// A figure of one second.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Milliseconds since 1970 at which the second began.
    pub(crate) timestamp: u64,
    pub(crate) figure: Figure,
    pub(crate) count: u64,
}

#[derive(Default)]
pub(crate) struct Figures(Vec<Counted>);

impl Figures {
    pub(super) fn count(&mut self, figure: Figure, more: u64, now: SystemTime) {
        if more == 0 {
            return;
        }
        let second = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let timestamp = second.saturating_mul(1000);
        // Those of this second are the last.
        let mut kept = self.0.iter_mut().rev();
        if let Some(known) = kept.find(|it| it.timestamp == timestamp && it.figure == figure) {
            known.count = known.count.saturating_add(more);
        } else if self.0.len() < MAX_KEPT {
            self.0.push(Counted {
                timestamp,
                figure,
                count: more,
            });
        }
    }

    /// Everything since the last time.
    pub(crate) fn take(&mut self) -> Vec<Counted> {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_second_has_figures_of_its_own() {
        let mut figures = Figures::default();
        let at = |ms| UNIX_EPOCH + Duration::from_millis(ms);
        figures.count(Figure::PacketsIn, 2, at(1_000));
        figures.count(Figure::BytesIn, 9, at(1_500));
        figures.count(Figure::PacketsIn, 1, at(1_999));
        figures.count(Figure::PacketsIn, 4, at(2_000));
        figures.count(Figure::BytesIn, 0, at(2_000));
        let taken = figures.take().into_iter();
        let taken = taken.map(|it| (it.timestamp, it.figure, it.count));
        let expected = [
            (1_000, Figure::PacketsIn, 3),
            (1_000, Figure::BytesIn, 9),
            (2_000, Figure::PacketsIn, 4),
        ];
        assert!(taken.eq(expected));
        assert!(figures.take().is_empty());
    }

    #[test]
    fn what_nobody_takes_is_bounded() {
        let mut figures = Figures::default();
        for second in 0..10_000 {
            let at = UNIX_EPOCH + Duration::from_secs(second);
            figures.count(Figure::RawConnection, 1, at);
        }
        assert_eq!(figures.take().len(), MAX_KEPT);
    }
}
