//! The servers that are compared: one counter, written in several ways. [`server`] is what each of their binaries runs.

pub mod server;
