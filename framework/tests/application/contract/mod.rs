//! What a session declares: what it may emit, and what a contract makes of it.

mod answers;
mod described;
mod disagreement;
mod emits;
mod forms;
mod quoted;
mod reserved;
mod samples;
mod shop;
mod types;
mod undescribed;
