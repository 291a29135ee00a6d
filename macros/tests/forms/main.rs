//! Every form that the derives take: it compiles, and without a warning. Public, as what nobody uses is part of it.

#![deny(warnings)]
#![allow(missing_docs, reason = "tests")]

pub mod events;
pub mod sessions;
pub mod sessions_that_emit;
