//! For the tests of an application: a server in process on a free port, and a typed client.

mod echo;
