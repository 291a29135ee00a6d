//! What becomes of commands when connections come and go.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::{
    super::{
        line::{Entry, Line},
        socket::Socket,
        topology::Topology,
    },
    Command, LineId, Outbox, State,
};

impl Outbox {
    /// Redis is there: one socket for each master.
    pub(in super::super) fn connect(
        &self,
        topology: Topology,
        sockets: Vec<Arc<Socket>>,
    ) -> Vec<LineId> {
        let mut state = self.lock();
        let waiting: Vec<_> = state
            .lines
            .drain(..)
            .flat_map(|line| line.end().1)
            .collect();
        state.lines = sockets.into_iter().map(Line::to).collect();
        state.topology = Some(topology);
        state.epoch += 1;
        state.stopped = false;
        state.elsewhere = None;
        for entry in waiting {
            let index = state.line_of(entry.slot);
            if let Some(line) = state.lines.get_mut(index) {
                line.push(entry);
            }
        }
        let epoch = state.epoch;
        (0..state.lines.len())
            .map(|index| LineId { epoch, index })
            .collect()
    }

    /// Writes nothing more until [`connect`](Self::connect): what was written is answered, all else waits.
    pub(in super::super) fn stop(&self) {
        self.lock().stopped = true;
    }

    /// Whether nothing that was written waits for its reply.
    pub(in super::super) fn is_answered(&self) -> bool {
        self.lock().lines.iter().all(Line::is_answered)
    }

    /// Redis is away. What was written and not answered may have been executed: it is lost, unless
    /// it may be executed twice.
    pub(in super::super) fn disconnect(&self) {
        let mut state = self.lock();
        state.topology = None;
        state.epoch += 1;
        let mut lost = 0;
        let mut waiting = Vec::new();
        for line in std::mem::take(&mut state.lines) {
            let (unknown, queue) = line.end();
            for entry in unknown {
                match entry.resend {
                    true => waiting.push(entry),
                    false => lost += u64::from(entry.counted),
                }
            }
            waiting.extend(queue.into_iter().filter(|entry| entry.counted));
        }
        waiting.sort_by_key(|entry| entry.number);
        let mut line = Line::default();
        for entry in waiting {
            line.push(entry);
        }
        state.lines = vec![line];
        drop(state);
        self.metrics.cluster_lost_in_flight.add(lost);
    }

    /// Sends a PING to every master, so that a connection that is dead is noticed although nothing
    /// is published.
    pub(in super::super) fn ping(&self) {
        let count = self.lock().lines.len();
        for index in 0..count {
            let mut state = self.lock();
            let ping = state.aside(Bytes::from_static(b"*1\r\n$4\r\nPING\r\n"), 0);
            self.put(state, index, ping);
        }
    }

    /// Sends a command that no one else needs: nothing makes room for it, and it is counted nowhere. It goes
    /// with the connection.
    pub(in super::super) fn push_aside(&self, command: Command) {
        let mut state = self.lock();
        if state.closed || state.topology.is_none() {
            return;
        }
        let entry = state.aside(command.bytes, command.slot);
        let index = state.line_of(entry.slot);
        self.put(state, index, entry);
    }

    /// Wakes the tasks, whose pause may be over, and tells whether a reply has not come in time.
    pub(in super::super) fn check(&self, timeout: Duration) -> bool {
        let mut state = self.lock();
        let wakers: Vec<_> = state
            .lines
            .iter_mut()
            .filter(|line| line.has_more())
            .filter_map(|line| line.waker.take())
            .collect();
        let late = state.lines.iter().any(|line| {
            line.waiting_since()
                .is_some_and(|since| since.elapsed() > timeout)
        });
        drop(state);
        for waker in wakers {
            waker.wake();
        }
        late
    }
}

impl State {
    /// A command of the connection itself.
    fn aside(&mut self, command: Bytes, slot: u16) -> Entry {
        let number = self.next;
        self.next += 1;
        Entry {
            number,
            command,
            slot,
            resend: false,
            awaited: false,
            counted: false,
        }
    }
}
