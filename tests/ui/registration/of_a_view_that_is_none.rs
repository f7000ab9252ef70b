use socket_session::{Namespace, Sessions, on};

pub struct Visit {
    pub count: u32,
}

#[on("my event")]
pub async fn my_event(visit: &mut Visit) { //~ ERROR
    visit.count += 1;
}

pub fn register(sessions: &Sessions) -> Namespace {
    sessions.namespace().on::<my_event>() //~ COMPILER
}

fn main() {}
