use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub mod cart {}

#[on("cart")]
pub async fn cart(_visit: &Visit) {} //~ ERROR //~ COMPILER

fn main() {}
