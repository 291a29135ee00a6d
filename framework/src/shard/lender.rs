use std::cell::RefCell;

/// Lends something of which a worker needs one at a time, so that no connection has its own. Made
/// when it is first asked for.
pub(crate) struct Lender<T: ?Sized> {
    spare: RefCell<Option<Box<T>>>,
    make: fn() -> Box<T>,
}

impl<T: ?Sized> Lender<T> {
    pub(super) fn new(make: fn() -> Box<T>) -> Self {
        Self {
            spare: RefCell::new(None),
            make,
        }
    }

    /// Whoever takes it gives it back; otherwise the next one gets a new one.
    pub(crate) fn take(&self) -> Box<T> {
        let spare = self.spare.borrow_mut().take();
        spare.unwrap_or_else(self.make)
    }

    pub(crate) fn give(&self, spare: Box<T>) {
        *self.spare.borrow_mut() = Some(spare);
    }
}
