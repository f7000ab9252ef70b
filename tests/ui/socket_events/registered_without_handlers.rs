use socket_session::{Sessions, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub fn register(sessions: &Sessions) {
    let _namespace = sessions.namespace().events::<Visit>(); //~ ERROR
}

fn main() {}
