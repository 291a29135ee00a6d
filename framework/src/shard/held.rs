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
    behind: Vec<(NamespaceId, Frame)>,
    /// What it holds, as an outbox counts it.
    bytes: usize,
}

/// What waited for one socket.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) before: Vec<Frame>,
    pub(super) behind: Vec<Frame>,
}

impl Held {
    pub(super) fn len(&self) -> usize {
        self.before.len() + self.behind.len()
    }

    /// Whether there is room for the frame. One alone may be larger, as in an outbox.
    pub(super) fn has_room(&self, frame: &Frame, limit: usize) -> bool {
        self.len() == 0 || self.bytes + Outbox::cost(frame) <= limit
    }

    pub(super) fn push(&mut self, namespace: NamespaceId, frame: Frame) {
        self.bytes += Outbox::cost(&frame);
        self.behind.push((namespace, frame));
    }

    /// What a socket has missed.
    pub(super) fn push_missed(&mut self, namespace: NamespaceId, frames: Vec<Frame>) {
        self.bytes += frames.iter().map(Outbox::cost).sum::<usize>();
        let frames = frames.into_iter().map(|frame| (namespace, frame));
        self.before.extend(frames);
    }

    /// Takes what waits for the socket in a namespace.
    pub(super) fn take(&mut self, namespace: NamespaceId) -> Taken {
        let ours = |(known, _): &mut (NamespaceId, Frame)| *known == namespace;
        let mut take = |frames: &mut Vec<_>| {
            let taken = frames.extract_if(.., ours).map(|(_, frame)| frame);
            taken
                .inspect(|frame| self.bytes -= Outbox::cost(frame))
                .collect()
        };
        Taken {
            before: take(&mut self.before),
            behind: take(&mut self.behind),
        }
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
        held.push(OTHER, frame.clone());
        held.push(ROOT, frame.clone());
        assert!(!held.has_room(&frame, limit), "what was missed counts");
        let refused = held.take(OTHER);
        assert_eq!((refused.before.len(), refused.behind.len()), (1, 1));
        held.push(ROOT, frame.clone());
        assert!(held.has_room(&frame, limit));
        assert_eq!(held.take(ROOT).behind.len(), 2);
        assert!(held.has_room(&frame, 0), "one alone");
    }
}
