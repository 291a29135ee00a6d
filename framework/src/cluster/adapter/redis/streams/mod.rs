//! The adapter of `@socket.io/redis-streams-adapter`: messages are entries of a stream, which waits
//! for a node that is away.
//!
//! | module | holds |
//! | --- | --- |
//! | `adapter` | the adapter itself: what goes where |
//! | `running` | its futures |
//! | `options` | how it is set up |
//! | `place` | which stream is a namespace's |
//! | `lane` | streams that share connections |
//! | `wire` | a connection to Redis |
//! | `outbox` | what waits to be added, and what of it is still to be read back |
//! | `adding` | how entries are added |
//! | `writer` | adds what waits, once |
//! | `reader` | reads the streams on |
//! | `portion` | how many entries are asked for at once |
//! | `position` | how far, and whether something was missed |
//! | `loss` | what Redis has lost, told to nodes that start later |
//! | `reply` | what Redis answers about streams |
//! | `listener` | what goes over channels instead |
//! | `recovery` | what clients need that come back to another node |
//! | `sessions` | keeps and takes their sessions |
//! | `leaving` | what a node still has to read before it leaves |
//! | `absence` | delivers here what cannot be read back for now |
//! | `generation` | which time of being connected this is |
//! | `health` | whether all of it is connected |

mod absence;
mod adapter;
mod adding;
mod generation;
mod health;
mod lane;
mod leaving;
mod listener;
#[cfg(test)]
mod long_reply_tests;
mod loss;
mod options;
mod outbox;
mod place;
mod portion;
mod position;
mod reader;
mod recovery;
mod reply;
mod running;
mod sessions;
mod wire;
mod writer;

pub use options::Streams;
