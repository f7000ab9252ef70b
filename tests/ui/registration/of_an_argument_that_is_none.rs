use socket_session::{Namespace, Sessions, on};

pub struct Order {
    pub item: u32,
}

#[on("my event")]
pub async fn my_event(_order: Order) {} //~ ERROR

pub fn register(sessions: &Sessions) -> Namespace {
    sessions.namespace().on::<my_event>() //~ COMPILER
}

fn main() {}
