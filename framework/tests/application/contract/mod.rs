//! What a session declares: what it may emit, and what a contract makes of it.

mod described;
mod disagreement;
mod emits;
mod samples;
mod shop;
mod undescribed;
