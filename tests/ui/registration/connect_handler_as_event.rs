use socket_session::{Sessions, on_connect};

#[on_connect]
pub async fn hello() {}

pub fn register(sessions: &Sessions) {
    let _namespace = sessions.namespace().on::<hello>(); //~ ERROR
}

fn main() {}
