//! What sessions write down and tests read.

use crate::waiting::PATIENCE;
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    time::timeout,
};

/// The sessions' end; give it to the hub as state.
pub(crate) struct Journal(mpsc::Sender<String>);

/// The test's end.
pub(crate) struct Entries(mpsc::Receiver<String>);

pub(crate) fn journal() -> (Journal, Entries) {
    let (sender, receiver) = mpsc::channel(10_000);
    (Journal(sender), Entries(receiver))
}

impl Journal {
    pub(crate) fn write(&self, entry: impl ToString) {
        // A test that has ended reads no more.
        if let Err(TrySendError::Full(entry)) = self.0.try_send(entry.to_string()) {
            panic!("nobody reads the journal: {entry}");
        }
    }
}

impl Entries {
    pub(crate) async fn next(&mut self) -> String {
        let entry = timeout(PATIENCE, self.0.recv()).await;
        entry
            .expect("an entry in time")
            .expect("a hub that still lives")
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, entry: &str) -> impl Future<Output = ()> {
        let at = std::panic::Location::caller();
        async move { assert_eq!(self.next().await, entry, "at {at}") }
    }

    /// What has been written and not read yet.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}
