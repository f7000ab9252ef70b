//! Nothing is measured. What is asked for is what is at hand: nothing is computed for these.

use std::sync::Arc;

use socketioxide::{adapter::Adapter, socket::Socket};
use tokio::time::Instant;

use crate::{reached::Why, reply::Outcome, store::Acquired};

pub(crate) fn describe() {}

pub(crate) fn connected() {}

pub(crate) fn disconnected() {}

pub(crate) fn session_came() {}

pub(crate) fn session_went() {}

pub(crate) fn seated<A: Adapter>(_: &Arc<Socket<A>>) {}

pub(crate) fn told(_: Why) {}

pub(crate) fn event(_: &Outcome) {}

pub(crate) fn waited(_: Instant) {}

pub(crate) fn store<F: Future>(_: &'static str, operation: F) -> F {
    operation
}

#[derive(Default)]
pub(crate) struct LeaseWait {}

impl LeaseWait {
    #[expect(clippy::unused_self, reason = "as it is where it is measured")]
    pub(crate) fn heard(&mut self, _: &Acquired) {}

    #[expect(clippy::unused_self, reason = "as it is where it is measured")]
    pub(crate) fn over(&mut self) {}
}
