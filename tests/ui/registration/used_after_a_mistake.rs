use socket_session::{Sessions, on};

// Only the mistake is reported, and not the registration.
#[on("my event")]
pub fn my_event() {} //~ ERROR

pub fn register(sessions: &Sessions) {
    let _namespace = sessions.namespace().on::<my_event>();
}

fn main() {}
