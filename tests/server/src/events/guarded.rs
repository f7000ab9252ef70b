//! Guards of single events, and handlers that turn guards off.

use socket_session::{guard, on};
use socketioxide::extract::State;

use crate::{app::App, views::Visit};

/// The guard of events.
pub(crate) fn below_ten(visit: &Visit) -> bool {
    visit.count < 10
}

#[expect(clippy::panic, reason = "this is what it is for")]
pub(crate) fn panicking(visit: &Visit) -> bool {
    panic!("password=hunter2 {}", visit.count);
}

/// An async guard with an extractor.
#[guard]
pub(crate) async fn not_closed(visit: &Visit, State(app): State<App>) -> Result<bool, &'static str> {
    tokio::task::yield_now().await;
    if app.notes().iter().any(|note| note == "closed") {
        return Err("we are closed");
    }
    Ok(visit.authenticated)
}

#[on("guarded", guard = below_ten)]
pub(crate) async fn guarded(visit: &mut Visit) -> u32 {
    visit.count += 5;
    visit.count
}

#[on("guarded async", guard = not_closed)]
pub(crate) async fn guarded_async(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

#[on("guard panics", guard = panicking)]
pub(crate) async fn guard_panics(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

/// Turns the namespace's guard off, for itself as well.
#[on("demote")]
pub(crate) async fn demote(visit: &mut Visit) -> bool {
    visit.authenticated = false;
    visit.authenticated
}
