use socket_session::Sessions;

pub async fn my_event() {}

pub fn register(sessions: &Sessions) {
    let _namespace = sessions.namespace().on::<my_event>(); //~ ERROR
}

fn main() {}
