use socket_session::{Namespace, Sessions, on};
use socketioxide::extract::Data;

pub struct Order {
    pub item: u32,
}

// What is wrong is said where it is, and not again where the handler is registered.
#[on("my event")]
pub async fn my_event(_order: Data<Order>) {} //~ ERROR

#[on("another event")]
pub async fn another_event(_number: u32) {} //~ ERROR

pub fn register(sessions: &Sessions) -> Namespace {
    sessions.namespace().on::<my_event>().on::<another_event>()
}

fn main() {}
