//! The Socket.IO side: a chat for those who are logged in.

use serde::Serialize;
use socket_session::{EventError, Session, guard, on, on_connect};
use socketioxide::{
    SocketIo,
    extract::{Data, SocketRef, State},
};

use crate::{login::Login, users::Users};

const LONGEST: usize = 500;

#[derive(Serialize)]
struct Line<'a> {
    from: &'a str,
    text: &'a str,
}

/// The sockets of a user, in whatever browser.
pub(crate) fn room_of_user(id: u64) -> String {
    format!("user {id}")
}

/// The sockets of one browser. The key is a hash of the session's id, and may be seen.
pub(crate) fn room_of_session<V>(session: &Session<V>) -> String {
    format!("browser {}", session.id().map(|id| id.key().to_string()).unwrap_or_default())
}

/// Asked when a socket connects, and again before each of its events.
#[guard]
pub(crate) async fn member(login: &Login, State(users): State<Users>) -> bool {
    login.user(&users).is_some()
}

/// So that a change of the password finds the sockets of the user, and among them those of the browser that asks for it.
#[on_connect]
pub(crate) async fn connected(
    login: &Login,
    session: Session<Login>,
    State(users): State<Users>,
    socket: SocketRef,
) -> Result<(), EventError> {
    if let Some(id) = login.user_id() {
        socket.join([room_of_user(id), room_of_session(&session)]);
    }
    // a change that came between the guard's look and the rooms has not found this one
    if login.user(&users).is_none() {
        socket.disconnect()?;
    }
    Ok(())
}

/// To everybody who is here.
#[on("say")]
pub(crate) async fn say(
    login: &Login,
    State(users): State<Users>,
    Data(text): Data<String>,
    io: SocketIo,
) -> Result<(), EventError> {
    let user = login.user(&users).ok_or_else(|| EventError::new("unauthorized", "log in first"))?;
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST {
        return Err(EventError::new("length", format!("say something, in at most {LONGEST} characters")));
    }
    io.emit("said", &Line { from: &user.name, text }).await?;
    Ok(())
}
