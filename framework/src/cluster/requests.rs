//! What this node has asked of others, and waits to be answered.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::mpsc;

use crate::{
    entropy,
    event::{Answer, Collector},
    shard::uplink::{FoundElsewhere, ReplyElsewhere},
};

/// Answers to one request that may wait to be looked at: one of each node.
const MAX_ANSWERS: usize = 1024;

/// Bytes of a request id, in hexadecimal characters twice as many.
const ID: usize = 8;

/// Requests by their ids; each is dropped with whoever waits for its answers.
#[derive(Default)]
pub(super) struct Requests(Mutex<HashMap<Arc<str>, Asked>>);

/// Who waits for answers.
enum Asked {
    Clients(Arc<Collector>),
    Nodes(mpsc::Sender<NodeAnswer>),
}

/// The answer of a node.
pub(super) struct NodeAnswer {
    /// Its id; `None` if the adapter's answers do not tell.
    pub(super) from: Option<Box<str>>,
    pub(super) said: FromNode,
}

/// What one node answers.
pub(super) enum FromNode {
    Sockets(Vec<FoundElsewhere>),
    Reply(ReplyElsewhere),
}

impl Requests {
    // Held for a few instructions, never across an await or foreign code.
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Asked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request to clients, whose answers go to the collector.
    pub(super) fn clients(self: &Arc<Self>, collector: &Arc<Collector>) -> Request {
        self.open(Asked::Clients(Arc::clone(collector)))
    }

    /// A request to nodes.
    pub(super) fn nodes(self: &Arc<Self>) -> (Request, mpsc::Receiver<NodeAnswer>) {
        let (sender, answers) = mpsc::channel(MAX_ANSWERS);
        (self.open(Asked::Nodes(sender)), answers)
    }

    fn open(self: &Arc<Self>, asked: Asked) -> Request {
        let id: Arc<str> = hex_id().into();
        self.lock().insert(Arc::clone(&id), asked);
        Request {
            requests: Arc::clone(self),
            id,
        }
    }

    /// A node says how many clients it has asked. False if nobody waits for it any more.
    pub(super) fn counted(&self, id: &str, clients: usize) -> bool {
        let collector = self.collector(id);
        let Some(collector) = collector else {
            return false;
        };
        collector.counted(clients);
        true
    }

    /// A client of another node has answered. False if nobody waits for it any more.
    pub(super) fn answered(&self, id: &str, answer: Answer) -> bool {
        let collector = self.collector(id);
        let Some(collector) = collector else {
            return false;
        };
        collector.answer_from_afar(answer)
    }

    fn collector(&self, id: &str) -> Option<Arc<Collector>> {
        match self.lock().get(id)? {
            Asked::Clients(collector) => Some(Arc::clone(collector)),
            Asked::Nodes(_) => None,
        }
    }

    /// Whether someone waits for answers to this.
    pub(super) fn awaits(&self, id: &str) -> bool {
        self.lock().contains_key(id)
    }

    /// A node has answered. False if nobody waits for it any more.
    pub(super) fn answered_by_node(&self, id: &str, from: Option<&str>, said: FromNode) -> bool {
        let nodes = match self.lock().get(id) {
            Some(Asked::Nodes(nodes)) => nodes.clone(),
            _ => return false,
        };
        let from = from.map(Into::into);
        nodes.try_send(NodeAnswer { from, said }).is_ok()
    }
}

/// A request while its answers are waited for.
pub(super) struct Request {
    requests: Arc<Requests>,
    pub(super) id: Arc<str>,
}

impl Drop for Request {
    fn drop(&mut self) {
        self.requests.lock().remove(&self.id);
    }
}

/// 16 hexadecimal characters, as Node's cluster adapters use for requests and servers.
pub(crate) fn hex_id() -> String {
    let mut bytes = [0; ID];
    // Without the system's random source no connection could be opened either.
    let _ = entropy::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_known_while_someone_waits_for_it() {
        let requests = Arc::new(Requests::default());
        let (request, mut answers) = requests.nodes();
        let id = Arc::clone(&request.id);
        assert_eq!(id.len(), 16);
        let answer = || requests.answered_by_node(&id, Some("a"), FromNode::Sockets(Vec::new()));
        assert!(answer());
        assert!(answers.try_recv().is_ok());
        assert!(!requests.counted(&id, 1), "it asks nodes, not clients");
        drop(request);
        assert!(!answer());
        assert!(requests.lock().is_empty());
    }
}
