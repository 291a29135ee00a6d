//! tmp
use std::{future::Future, pin::Pin};
/// A future that an adapter returns.
pub type AdapterFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
pub use super::presence::store::{
    Diff, Entry, KeyState, Lease, Listener, MAX_METAS, Moment, NodeInfo, Page, Reaped, Renewal,
    Store, StoreError, StoreResult, Topic, Write,
};
