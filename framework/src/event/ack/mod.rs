//! Acknowledgements that the server asked for, from one socket or from many.

mod answer;
mod collector;
mod gathered;
#[cfg(test)]
mod tests;

pub(crate) use answer::Answer;
pub(crate) use collector::{Collector, Relay};
pub(crate) use gathered::{Answers, Gathered};
