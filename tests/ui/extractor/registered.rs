use socket_session::{Namespace, Sessions, on};
use socketioxide::extract::Data;

pub struct Order {
    pub item: u32,
}

// What is wrong is said where it is; where the handler is registered, the compiler says again that it is none.
#[on("my event")]
pub async fn my_event(_order: Data<Order>) {} //~ ERROR

#[on("another event")]
pub async fn another_event(_number: u32) {} //~ ERROR

pub fn register(sessions: &Sessions) -> Namespace {
    let first = sessions.namespace().on::<my_event>(); //~ COMPILER
    first.on::<another_event>() //~ COMPILER
}

fn main() {}
