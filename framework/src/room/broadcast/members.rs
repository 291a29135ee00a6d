//! What becomes of the sockets themselves, on all nodes.

use std::sync::Arc;

use tokio::{sync::mpsc, time::timeout};

use super::{Applied, Broadcast};
use crate::{
    error::EmitError,
    room::{fetched::FetchedSockets, reserved},
    shard::{
        command::{Action, Found},
        directory::RoomName,
        uplink::{Change, Fetched},
    },
};

impl Broadcast<'_> {
    /// Makes the sockets join rooms. Await the result to know that it has been applied.
    ///
    /// The sockets of this node receive what this task emits to those rooms afterwards; those of other
    /// nodes receive what it emits after it has awaited the result.
    pub fn join<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        match allowed(rooms) {
            Ok(rooms) => self.join_any(rooms),
            Err(refused) => Applied::new(Err(refused), None),
        }
    }

    /// The same with rooms that may be reserved.
    pub(crate) fn join_any(&self, rooms: Arc<[RoomName]>) -> Applied {
        self.manage(Action::Join(Arc::clone(&rooms)), Change::Join(&rooms))
    }

    /// Makes the sockets leave rooms. Await the result to know that it has been applied.
    pub fn leave<R: AsRef<str>>(&self, rooms: impl IntoIterator<Item = R>) -> Applied {
        match allowed(rooms) {
            Ok(rooms) => self.leave_any(rooms),
            Err(refused) => Applied::new(Err(refused), None),
        }
    }

    pub(crate) fn leave_any(&self, rooms: Arc<[RoomName]>) -> Applied {
        self.manage(Action::Leave(Arc::clone(&rooms)), Change::Leave(&rooms))
    }

    /// Disconnects the sockets from this namespace, or, with `close`, closes their connections.
    /// Awaiting the result waits until they have left the namespace and its rooms. What is emitted to them
    /// before they do still arrives, before the disconnect; except, with recovery over Redis
    /// Streams, what is for sockets of this node and has not come back from Redis.
    pub fn disconnect(&self, close: bool) -> Applied {
        self.manage(Action::Disconnect { close }, Change::Disconnect { close })
    }

    /// Lists the selected sockets, on all nodes. Nodes that do not answer within the
    /// [`timeout`](Self::timeout) are [counted](FetchedSockets::missing_nodes), and the sockets of the
    /// others are returned. This node is counted as well if one of its workers is blocked for so long; of
    /// its other workers the sockets are returned.
    ///
    /// # Errors
    /// [`EmitError::Overloaded`] if a worker of this node could not be asked;
    /// [`EmitError::ReservedRoom`].
    ///
    /// # Cancel safety
    /// Dropping the future discards the answers.
    pub async fn fetch_sockets(&self) -> Result<FetchedSockets, EmitError> {
        self.check_rooms()?;
        let mut answers = self.ask(Action::Fetch)?;
        let limit = self.timeout.unwrap_or(self.node.config.requests_timeout);
        let elsewhere = self
            .uplink()
            .map(|uplink| uplink.fetch(self.reach(), limit));
        let mut fetched = FetchedSockets::default();
        let here = async {
            while let Some(found) = answers.recv().await {
                fetched.found(&self.node, &self.scope, found);
            }
        };
        let elsewhere = async {
            match elsewhere {
                Some(elsewhere) => elsewhere.await,
                None => Fetched::default(),
            }
        };
        let (here, elsewhere) = tokio::join!(timeout(limit, here), elsewhere);
        fetched.found_elsewhere(&self.node, &self.scope, elsewhere);
        if here.is_err() {
            fetched.lacks_some_of_here();
        }
        Ok(fetched)
    }

    fn manage(&self, action: Action, change: Change<'_>) -> Applied {
        if let Err(refused) = self.check_rooms() {
            return Applied::new(Err(refused), None);
        }
        // Before the workers here are told: its way is longer.
        let elsewhere = self
            .uplink()
            .map(|uplink| uplink.change(change, self.reach()));
        let here = self.ask(action);
        Applied::new(here, elsewhere).within(self.node.config.requests_timeout)
    }

    fn ask(&self, action: Action) -> Result<mpsc::Receiver<Vec<Found>>, EmitError> {
        let selection = self.selection();
        let workers = selection.workers(&self.scope);
        let (done, answers) = mpsc::channel(workers.len().max(1));
        let command = self.command(selection, action, Some(done));
        self.node.dispatch_to(workers, command)?;
        Ok(answers)
    }
}

fn allowed<R: AsRef<str>>(
    rooms: impl IntoIterator<Item = R>,
) -> Result<Arc<[RoomName]>, EmitError> {
    let rooms = names(rooms);
    rooms.iter().try_for_each(reserved::refuse)?;
    Ok(rooms)
}

pub(crate) fn names<R: AsRef<str>>(rooms: impl IntoIterator<Item = R>) -> Arc<[RoomName]> {
    rooms
        .into_iter()
        .map(|room| RoomName::from(room.as_ref()))
        .collect()
}
