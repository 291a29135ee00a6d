//! What waits for a client until it is connected.

use crate::{
    id::NamespaceId,
    transport::{frame::Frame, outbox::Outbox},
};

/// Frames emitted to sockets that are connecting. They follow the CONNECT reply, so that every
/// client knows its socket before the first event for it; a refused socket never sees them.
#[derive(Default)]
pub(crate) struct Held {
    /// What goes out before the reply: missed by a socket whose client has come back.
    before: Vec<(NamespaceId, Frame)>,
    behind: Vec<(NamespaceId, Waiting)>,
    /// What it holds, as an outbox counts it.
    bytes: usize,
}

/// What waited for one socket.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) before: Vec<Frame>,
    pub(super) behind: Vec<Waiting>,
}

pub(super) struct Waiting {
    pub(super) frame: Frame,
    /// Packets in it.
    pub(super) carries: u32,
}

impl Taken {
    pub(super) fn packets(&self) -> u64 {
        self.before.len() as u64 + carried(&self.behind)
    }
}

fn carried<'a>(waiting: impl IntoIterator<Item = &'a Waiting>) -> u64 {
    let carried = waiting.into_iter().map(|it| u64::from(it.carries));
    carried.sum()
}

impl Held {
    pub(super) fn packets(&self) -> u64 {
        self.before.len() as u64 + carried(self.behind.iter().map(|(_, waiting)| waiting))
    }

    /// What the sockets have missed, as an outbox counts it.
    pub(super) fn missed(&self) -> usize {
        let missed = self.before.iter();
        missed.map(|(_, frame)| Outbox::cost(frame)).sum()
    }

    /// Whether there is room for the frame. One alone may be larger, as in an outbox.
    pub(super) fn has_room(&self, frame: &Frame, limit: usize) -> bool {
        self.before.is_empty() && self.behind.is_empty()
            || self.bytes + Outbox::cost(frame) <= limit
    }

    pub(super) fn push(&mut self, namespace: NamespaceId, frame: Frame, carries: u32) {
        self.bytes += Outbox::cost(&frame);
        self.behind.push((namespace, Waiting { frame, carries }));
    }

    /// What a socket has missed.
    pub(super) fn push_missed(&mut self, namespace: NamespaceId, frames: Vec<Frame>) {
        self.bytes += frames.iter().map(Outbox::cost).sum::<usize>();
        let frames = frames.into_iter().map(|frame| (namespace, frame));
        self.before.extend(frames);
    }

    /// Takes what waits for the socket in a namespace.
    pub(super) fn take(&mut self, namespace: NamespaceId) -> Taken {
        let missed = self.before.extract_if(.., |(known, _)| *known == namespace);
        let before: Vec<_> = missed.map(|(_, frame)| frame).collect();
        let waiting = self.behind.extract_if(.., |(known, _)| *known == namespace);
        let behind: Vec<_> = waiting.map(|(_, waiting)| waiting).collect();
        let frames = before.iter().chain(behind.iter().map(|it| &it.frame));
        self.bytes -= frames.map(Outbox::cost).sum::<usize>();
        Taken { before, behind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: NamespaceId = NamespaceId(0);
    const OTHER: NamespaceId = NamespaceId(1);

    #[test]
    fn what_a_refused_socket_leaves_makes_room_for_the_others() {
        let frame = Frame::engine("4");
        let limit = 3 * Outbox::cost(&frame);
        let mut held = Held::default();
        held.push_missed(OTHER, vec![frame.clone()]);
        held.push(OTHER, frame.clone(), 3);
        held.push(ROOT, frame.clone(), 1);
        assert_eq!(held.packets(), 5);
        assert_eq!(held.missed(), Outbox::cost(&frame));
        assert!(!held.has_room(&frame, limit), "what was missed counts");
        let refused = held.take(OTHER);
        assert_eq!((refused.before.len(), refused.behind.len()), (1, 1));
        assert_eq!(
            (refused.packets(), held.packets(), held.missed()),
            (4, 1, 0)
        );
        held.push(ROOT, frame.clone(), 1);
        assert!(held.has_room(&frame, limit));
        assert_eq!(held.take(ROOT).behind.len(), 2);
        assert!(held.has_room(&frame, 0), "one alone");
    }
}
