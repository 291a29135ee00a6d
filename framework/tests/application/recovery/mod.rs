//! Connection state recovery: who comes back finds its id, its rooms and its session again, and
//! gets what it missed, once and in order, whatever the workers.

mod app;
mod carried;
mod carriers;
mod expiry;
mod handover;
mod overload;
mod refused;
mod restored;
mod slow;
mod streams;
mod users;
mod world;
