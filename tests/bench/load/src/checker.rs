//! Whether every receiver had every message of its publishers once and in order.

use std::collections::HashSet;

/// What is wrong with the messages that came, in messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Times that a message came before one that was sent earlier.
    pub(crate) gaps: u64,
    /// Messages that came after a later one.
    pub(crate) reordered: u64,
    /// Messages that had come before.
    pub(crate) duplicates: u64,
    /// Messages for somebody else.
    pub(crate) misrouted: u64,
    /// Messages of another size, without a stamp, or with that of a message that nobody sent.
    pub(crate) damaged: u64,
}

/// One stream for each pair of a receiver and a publisher.
pub(crate) struct Checker {
    /// The number that is expected next, by stream.
    next: Vec<u64>,
    /// What a later message has overtaken.
    missing: HashSet<(usize, u64)>,
    size: Option<usize>,
    pub(crate) received: u64,
    pub(crate) faults: Faults,
}

impl Checker {
    pub(crate) fn new(streams: usize) -> Self {
        Self {
            next: vec![0; streams],
            missing: HashSet::new(),
            size: None,
            received: 0,
            faults: Faults::default(),
        }
    }

    /// Takes a message of a publisher who has sent so many; false if it counts for nothing, as it is damaged or came before.
    pub(crate) fn take(&mut self, stream: usize, number: u64, sent: u64, size: usize) -> bool {
        if number >= sent || size != *self.size.get_or_insert(size) {
            self.faults.damaged += 1;
            return false;
        }
        let next = &mut self.next[stream];
        if number >= *next {
            if number > *next {
                self.faults.gaps += 1;
                let overtaken = *next..number;
                self.missing
                    .extend(overtaken.map(|number| (stream, number)));
            }
            *next = number + 1;
        } else if self.missing.remove(&(stream, number)) {
            self.faults.reordered += 1;
        } else {
            self.faults.duplicates += 1;
            return false;
        }
        self.received += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: u64 = 10;
    const SIZE: usize = 128;

    /// What the checker says of these numbers in one stream, and how many of them count.
    fn check(numbers: &[u64]) -> (u64, Faults) {
        let mut checker = Checker::new(2);
        for number in numbers {
            checker.take(1, *number, SENT, SIZE);
        }
        (checker.received, checker.faults)
    }

    #[test]
    fn all_in_order_is_no_fault() {
        assert_eq!(check(&[0, 1, 2, 3]), (4, Faults::default()));
    }

    #[test]
    fn a_lost_message_is_a_gap_and_is_not_received() {
        let faults = Faults {
            gaps: 1,
            ..Faults::default()
        };
        assert_eq!(check(&[0, 1, 4]), (3, faults));
    }

    #[test]
    fn a_late_message_is_received_and_reordered() {
        let faults = Faults {
            gaps: 1,
            reordered: 2,
            ..Faults::default()
        };
        assert_eq!(check(&[0, 3, 2, 1, 4]), (5, faults));
    }

    #[test]
    fn a_message_that_comes_twice_counts_once() {
        let faults = Faults {
            gaps: 1,
            reordered: 1,
            duplicates: 3,
            ..Faults::default()
        };
        assert_eq!(check(&[0, 0, 2, 1, 1, 2]), (3, faults));
    }

    #[test]
    fn a_message_of_another_size_or_that_nobody_sent_is_damaged() {
        let mut checker = Checker::new(1);
        assert!(checker.take(0, 0, SENT, SIZE));
        assert!(!checker.take(0, 1, SENT, SIZE - 1));
        assert!(!checker.take(0, SENT, SENT, SIZE));
        assert_eq!((checker.received, checker.faults.damaged), (1, 2));
    }

    #[test]
    fn streams_are_apart() {
        let mut checker = Checker::new(2);
        assert!(checker.take(0, 0, SENT, SIZE));
        assert!(checker.take(1, 0, SENT, SIZE));
        assert!(checker.take(0, 1, SENT, SIZE));
        assert_eq!(checker.faults, Faults::default());
    }
}
