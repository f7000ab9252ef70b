//! When sessions end by themselves.

mod existence;
mod expiry;
mod shutdown;

pub(crate) use self::{existence::Checking, expiry::Expiring, shutdown::Shutdown};
