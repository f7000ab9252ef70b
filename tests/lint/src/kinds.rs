//! Near `name_reserved`, `event_name` and the rules of each kind.

use socket_session::{Sessions, guard, on, on_connect, on_disconnect, on_fallback, socket_session};

/// The view.
#[socket_session]
#[derive(Debug)]
pub struct Visit {
    /// How many there were.
    pub count: u32,
}

/// Like a reserved name, but not one.
#[on("connected")]
async fn connected() {}

/// Socket.IO for JavaScript uses this one for errors of its own; a client may still send it.
#[on("error")]
async fn error() {}

/// Any text is a name.
#[on(r#"my "event" ü"#)]
async fn any_text() {}

/// Parentheses without anything.
#[on_connect()]
async fn hello(_visit: &mut Visit) -> Result<(), String> {
    Ok(())
}

/// The unit may be written.
#[on_disconnect]
async fn bye(_visit: Option<&Visit>) -> () {}

/// With an acknowledgement.
#[on_fallback]
async fn rest(visit: &mut Visit) -> u32 {
    visit.count
}

/// Without a view.
#[guard]
async fn always() -> bool {
    true
}

/// Registered, so that nothing is "never used".
pub fn register(sessions: &Sessions) {
    drop(
        sessions
            .namespace()
            .guard_with::<always>("no")
            .on_connect::<hello>()
            .on::<connected>()
            .on::<error>()
            .on::<any_text>()
            .on_fallback::<rest>()
            .on_disconnect::<bye>(),
    );
}
