//! How the bytes of [`Binary`](super::Binary) values travel beside the JSON.
//!
//! A `Serialize` implementation sees its serializer and nothing else, so the list of attachments
//! reaches it through the thread: a scope is entered around one serialization or deserialization
//! and left when that returns or panics. Scopes nest; the inner one hides the outer.

use super::placeholder;
use bytes::Bytes;
use std::cell::RefCell;
use std::thread::LocalKey;

type Slot = RefCell<Option<Vec<Bytes>>>;

thread_local! {
    static COLLECTED: Slot = const { RefCell::new(None) };
    static RECEIVED: Slot = const { RefCell::new(None) };
}

/// Runs `serialize` and hands out the bytes of every [`Binary`](super::Binary) that it serialized,
/// in order.
pub(crate) fn collect_attachments<R>(serialize: impl FnOnce() -> R) -> (R, Vec<Bytes>) {
    let scope = Scope::enter(&COLLECTED, Vec::new());
    let result = serialize();
    (result, scope.leave())
}

/// Runs `deserialize` with `attachments` for the placeholders that it meets.
pub(crate) fn with_attachments<R>(attachments: &[Bytes], deserialize: impl FnOnce() -> R) -> R {
    // Nothing to hand out, and nothing of an outer scope to hide.
    if attachments.is_empty() && RECEIVED.with_borrow(Option::is_none) {
        return deserialize();
    }
    let _scope = Scope::enter(&RECEIVED, attachments.to_vec());
    deserialize()
}

/// Adds to the list being collected and tells the number of the attachment; `None` outside of
/// [`collect_attachments`].
pub(super) fn push(bytes: &Bytes) -> Option<usize> {
    COLLECTED.with_borrow_mut(|attachments| {
        let attachments = attachments.as_mut()?;
        attachments.push(bytes.clone());
        Some(attachments.len() - 1)
    })
}

/// The attachment that a placeholder means, if there is one.
pub(super) fn get(num: f64) -> Option<Bytes> {
    RECEIVED.with_borrow(|attachments| {
        let attachments = attachments.as_ref()?;
        attachments
            .get(placeholder::index(num, attachments.len())?)
            .cloned()
    })
}

/// Holds what the slot held before, and puts it back.
struct Scope {
    slot: &'static LocalKey<Slot>,
    outer: Option<Vec<Bytes>>,
}

impl Scope {
    fn enter(slot: &'static LocalKey<Slot>, attachments: Vec<Bytes>) -> Self {
        let outer = slot.replace(Some(attachments));
        Self { slot, outer }
    }

    fn leave(self) -> Vec<Bytes> {
        self.slot.take().unwrap_or_default()
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        self.slot.set(self.outer.take());
    }
}
