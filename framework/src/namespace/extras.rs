use super::waiters::Waiters;

/// What only some sockets have; made when it is first needed, so that the others pay a pointer.
#[derive(Default)]
pub(super) struct Extras {
    pub(super) waiters: Waiters,
}
