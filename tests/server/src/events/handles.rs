//! `Session<V>` in event handlers, and ways to ask for the session that one holds.

use socket_session::{Close, Session, SessionError, on};
use socketioxide::extract::{Data, SocketRef, State};

use super::wait;
use crate::{app::App, views::Visit};

/// The name of an error, so that tests see which it was.
pub(crate) fn named<T>(result: Result<T, SessionError>, ok: impl FnOnce(T) -> String) -> String {
    match result {
        Ok(value) => ok(value),
        Err(SessionError::Reentrant) => "Reentrant".to_owned(),
        Err(SessionError::Busy) => "Busy".to_owned(),
        Err(SessionError::Gone) => "Gone".to_owned(),
        Err(SessionError::NoSession) => "NoSession".to_owned(),
        Err(SessionError::NoResponse) => "NoResponse".to_owned(),
        Err(error) => format!("{error}"),
    }
}

fn increment(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

#[on("handle update")]
pub(crate) async fn update(session: Session<Visit>) -> String {
    named(session.update(increment).await, |count| count.to_string())
}

#[on("handle destroy")]
pub(crate) async fn destroy(session: Session<Visit>) -> String {
    named(session.destroy().await, |_| "destroyed".to_owned())
}

#[on("handle rotate")]
pub(crate) async fn rotate(session: Session<Visit>) -> String {
    named(session.rotate().await, |()| "rotated".to_owned())
}

#[on("handle emit")]
pub(crate) async fn emit(session: Session<Visit>, Data(text): Data<String>) -> String {
    named(session.emit("news", &text).await, |()| "emitted".to_owned())
}

#[on("handle close")]
pub(crate) async fn close(session: Session<Visit>, Data(last): Data<bool>) {
    let close = if last { Close::Final } else { Close::Reconnect };
    // Its answer would have to travel on what it closes.
    drop(session.disconnect(close).await);
}

/// Lets the handlers below find the session from outside.
#[on("remember")]
pub(crate) async fn remember(session: Session<Visit>, socket: SocketRef, State(app): State<App>) -> bool {
    match session.id() {
        Some(id) => {
            app.keep_id(socket.id, id);
            true
        }
        None => false,
    }
}

/// The session from outside of any handler or request, as a job would have it.
fn outside(app: &App, socket: &SocketRef) -> Option<Session<Visit>> {
    Some(app.sessions()?.session::<Visit>(app.id(socket.id)?))
}

/// Asks for the session that this handler holds, in the same task.
#[on("reenter")]
pub(crate) async fn reenter(visit: &mut Visit, socket: SocketRef, State(app): State<App>) -> String {
    visit.count += 1;
    match outside(&app, &socket) {
        Some(session) => named(session.update(increment).await, |count| count.to_string()),
        None => "remember first".to_owned(),
    }
}

/// Asks for the session that this handler holds, from another task.
#[on("reenter elsewhere")]
pub(crate) async fn reenter_elsewhere(visit: &mut Visit, socket: SocketRef, State(app): State<App>) -> String {
    visit.count += 1;
    let Some(session) = outside(&app, &socket) else {
        return "remember first".to_owned();
    };
    let other = tokio::spawn(async move { session.update(increment).await });
    match other.await {
        Ok(result) => named(result, |count| count.to_string()),
        Err(error) => error.to_string(),
    }
}

/// Reads the session that this handler holds: that waits for nobody.
#[on("peek")]
pub(crate) async fn peek(visit: &mut Visit, socket: SocketRef, State(app): State<App>) -> String {
    visit.count += 1;
    match outside(&app, &socket) {
        Some(session) => named(session.get().await, |visit| visit.count.to_string()),
        None => "remember first".to_owned(),
    }
}

/// A job that comes back to the session after the handler has long answered.
#[on("job")]
pub(crate) async fn job(socket: SocketRef, State(app): State<App>, Data(milliseconds): Data<u64>) -> bool {
    let Some(session) = outside(&app, &socket) else {
        return false;
    };
    tokio::spawn(async move {
        wait(milliseconds).await;
        let outcome = named(session.update(increment).await, |count| count.to_string());
        app.note(format!("job {outcome}"));
    });
    true
}
