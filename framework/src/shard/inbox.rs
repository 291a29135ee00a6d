//! Commands of other threads on their way to a worker.
//!
//! They wait here rather than in the actor's mailbox, which only carries the wake-up, so that the
//! worker can catch up with them at any moment: before it lets a socket join or leave, everything
//! that was emitted before must have met its members. Bounded in number and in bytes.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::command::Command;

/// Commands that may wait; their bytes have a bound of their own
/// ([`max_worker_backlog`](crate::HubBuilder::max_worker_backlog)).
const MAX_COMMANDS: usize = 64 * 1024;

#[derive(Default)]
pub(crate) struct Inbox {
    queue: Mutex<Queue>,
    /// Whether looking is worth while.
    waiting: AtomicBool,
}

#[derive(Default)]
struct Queue {
    commands: VecDeque<Command>,
    bytes: usize,
    /// The worker has gone.
    closed: bool,
}

/// Commands that are being handled.
pub(crate) struct Batch<'a> {
    inbox: &'a Inbox,
    commands: VecDeque<Command>,
}

impl Batch<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }
}

impl Iterator for Batch<'_> {
    type Item = Command;

    fn next(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }
}

impl Drop for Batch<'_> {
    /// Whoever has not come to the end panicked, or has others wait.
    fn drop(&mut self) {
        if !self.is_empty() {
            self.inbox.put_back(std::mem::take(&mut self.commands));
        }
    }
}

/// Why a command was not taken.
pub(crate) enum Refused {
    Full(Box<Command>),
    Closed(Box<Command>),
}

impl Inbox {
    // Held for a few instructions, never across foreign code.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the worker must be woken, because nothing was waiting before. A command may be
    /// larger than the limit if it waits alone.
    pub(crate) fn put(&self, command: Command, max_bytes: usize) -> Result<bool, Refused> {
        let mut queue = self.lock();
        if queue.closed {
            return Err(Refused::Closed(Box::new(command)));
        }
        let first = queue.commands.is_empty();
        let weight = command.weight();
        let fits = queue.bytes + weight <= max_bytes && queue.commands.len() < MAX_COMMANDS;
        if !first && !fits {
            return Err(Refused::Full(Box::new(command)));
        }
        queue.bytes += weight;
        queue.commands.push_back(command);
        self.waiting.store(true, Ordering::Release);
        Ok(first)
    }

    /// Whether anything waits: one load.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// Everything that waits, in order. What is not handled of it waits again.
    pub(crate) fn take(&self) -> Batch<'_> {
        let mut commands = VecDeque::new();
        if self.is_waiting() {
            let mut queue = self.lock();
            self.waiting.store(false, Ordering::Release);
            queue.bytes = 0;
            commands = std::mem::take(&mut queue.commands);
        }
        Batch {
            inbox: self,
            commands,
        }
    }

    fn put_back(&self, mut commands: VecDeque<Command>) {
        let mut queue = self.lock();
        queue.bytes += commands.iter().map(Command::weight).sum::<usize>();
        commands.append(&mut queue.commands);
        queue.commands = commands;
        self.waiting.store(true, Ordering::Release);
    }

    /// Takes no more; what was waiting will not be applied.
    pub(crate) fn close(&self) -> VecDeque<Command> {
        let mut queue = self.lock();
        queue.closed = true;
        std::mem::take(&mut queue.commands)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::{
        id::NamespaceId,
        shard::{
            command::{Action, Selection},
            directory::Scope,
        },
        transport::frame::Frame,
    };

    fn emit(bytes: usize) -> Command {
        let scope = Arc::new(Scope::new(NamespaceId(0), "/".into()));
        let frame = Frame {
            bytes: Bytes::from(vec![0; bytes]),
            handling: Default::default(),
        };
        Command::new(
            &scope,
            Selection::default(),
            Action::Emit { frame, ack: None },
        )
    }

    #[test]
    fn only_the_first_command_wakes_the_worker() {
        let inbox = Inbox::default();
        assert!(matches!(inbox.put(emit(1), 10), Ok(true)));
        assert!(matches!(inbox.put(emit(1), 10), Ok(false)));
        assert_eq!(inbox.take().count(), 2);
        assert!(inbox.take().is_empty());
        assert!(matches!(inbox.put(emit(1), 10), Ok(true)));
    }

    #[test]
    fn it_is_bounded_in_bytes_and_a_large_command_passes_alone() {
        let inbox = Inbox::default();
        assert!(matches!(inbox.put(emit(100), 10), Ok(true)));
        assert!(matches!(inbox.put(emit(1), 10), Err(Refused::Full(_))));
        inbox.take().for_each(drop);
        assert!(matches!(inbox.put(emit(10), 10), Ok(true)));
        assert!(matches!(inbox.put(emit(1), 10), Err(Refused::Full(_))));
    }

    #[test]
    fn what_is_not_handled_waits_in_its_place() {
        let inbox = Inbox::default();
        for bytes in 1..=3 {
            assert!(inbox.put(emit(bytes), 10).is_ok());
        }
        let weight = |command: Command| command.weight();
        assert_eq!(inbox.take().next().map(weight), Some(1));
        assert!(matches!(inbox.put(emit(6), 10), Err(Refused::Full(_))));
        assert!(matches!(inbox.put(emit(5), 10), Ok(false)));
        let weights: Vec<_> = inbox.take().map(weight).collect();
        assert_eq!(weights, [2, 3, 5]);
    }

    #[test]
    fn a_worker_that_has_gone_takes_nothing() {
        let inbox = Inbox::default();
        assert!(inbox.put(emit(1), 10).is_ok());
        assert_eq!(inbox.close().len(), 1);
        assert!(matches!(inbox.put(emit(1), 10), Err(Refused::Closed(_))));
    }
}
