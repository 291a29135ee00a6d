//! Socket.IO v5 on the wire: the cases of its conformance suite, the table of invalid packets, and
//! what happens while a client connects.

mod conformance;
mod in_turn;
mod invalid_packets;
mod letting_in;
mod suite;
mod under_way;
