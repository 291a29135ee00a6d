//! tmp
pub mod adapter;
pub(crate) mod presence;
pub(crate) mod users;
