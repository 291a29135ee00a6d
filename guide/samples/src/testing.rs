//! Samples of the chapter "Testing your application".
