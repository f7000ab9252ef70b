//! Two guides on one Redis: they count exactly, whatever dies, and whatever their clocks say.
//!
//! These need `redis-server` and `faketime` (Debian's packages of these names); `cargo xtask test` installs them.
#![expect(clippy::unwrap_used, reason = "a test fails where its tools do")]

mod clocks;
mod crowd;
mod deaths;
mod rotation;
mod together;
