//! Names that events cannot have.

/// Whether a name belongs to the protocol's own notifications.
///
/// A packet with such a name is invalid, and an application cannot emit it.
pub(crate) fn is_reserved(name: &str) -> bool {
    matches!(
        name,
        "connect"
            | "connect_error"
            | "disconnect"
            | "disconnecting"
            | "newListener"
            | "removeListener"
    )
}
