//! When sessions end by themselves.

mod expiry;

pub(crate) use expiry::Expiring;
