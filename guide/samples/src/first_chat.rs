//! The chat of the chapter "Your first chat", after each of its steps.

mod step_1;
mod step_2;
mod step_3;
mod step_4;
