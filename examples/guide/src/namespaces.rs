//! Who may connect, and what is handled where.

use socket_session::{Namespace, Sessions};

use crate::{
    events::{CurrentCount, add, connected, my_event, whoami},
    visit::Visit,
};

/// Only for those who have logged in.
pub(crate) fn members(sessions: &Sessions) -> Namespace {
    sessions
        .namespace()
        .guard("unauthorized", |visit: &Visit| visit.authenticated)
        .on_connect::<connected>()
        .on::<my_event>()
        .on::<add>()
        .on::<whoami>()
        .emits::<CurrentCount>()
}

/// For all who have a session: the guard is not even asked where there is none.
pub(crate) fn visitors(sessions: &Sessions) -> Namespace {
    sessions.namespace().guard("no session", |_: &Visit| true).on_connect::<connected>().on::<my_event>()
}
