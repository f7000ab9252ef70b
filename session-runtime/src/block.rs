//! What `#[socket_events]` makes of an `impl`: handlers that a namespace registers at once.

use socketioxide::adapter::Adapter;

use crate::{
    constant::{refuse, same},
    namespace::Namespace,
};

/// Made by `#[socket_events]`, for the type of its `impl` or for the name of the block.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no event handlers",
    label = "not under `#[socket_events]`",
    note = "put `#[socket_events]` on an `impl {Self}`, or on a block with `name = {Self}`; a free function is registered by `.on::<…>()`"
)]
pub trait Events<A: Adapter> {
    /// Adds them to a namespace.
    fn register(namespace: Namespace<A>) -> Namespace<A>;
}

/// Made by `#[socket_events(name = …)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the name of a block of event handlers",
    label = "not a block's name",
    note = "name the block: `#[socket_events(name = {Self})]`; the handlers of another view are registered by `.events::<{Self}>()`"
)]
pub trait Named {
    /// The events of that block.
    const EVENTS: &'static [&'static str];
}

/// Refuses, at compile time, a block that handles an event which another handles that is registered with it.
///
/// # Panics
/// At compile time only: it is evaluated in a `const`.
#[track_caller]
pub const fn assert_events_differ(before: &[&'static [&'static str]], events: &'static [&'static str]) {
    let mut block = 0;
    while block < before.len() {
        let mut own = 0;
        while own < events.len() {
            let mut other = 0;
            while other < before[block].len() {
                if same(events[own], before[block][other]) {
                    refuse(["event `", events[own], "` has a handler already: choose another name"]);
                }
                other += 1;
            }
            own += 1;
        }
        block += 1;
    }
}
