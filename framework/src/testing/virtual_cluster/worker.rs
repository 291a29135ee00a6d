//! A worker of a node: what would be a thread is a set of tasks here, with the shards that would be that
//! thread's.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use tokio::{sync::mpsc, task::LocalSet};

use super::server::{Call, serve};
use crate::{namespace::Hub, shard::node::Shelf};

/// Clients that may wait to be served.
const BACKLOG: usize = 1024;

pub(super) struct Worker {
    /// Empty once it has ended.
    tasks: Rc<RefCell<Option<Tasks>>>,
    calls: mpsc::Sender<Call>,
}

struct Tasks {
    set: LocalSet,
    shards: Shelf,
}

impl Tasks {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { set, shards } = self;
        shards.lend(|| Pin::new(set).poll(cx))
    }

    /// As the end of a thread: tasks first, then what is the thread's own.
    fn end(self) {
        let Self { set, mut shards } = self;
        shards.lend(|| drop(set));
    }
}

impl Worker {
    pub(super) fn start(hub: &Hub) -> Self {
        let (calls, called) = mpsc::channel(BACKLOG);
        let set = LocalSet::new();
        set.spawn_local(serve(hub.clone(), called));
        let tasks = Tasks {
            set,
            shards: Shelf::default(),
        };
        let tasks = Rc::new(RefCell::new(Some(tasks)));
        let running = Rc::clone(&tasks);
        tokio::task::spawn_local(poll_fn(move |cx| match &mut *running.borrow_mut() {
            Some(tasks) => tasks.poll(cx),
            None => Poll::Ready(()),
        }));
        Self { tasks, calls }
    }

    pub(super) fn calls(&self) -> mpsc::Sender<Call> {
        self.calls.clone()
    }
}

impl Drop for Worker {
    /// Ends it in whatever state it is.
    fn drop(&mut self) {
        let tasks = self.tasks.borrow_mut().take();
        if let Some(tasks) = tasks {
            tasks.end();
        }
    }
}
