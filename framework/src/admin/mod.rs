//! The admin page: the server side of `@socket.io/admin-ui`, so that its page shows the servers,
//! namespaces, rooms, sockets and events of a hub live, and of its whole
//! [cluster](crate::HubBuilder::adapter), Node's servers included.
//!
//! It is an ordinary namespace, `/admin` unless told otherwise. What workers tell is in
//! `shard/monitor`; here it is put into words, and what the page asks for is done.
//!
//! | file | holds |
//! | --- | --- |
//! | `options` `auth` `store` `redis_store` | what an application says |
//! | `install` | how the page gets into a hub |
//! | `panel` | what everything here shares |
//! | `credentials` `attempts` `sessions` `redis_sessions` `denied` | who is let in |
//! | `visitor` | a page that is connected |
//! | `commands` | what it asks for |
//! | `snapshot` `shown` | all sockets, as it is told first |
//! | `showing` `words` `event_text` | what it is told from then on |
//! | `stats` | how the server is |
//! | `elsewhere` | whether pages are connected to other nodes |

mod attempts;
mod auth;
mod commands;
mod credentials;
mod denied;
mod elsewhere;
mod event_text;
mod install;
mod options;
mod panel;
#[cfg(feature = "redis")]
mod redis_sessions;
#[cfg(feature = "redis")]
mod redis_store;
mod sessions;
mod showing;
mod shown;
mod snapshot;
mod stats;
mod store;
mod visitor;
mod words;

pub use auth::Auth;
pub use options::{Admin, Mode};
#[cfg(feature = "redis")]
pub use redis_store::RedisStore;
pub use store::Store;
