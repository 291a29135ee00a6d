//! The order that is guaranteed, with several workers: what one handler emits reaches each receiver
//! in program order, each sender's events stay in order, the members on one worker see one order,
//! and who joins or leaves gets exactly what was emitted in between.

mod clients;
mod emitting;
mod joining;
mod many;
mod member;
