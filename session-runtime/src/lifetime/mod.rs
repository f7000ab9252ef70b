//! When sessions end by themselves.

mod existence;
mod expiry;

pub(crate) use self::{existence::Checking, expiry::Expiring};
